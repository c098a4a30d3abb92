import { writeFileSync } from 'node:fs';
import type { OptionTable } from '../../config/option.js';
import { path } from '../../config/option-kinds.js';
import { withCommas } from '../../metrics/format.js';
import { fitTrace } from '../../trace/fit.js';
import { modelText, type TraceModel } from '../../trace/model.js';
import { blockSizeOf } from '../../trace/read-trace.js';
import { counted } from '../../util/counted.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';
import { blockSize, traceFile } from './options.js';

const fitOptions = {
  file: traceFile('aiperf trace fit trace.jsonl --output model.json'),
  output: path({
    flags: ['--output', '-o'],
    group: 'Trace',
    required: true,
    missing: 'name the model file to write',
    help: 'Model file to write (JSON).',
  }),
  blockSize,
} satisfies OptionTable;

/** `aiperf trace fit`: fits a model of a trace's traffic. */
export const command: Command<typeof fitOptions> = { options: fitOptions, run };

async function run({ config }: Invocation<typeof fitOptions>, io: Io): Promise<number> {
  const { file, output } = config;
  const model = await fitTrace(file, config.blockSize ?? (await blockSizeOf(file)));
  try {
    writeFileSync(output, modelText(model));
  } catch (thrown) {
    throw new UserError(`--output cannot be written: ${messageOf(thrown)}`);
  }
  io.stdout.write(`${[...lines(model), `Wrote ${oneLine(output)}.`].join('\n')}\n`);
  return 0;
}

const familyWords = {
  poisson: 'Poisson',
  gamma: 'gamma',
  on_off: 'on-off',
  empirical: 'the measured gaps',
} as const;

function lines({ source, arrivals, sessions, prefixes }: TraceModel): string[] {
  const { gaps, gap_distances: distances, load, window_sec: seconds } = arrivals;
  const families = (['poisson', 'gamma', 'on_off'] as const).flatMap((family) => {
    const distance = distances[family];
    return distance === undefined ? [] : [`${familyWords[family]} ${withCommas(distance)}`];
  });
  const steady = load.length === 1;
  return [
    `${counted(source.requests, 'request')} in ${withCommas(source.duration_sec)} s.`,
    `Arrivals: ${withCommas(arrivals.per_second)} ${sessions ? 'sessions' : 'requests'}/s, ${steady ? 'steady' : `changing over ${load.length} windows of ${withCommas(seconds)} s`}; gaps: ${familyWords[gaps.family]} (Kolmogorov-Smirnov distance: ${families.join(', ')}).`,
    sessions === null
      ? 'Sessions: all of one turn.'
      : `Sessions: ${withCommas(source.turns_per_session)} turns on average; later prompts ${sessions.prompts === 'whole' ? 'hold the history' : 'are new text'}.`,
    prefixes === null
      ? 'Prefixes: no hash ids.'
      : `Prefixes: ${withCommas(100 * (source.block_hit_rate ?? 0))} % of the blocks are repeated (blocks of ${prefixes.block_size} tokens).`,
  ];
}
