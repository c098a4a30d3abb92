import { durationOption } from '../../config/duration.js';
import type { Findings } from '../../config/load.js';
import type { ConfigOf, OptionTable } from '../../config/option.js';
import { flag, number } from '../../config/option-kinds.js';
import { withCommas } from '../../metrics/format.js';
import type { GapVariation } from '../../trace/gap-variation.js';
import { scaleTrace } from '../../trace/scale.js';
import { withThousands } from '../../util/counted.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { Command, Invocation } from '../command.js';
import { outFile, seed, traceFile } from './options.js';

const scaleOptions = {
  file: traceFile('aiperf trace scale trace.jsonl fast.jsonl --rate 20'),
  out: outFile,
  rate: number({
    flags: ['--rate'],
    group: 'Trace',
    above: 0,
    required: true,
    missing: 'give the requests/s to reach, e.g. --rate 20',
    help: 'Requests per second to reach, on average over the trace.',
  }),
  keepTime: flag({
    flags: ['--keep-time'],
    group: 'Trace',
    help: 'Keep duration and load over time: drop sessions at random, or add copies of the trace with ids of their own. Otherwise time is stretched or compressed.',
  }),
  shift: durationOption({
    flags: ['--shift'],
    group: 'Trace',
    defaultText: 'one mean gap / copies',
    help: 'With --keep-time: how much later each copy starts than the one before.',
  }),
  randomSeed: seed('--keep-time'),
} satisfies OptionTable;

/** `aiperf trace scale`: writes a trace at another rate. */
export const command: Command<typeof scaleOptions> = { options: scaleOptions, check, run };

function check({ config }: { readonly config: ConfigOf<typeof scaleOptions> }): Findings {
  const isUnused = config.shift !== undefined && !config.keepTime;
  return { errors: isUnused ? ['--shift is only used with --keep-time.'] : [], warnings: [] };
}

async function run({ config }: Invocation<typeof scaleOptions>, io: Io): Promise<number> {
  const { file, out, rate, keepTime, shift, randomSeed } = config;
  const { rows, before, after, copies } = await scaleTrace(file, out, {
    ratePerSecond: rate,
    method: keepTime ? 'keep-time' : 'stretch',
    shiftMs: shift,
    seed: randomSeed,
  });
  const made = copies === 1 ? '' : `, ${withCommas(copies)} copies of the trace`;
  io.stdout.write(
    `Wrote ${withThousands(rows)} rows to ${oneLine(out)}${made}.\n` +
      `Before: ${arrivals(before)}\nAfter:  ${arrivals(after)}\n`,
  );
  return 0;
}

function arrivals({ perSecond, durationMs, cv }: GapVariation): string {
  const rate = perSecond === undefined ? 'no rate' : `${withCommas(perSecond)} requests/s`;
  const variation = cv === undefined ? '' : `, inter-arrival CV ${withCommas(cv)}`;
  return `${rate} over ${withCommas(durationMs / 1000)} s${variation}`;
}
