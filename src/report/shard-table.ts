import { withCommas } from '../metrics/format.js';
import type { RunFacts } from '../run/facts.js';
import type { ShardsSection } from '../run/shards.js';
import { counted, withThousands } from '../util/counted.js';
import { andList } from '../util/lists.js';
import type { Layout } from './layout.js';
import { offeredTable } from './offered-load.js';
import { drawTable } from './table.js';
import { wrap } from './wrap.js';

/** Clocks that the sentence on drift names. */
const MOST_DRIFTS = 3;

export type ShardFigures = NonNullable<ShardsSection['shards']>[number];

/** Errors of clocks from here on have no decimals. */
const COARSE_MS = 100;

/** How a run was put together from its shards; nothing for a run of one machine. */
export function shardTable({ shards: section }: Pick<RunFacts, 'shards'>, layout: Layout): string[] {
  if (section === undefined) return [];
  const { reasons = [], shards = [], offered } = section;
  const count = (value: number | undefined) => (value === undefined ? '?' : withThousands(value));
  const ms = (value: number | undefined) => (value === undefined ? '' : withCommas(value));
  const hasClock = shards.some(hasClockOffset);
  const hasSkew = shards.some(({ startSkewMs }) => startSkewMs !== undefined);
  const table = drawTable(
    {
      title: 'AIPerf | Shards',
      columns: [
        { header: 'Shard', style: 'cyan' },
        { header: 'Host', yields: 'anywhere' },
        { header: 'State' },
        { header: 'Records' },
        { header: 'Due' },
        { header: 'Without record' },
        ...(hasSkew ? ([{ header: 'Start after first (ms)', yields: 'at spaces' }] as const) : []),
        ...(hasClock ? ([{ header: 'Clock offset (ms)', yields: 'at spaces' }] as const) : []),
        { header: 'Fidelity', yields: 'at spaces' },
      ],
      rows: shards.flatMap((shard) => [
        [
          String(shard.shard),
          shard.host ?? '',
          shard.state ?? '',
          count(shard.records?.profiling),
          count(shard.due?.profiling),
          count(shard.missing?.profiling),
          ...(hasSkew ? [ms(shard.startSkewMs)] : []),
          ...(hasClock ? [clockText(shard)] : []),
          verdictText(shard),
        ],
        ...processesOf(shard).map(({ name, host, state, records, clock }) => [
          ...[name, host, state, count(records), '', ''],
          ...(hasSkew ? [''] : []),
          ...(hasClock ? [clock] : []),
          '',
        ]),
      ]),
    },
    layout,
  );
  return [
    ...table,
    ...wrap(mergeText(section), layout.width, 2),
    ...driftLines(shards).flatMap((line) => wrap(line, layout.width, 2)),
    ...reasons.flatMap((reason) => wrap(`  - ${reason}`, Math.max(40, layout.width), 4)),
    ...(offered === undefined ? [] : ['', ...offeredTable(offered, layout)]),
  ];
}

/** A sentence about clocks that drifted by more than the errors of two offsets can be; none without one. */
function driftLines(shards: readonly ShardFigures[]): string[] {
  const drifted = shards
    .filter(({ clockDriftMs = 0, clockErrorMs = 1 }) => Math.abs(clockDriftMs) > 2 * clockErrorMs)
    .sort((a, b) => Math.abs(b.clockDriftMs ?? 0) - Math.abs(a.clockDriftMs ?? 0));
  if (drifted.length === 0) return [];
  const shown = drifted
    .slice(0, MOST_DRIFTS)
    .map(({ shard, clockDriftMs = 0 }) => `shard ${shard} by ${withCommas(clockDriftMs)} ms`);
  const rest = drifted.length - shown.length;
  const all = rest === 0 ? shown : [...shown, counted(rest, 'other')];
  return [`Clock drift during the run, which times of records do not follow: ${andList(all)}.`];
}

/** The verdict on the client of a shard, and how much of the run it is about. */
export function verdictText({
  verdict = 'not judged',
  judgedUntilNs,
}: Pick<ShardFigures, 'verdict' | 'judgedUntilNs'>): string {
  return judgedUntilNs === undefined ? verdict : `${verdict} until its last sign of life`;
}

/** A process that has sent a part of a shard, in words. */
interface ShardProcess {
  readonly name: string;
  readonly host: string;
  /** When it joined, and when it was lost, if it did and was; UTC. */
  readonly state: string;
  readonly records: number | undefined;
  readonly clock: string;
}

/** The processes that have sent the part of a shard; none where one did. */
export function processesOf({
  shard,
  incarnations = [],
}: Pick<ShardFigures, 'shard' | 'incarnations'>): readonly ShardProcess[] {
  return incarnations.map((process) => {
    const { incarnation, host = '', joinedAtNs, lostAtNs, records } = process;
    const state = [
      ...(joinedAtNs === undefined ? [] : [`joined ${timeOfDay(joinedAtNs)}`]),
      ...(lostAtNs === undefined ? [] : [`lost ${timeOfDay(lostAtNs)}`]),
    ];
    return {
      ...{ name: `${shard}, agent ${incarnation}`, host, state: state.join(', ') },
      ...{ records: records?.profiling, clock: clockText(process) },
    };
  });
}

function timeOfDay(epochNs: bigint): string {
  return new Date(Number(epochNs / 1_000_000n)).toISOString().slice(11, 19);
}

/** Whether the shards could be put together exactly, and how close their starts were. */
export function mergeText({ merge = '', shards = [], startSkewMs }: ShardsSection): string {
  if (startSkewMs === undefined) return `Merge: ${merge}. All shards started at one agreed time.`;
  const unsure = shards.some(hasClockOffset) ? '' : ', which were not compared';
  return `Merge: ${merge}. All shards started within ${withCommas(startSkewMs)} ms by their clocks${unsure}.`;
}

function hasClockOffset({ clockOffsetMs }: { readonly clockOffsetMs?: number | undefined }): boolean {
  return clockOffsetMs !== undefined;
}

/** Offset of a shard's clock and its error, ms, in words: to the whole ms where the `Date` of a server told it. */
export function clockText({
  clockOffsetMs,
  clockErrorMs,
}: {
  readonly clockOffsetMs?: number | undefined;
  readonly clockErrorMs?: number | undefined;
}): string {
  if (clockOffsetMs === undefined) return 'not measured';
  if (clockErrorMs === undefined) return withCommas(clockOffsetMs);
  const ms = clockErrorMs < COARSE_MS ? withCommas : (value: number) => withThousands(Math.round(value));
  return `${ms(clockOffsetMs)} ± ${ms(clockErrorMs)}`;
}
