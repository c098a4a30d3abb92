import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { traceLengths } from '../../charts/lengths-chart.js';
import { chartSvg } from '../../charts/svg.js';
import { themes } from '../../charts/theme.js';
import type { OptionTable } from '../../config/option.js';
import { integer, path, text } from '../../config/option-kinds.js';
import { qualityJson } from '../../export/agentic-quality.js';
import { comparisonParts, comparisonText } from '../../report/agentic-comparison.js';
import { agenticPage } from '../../report/page/agentic-page.js';
import { DECODE_RATE, PREFILL_RATE, type Quality, QualityCounts } from '../../trace/agentic/quality.js';
import { agenticRows, type WrittenSession } from '../../trace/agentic/rows.js';
import { type AgenticTurn, openSessions, SessionError } from '../../trace/agentic/sessions.js';
import { writeLines } from '../../trace/write-lines.js';
import { epochMs } from '../../util/clock.js';
import { counted } from '../../util/counted.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { MAX_TOKENS } from '../../util/limits.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';
import { agenticSettings, readSettings, type SettingsFile } from './settings-file.js';

const group = 'Dataset';
/** Turns in the picture. */
const MOST_DRAWN = 200_000;

const agenticOptions = {
  numSessions: integer({
    flags: ['--num-sessions'],
    group,
    min: 1,
    max: 10_000_000,
    default: 1000,
    help: 'Sessions to generate.',
  }),
  output: path({ flags: ['--output'], group, default: '.', help: 'Folder that the new folder is made in.' }),
  config: text({
    flags: ['--config'],
    group,
    defaultText: 'built-in settings',
    help: 'JSON file of settings, or the manifest.json of an earlier data set.',
  }),
  seed: integer({ flags: ['--seed'], group, min: 0, default: 42, help: 'Seed of all draws.' }),
  maxIsl: integer({
    flags: ['--max-isl'],
    group,
    min: 2,
    max: MAX_TOKENS,
    defaultText: 'that of the settings, 200000',
    help: 'Maximum context of a session, tokens.',
  }),
  maxOsl: integer({
    flags: ['--max-osl'],
    group,
    min: 1,
    max: MAX_TOKENS,
    defaultText: 'that of the settings, no maximum',
    help: 'Maximum length of an answer, tokens.',
  }),
} satisfies OptionTable;

/** `aiperf synthesize agentic-code`: writes a trace of synthetic sessions of a coding agent. */
export const command: Command<typeof agenticOptions> = { options: agenticOptions, run };

async function run({ config }: Invocation<typeof agenticOptions>, io: Io): Promise<number> {
  const { numSessions, seed } = config;
  const file = readSettings(config.config, config);
  const settings = agenticSettings(file);
  const name = config.config === undefined ? 'default' : basename(config.config, extname(config.config));
  const folder = join(config.output, `${name}_${numSessions}s_seed${seed}_${timeName(new Date(epochMs()))}`);
  io.stdout.write(`Generating ${counted(numSessions, 'session')} (seed=${seed})...\n`);
  makeFolder(folder);

  const trace = join(folder, 'dataset.jsonl');
  const counts = new QualityCounts(settings);
  const drawn: AgenticTurn[] = [];
  const onSession = (session: WrittenSession) => {
    counts.add(session);
    if (drawn.length < MOST_DRAWN) drawn.push(...session.turns);
  };
  try {
    await writeLines(
      trace,
      agenticRows(settings, openSessions(settings, seed), { count: numSessions, seed }, onSession),
    );
  } catch (thrown) {
    if (!(thrown instanceof SessionError)) throw thrown;
    throw new UserError(thrown.message, 'raise max_prompt_tokens, or ask for fewer turns');
  }
  const quality = counts.quality();
  const parts = comparisonParts(quality, { prefill: PREFILL_RATE, decode: DECODE_RATE });
  const comparison = comparisonText(quality, parts, settings.blockSize);
  const write = (name: string, content: string) => writeFileSync(join(folder, name), content);
  const manifest = { seed, num_sessions: quality.sessions, config_name: name, generation_params: file };
  write('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
  write('quality.json', qualityJson(quality, summaryOf(file)));
  write('comparison.txt', comparison);
  write('report.html', agenticPage(basename(folder), summaryLine(quality, seed), parts, picturesOf(drawn)));

  const lines = [
    `Run directory: ${folder}`,
    `  JSONL:           ${trace} (${counted(quality.turns, 'turn')})`,
    `  Manifest:        ${join(folder, 'manifest.json')}`,
    `  Quality:         ${join(folder, 'quality.json')}`,
    `  Dashboard:       ${join(folder, 'report.html')}`,
  ];
  io.stdout.write(`${lines.map(oneLine).join('\n')}\n\n${comparison}`);
  return 0;
}

/** What each turn adds, and its answer. */
function picturesOf(turns: readonly AgenticTurn[]): readonly { title: string; svg: string }[] {
  const sorted = (of: (turn: AgenticTurn) => number) => Float64Array.from(turns, of).sort();
  const lengths = traceLengths.data({
    input: sorted(({ newTokens }) => newTokens),
    output: sorted(({ outputTokens }) => outputTokens),
  });
  if (lengths === undefined) return [];
  const { title } = traceLengths;
  return [{ title, svg: chartSvg(traceLengths.option(lengths, themes.light)) }];
}

function summaryLine({ sessions, turns }: Quality, seed: number): string {
  return `${counted(sessions, 'session')} of a coding agent, ${counted(turns, 'turn')}, seed ${seed}. Rows hold what each turn adds to its session.`;
}

/** Settings as one flat object. */
function summaryOf(file: SettingsFile) {
  const { cache, inter_turn_delay: delay, reset, turns } = file;
  const { layer1_tokens: layer1, layer1_5_tokens: layer15, layer2 } = cache;
  return {
    initial_context_mean: layer1 + layer15 + layer2.mean,
    initial_context_median: layer1 + layer15 + layer2.median,
    layer1_tokens: layer1,
    layer1_5_tokens: layer15,
    layer2_mean: layer2.mean,
    layer2_median: layer2.median,
    num_groups: cache.layer1_5_groups.num_groups,
    zipf_alpha: cache.layer1_5_groups.zipf_alpha,
    new_tokens_per_turn_mean: file.new_tokens_per_turn.mean,
    new_tokens_per_turn_median: file.new_tokens_per_turn.median,
    generation_length_mean: file.generation_length.mean,
    generation_length_median: file.generation_length.median,
    max_prompt_tokens: file.max_prompt_tokens,
    block_size: file.block_size,
    inter_turn_delay_agentic_fraction: delay.agentic_fraction,
    inter_turn_delay_agentic_mean_ms: delay.agentic_delay.mean,
    inter_turn_delay_human_mean_ms: delay.human_delay.mean,
    turn_mode_enabled: turns ? 1 : 0,
    ...(reset
      ? { reset_base_probability: reset.base_probability, reset_context_scaling: reset.context_scaling }
      : {}),
    ...(turns
      ? {
          turns_mean: turns.mean,
          turns_median: turns.median,
          turns_min: turns.min,
          turns_max: turns.max,
          turns_allow_truncation: turns.allow_truncation ? 1 : 0,
        }
      : {}),
  };
}

/** `20261129-074229`, UTC. */
function timeName(time: Date): string {
  return time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (thrown) {
    throw new UserError(`--output: ${folder} cannot be made: ${messageOf(thrown)}`);
  }
}
