import type { Roof, StoredRoof } from '../../fidelity/roof.js';
import { type Layout, stylesOf } from '../../report/layout.js';
import { drawTable } from '../../report/table.js';
import { joinLines, pad, wrap } from '../../report/wrap.js';
import { counted, withThousands } from '../../util/counted.js';
import type { Check } from './checks.js';
import { MODERATE } from './measure-roof.js';
import { fastestTimely, isLowerBound, type RoofFigures } from './roof-figures.js';

const STATUS_WIDTH = 'warning  '.length;
const NAME_WIDTH = 22;
/** Pace of a stream that a person reads, tokens/s. */
const READING_PACE = 50;

/** A line for each check, and below it how to fix it. */
export function checksReport(checks: readonly Check[], roof: Roof | undefined, layout: Layout): string {
  const { green, yellow, red } = stylesOf(layout);
  const colour = { ok: green, warning: yellow, error: red };
  const lines = checks.flatMap(({ name, value, status, advice }) => [
    `${colour[status](pad(status, STATUS_WIDTH, 'left'))}${pad(name, NAME_WIDTH, 'left')}${value}`,
    ...(advice === undefined ? [] : wrap(`${' '.repeat(STATUS_WIDTH)}${advice}`, layout.width)),
  ]);
  const limit =
    roof === undefined
      ? 'not measured: aiperf doctor --roof measures it in 20 s'
      : `${withThousands(roof.eventsPerSecond)} events/s or ${withThousands(roof.requestsPerSecond)} requests/s per load thread`;
  return joinLines([
    ...lines,
    `${' '.repeat(STATUS_WIDTH)}${pad('Client limit', NAME_WIDTH, 'left')}${limit}`,
  ]);
}

/**
 * The measured roof as a table and in words.
 * @param threads load threads that a run may use. @param file undefined: it was not stored.
 */
export function roofReport(
  {
    machine,
    requestsPerSecond = 0,
    eventsPerSecond = 0,
    timelyEventsPerSecond = 0,
    stampDelays = [],
  }: StoredRoof,
  figures: RoofFigures,
  { threads, file }: { readonly threads: number; readonly file: string | undefined },
  layout: Layout,
): string {
  const { cpuModel = '', nodeVersion = '' } = machine ?? {};
  const row = (name: string, value: number) => [name, withThousands(value), withThousands(value * threads)];
  const table = {
    title: `AIPerf | Client Limit (${cpuModel}, Node.js ${nodeVersion})`,
    columns: [
      { header: 'Load', align: 'left', style: 'cyan', yields: 'at spaces' },
      { header: 'per load thread' },
      { header: counted(threads, 'load thread') },
    ],
    rows: [
      row(`Requests/s (small, not streamed, ${MODERATE} connections)`, requestsPerSecond),
      row('Events/s (one per write)', eventsPerSecond),
      row('Events/s with timely timestamps (p99 within 10 ms)', timelyEventsPerSecond),
      row(`Streams of ${READING_PACE} tokens/s`, timelyEventsPerSecond / READING_PACE),
    ],
  } as const;
  const streams = withThousands((timelyEventsPerSecond * threads) / READING_PACE);
  const requests = withThousands(requestsPerSecond * threads);
  const fastest = fastestTimely(figures);
  const words = [
    ...(fastest.isTimely
      ? []
      : [
          'No rate of this test had timely timestamps: other processes probably held the CPUs. Measure again while this machine is idle.',
        ]),
    `This machine can carry about ${streams} streams of ${READING_PACE} tokens/s, or ${requests} small requests/s.`,
    ...stampDelays.map(
      (delay) =>
        `Timestamps at ${withThousands(delay.eventsPerSecond ?? 0)} events/s (${counted(delay.threads ?? 1, 'load thread')}): p50 ${delay.p50} ms, p99 ${delay.p99} ms after the server's write.`,
    ),
    `The first two rows are per second of CPU time of a load thread, because the server of this test shares the CPUs: ${withThousands(figures.requests.reachedPerSecond)} requests/s and ${withThousands(fastest.eventsPerSecond)} events/s were reached.${threads === 1 ? '' : ` Figures for ${threads} load threads are ${threads} times those of one.`}`,
    ...(isLowerBound(figures)
      ? ['No rate of this test was too high for the client: it may keep up with more.']
      : []),
    ...(file === undefined ? [] : [`Stored in ${file}: aiperf profile reports how much of it a run uses.`]),
  ];
  return joinLines([...drawTable(table, layout), ...words.flatMap((line) => wrap(line, layout.width))]);
}
