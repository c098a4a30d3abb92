import { durationOption } from '../../config/duration.js';
import type { Check, Findings } from '../../config/load.js';
import type { OptionTable } from '../../config/option.js';
import { integer, number, path } from '../../config/option-kinds.js';
import { withCommas } from '../../metrics/format.js';
import { cutTrace } from '../../trace/cut.js';
import { withThousands } from '../../util/counted.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';

const cutOptions = {
  file: path({
    argument: 'file',
    group: 'Trace',
    existing: 'file',
    required: true,
    missing: 'name a trace and a file to write, e.g. aiperf trace cut trace.jsonl part.jsonl --end 300s',
    help: 'Mooncake trace, sorted by timestamp; may be .gz.',
  }),
  out: path({
    argument: 'out',
    group: 'Trace',
    required: true,
    missing: 'name the file to write',
    help: 'File to write; may be .gz.',
  }),
  start: durationOption({
    flags: ['--start'],
    group: 'Trace',
    default: 0,
    help: 'Start of the cut, after the first row.',
  }),
  end: durationOption({
    flags: ['--end'],
    group: 'Trace',
    defaultText: 'the end of the trace',
    help: 'End of the cut (exclusive), after the first row.',
  }),
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
  randomSeed: integer({
    flags: ['--random-seed'],
    group: 'Trace',
    min: 0,
    default: 0,
    help: 'Seed of --sample.',
  }),
} satisfies OptionTable;

/** `aiperf trace cut`: writes part of a trace as a new trace. */
export const command: Command<typeof cutOptions> = { options: cutOptions, check, run };

function check(...[{ config }, isValid]: Parameters<Check<typeof cutOptions>>): Findings {
  const { start, end } = config;
  const isUpsideDown = isValid('start', 'end') && end !== undefined && end <= start;
  const error = `--end must be after --start, ${start / 1000} s, got ${(end ?? 0) / 1000} s.`;
  return { errors: isUpsideDown ? [error] : [], warnings: [] };
}

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
