import type { Check, Findings } from '../../config/load.js';
import type { OptionTable } from '../../config/option.js';
import { flag, integer, list, number, path } from '../../config/option-kinds.js';
import { alwaysWrong, checkPrivacy, type Finding, type PrivacyReport } from '../../trace/privacy/check.js';
import { cleanTrace } from '../../trace/privacy/clean.js';
import { plainFields } from '../../trace/privacy/fields.js';
import { counted, withThousands } from '../../util/counted.js';
import type { Io } from '../../util/io.js';
import { andList } from '../../util/lists.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';

const privacyOptions = {
  file: path({
    argument: 'file',
    group: 'Check',
    existing: 'file',
    required: true,
    missing: 'name a trace, e.g. aiperf trace check-privacy trace.jsonl',
    help: 'Mooncake trace; may be .gz.',
  }),
  minRows: integer({
    flags: ['--min-rows'],
    group: 'Check',
    min: 1,
    default: 5,
    help: 'A length or number of turns is rare if fewer rows or conversations have it.',
  }),
  timeStep: number({
    flags: ['--time-step'],
    group: 'Check',
    above: 0,
    default: 1000,
    help: 'Times are exact unless they are multiples of N ms.',
  }),
  threshold: number({
    flags: ['--threshold'],
    group: 'Check',
    min: 0,
    max: 1,
    default: 0,
    help: 'Share of rows that may have rare lengths, rare conversations or exact times.',
  }),
  blockSize: integer({
    flags: ['--block-size'],
    group: 'Check',
    min: 1,
    default: 512,
    help: 'Tokens per hash id.',
  }),
  output: path({
    flags: ['--output', '-o'],
    group: 'Clean',
    defaultText: 'none: check only',
    help: 'Write a cleaned trace, and check that: renumbered, from time 0, without unknown fields.',
  }),
  roundLengths: integer({
    flags: ['--round-lengths'],
    group: 'Clean',
    min: 1,
    defaultText: 'keep them',
    help: 'Round lengths to the nearest multiple of N tokens, at least N.',
  }),
  roundOutputLengths: integer({
    flags: ['--round-output-lengths'],
    group: 'Clean',
    min: 1,
    defaultText: '--round-lengths',
    help: 'The same for output lengths.',
  }),
  roundTimes: integer({
    flags: ['--round-times'],
    group: 'Clean',
    min: 1,
    defaultText: 'keep them',
    help: 'Round timestamps and delays down to multiples of N ms.',
  }),
  dropRare: flag({
    flags: ['--drop-rare'],
    group: 'Clean',
    help: 'Drop rows with rare lengths, and conversations with a rare number of turns.',
  }),
  dropFields: list({
    flags: ['--drop-fields'],
    group: 'Clean',
    items: `names of fields: ${plainFields.join(', ')}`,
    item: (name) => plainFields.some((field) => field === name),
    defaultText: 'unknown fields only',
    help: 'Drop these fields as well.',
  }),
} satisfies OptionTable;

/** `aiperf trace check-privacy`: reports what a trace still reveals, and writes one that reveals less. */
export const command: Command<typeof privacyOptions> = { options: privacyOptions, check, run };

function check(...[{ config }]: Parameters<Check<typeof privacyOptions>>): Findings {
  const { output, roundLengths, roundOutputLengths, roundTimes, dropRare, dropFields } = config;
  const cleans =
    dropRare ||
    [roundLengths, roundOutputLengths, roundTimes, dropFields].some((given) => given !== undefined);
  const error =
    '--round-lengths, --round-times, --drop-rare and --drop-fields change a trace: name the file to write with --output.';
  return { errors: cleans && output === undefined ? [error] : [], warnings: [] };
}

async function run({ config }: Invocation<typeof privacyOptions>, io: Io): Promise<number> {
  const { file, output, minRows: fewest, timeStep: timeStepMs, blockSize, threshold } = config;
  if (output !== undefined) {
    const { rows, kept } = await cleanTrace(file, output, {
      roundInput: config.roundLengths,
      roundOutput: config.roundOutputLengths ?? config.roundLengths,
      roundTimes: config.roundTimes,
      fewest: config.dropRare ? fewest : undefined,
      dropFields: config.dropFields ?? [],
      blockSize,
    });
    io.stdout.write(`Wrote ${withThousands(kept)} of ${withThousands(rows)} rows to ${oneLine(output)}.\n`);
  }
  const checked = output ?? file;
  const report = await checkPrivacy(checked, { fewest, timeStepMs, blockSize });
  const isPrivate = report.findings.every((finding) => isAcceptable(finding, report.rows, threshold));
  io.stdout.write(`${lines(checked, report, config, isPrivate).join('\n')}\n`);
  return isPrivate ? 0 : 1;
}

function isAcceptable({ name, rows }: Finding, all: number, threshold: number): boolean {
  return !alwaysWrong.some((wrong) => wrong === name) && rows / all <= threshold;
}

function lines(
  file: string,
  { rows, findings }: PrivacyReport,
  { minRows, timeStep, threshold }: Invocation<typeof privacyOptions>['config'],
  isPrivate: boolean,
): string[] {
  const words: Readonly<Record<Finding['name'], readonly [what: string, remedy: string]>> = {
    prompts: ['hold a prompt', 'aiperf trace anonymize'],
    'unknown fields': ['have unknown fields, which may hold text', '--output drops them'],
    'model names': [
      'name a model other than by numbers in order of appearance',
      '--output numbers models; --drop-fields model',
    ],
    'session names': [
      'name a session other than by numbers in order of appearance',
      '--output numbers sessions',
    ],
    'raw hash ids': [
      'have hash ids that are not numbered in order of appearance, and may be hashes of text',
      '--output numbers them',
    ],
    'more blocks than tokens': [
      'have more hash ids than their length allows',
      '--block-size; --output drops them',
    ],
    'absolute times': ['have the time of day', '--output starts at 0'],
    'rare input lengths': [
      `have an input_length that fewer than ${minRows} rows have`,
      '--round-lengths; --drop-rare',
    ],
    'rare output lengths': [
      `have an output_length that fewer than ${minRows} rows have`,
      '--round-lengths; --drop-rare',
    ],
    'rare conversations': [
      `are of conversations with a number of turns that fewer than ${minRows} have`,
      '--drop-rare; --drop-fields conversation,turn,session_id',
    ],
    'exact times': [
      `have times exact to less than ${timeStep} ms, which known events can be matched with`,
      `--round-times ${timeStep}`,
    ],
  };
  const found = findings.map(({ name, rows: count, lines: examples, fields }) => {
    const [what, remedy] = words[name];
    const share = ((100 * count) / rows).toFixed(1);
    const named = fields.length === 0 ? '' : ` (${fields.map(oneLine).join(', ')})`;
    return `  ${counted(count, 'row')} (${share} %) ${what}${named}: line ${andList(examples.map(String))}. Fix: ${remedy}.`;
  });
  const verdict = isPrivate
    ? threshold > 0 && findings.length > 0
      ? `passes: at most ${100 * threshold} % of rows have each finding.`
      : 'passes.'
    : 'reveals more than it should.';
  return [`${oneLine(file)}: ${counted(rows, 'row')}; ${verdict}`, ...found];
}
