import type { OptionTable } from '../../config/option.js';
import { integer, number } from '../../config/option-kinds.js';
import { withCommas } from '../../metrics/format.js';
import { cutTrace } from '../../trace/cut.js';
import { withThousands } from '../../util/counted.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';
import { checkTimeRange, outFile, seed, timeRange, traceFile } from './options.js';

const cutOptions = {
  file: traceFile('aiperf trace cut trace.jsonl part.jsonl --end 300s'),
  out: outFile,
  ...timeRange,
  speedup: number({
    flags: ['--speedup'],
    group: 'Trace',
    above: 0,
    default: 1,
    help: 'Divide timestamps by N; delays between turns stay.',
  }),
  maxIsl: integer({
    flags: ['--max-isl'],
    group: 'Trace',
    min: 1,
    defaultText: 'no limit',
    help: 'Skip requests with longer prompts, tokens.',
  }),
  sample: number({
    flags: ['--sample'],
    group: 'Trace',
    min: 0,
    max: 1,
    default: 1,
    help: 'Share of requests to keep; sessions stay complete.',
  }),
  randomSeed: seed('--sample'),
} satisfies OptionTable;

/** `aiperf trace cut`: writes part of a trace as a new trace. */
export const command: Command<typeof cutOptions> = { options: cutOptions, check: checkTimeRange, run };

async function run({ config }: Invocation<typeof cutOptions>, io: Io): Promise<number> {
  const { file, out, start, end, speedup, maxIsl, sample, randomSeed } = config;
  const { rows, kept, tooLong, lastMs } = await cutTrace(file, out, {
    startMs: start,
    endMs: end ?? Number.POSITIVE_INFINITY,
    speedup,
    maxIsl,
    sample,
    seed: randomSeed,
  });
  const left =
    tooLong > 0
      ? ` ${withThousands(tooLong)} are skipped: longer than ${withThousands(maxIsl ?? 0)} tokens.`
      : '';
  io.stdout.write(
    `Wrote ${withThousands(kept)} of ${withThousands(rows)} rows to ${oneLine(out)}, from 0 to ${withCommas(lastMs / 1000)} s.${left}\n`,
  );
  return 0;
}
