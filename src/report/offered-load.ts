import type { OfferedSlices } from '../charts/offered-load.js';
import { withCommas } from '../metrics/format.js';
import type { OfferedLoad, ShardsSection } from '../run/shards.js';
import { withThousands } from '../util/counted.js';
import { percentWords, short } from './figures.js';
import type { Layout } from './layout.js';
import { drawTable } from './table.js';
import { wrap } from './wrap.js';

/** Rows of a table on the console; the JSON and CSV files have every slice. */
const MOST_ROWS = 20;
/** A mean number of requests in flight is never exactly the planned one. */
const NOTABLE_SHARE = 0.05;

/** A slice of an offered load; of the whole run, and of the shards that are not complete together. */
interface OfferedRow {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly planned: number | undefined;
  readonly achieved: number;
  readonly lostPlanned: number | undefined;
  readonly lostAchieved: number;
}

/** The slices of an offered load, in their order. */
function offeredRows({ slices = [] }: OfferedLoad): readonly OfferedRow[] {
  return slices.map(({ startSeconds = 0, endSeconds = 0, planned, achieved = 0, shards = [] }) => ({
    ...{ startSeconds, endSeconds, planned, achieved },
    lostPlanned:
      planned === undefined ? undefined : shards.reduce((sum, shard) => sum + (shard.planned ?? 0), 0),
    lostAchieved: shards.reduce((sum, shard) => sum + (shard.achieved ?? 0), 0),
  }));
}

/** An offered load as a chart draws it. */
export function offeredSlices({ offered, shards = [] }: ShardsSection = {}): OfferedSlices | undefined {
  if (offered === undefined) return undefined;
  const { startedAtNs = 0n } = offered;
  return {
    isInFlight: isInFlight(offered),
    lostName: lostName(offered),
    slices: offeredRows(offered),
    losses: shards.flatMap(({ shard, state, lostAtNs }) => {
      if (state === 'missing') return [{ text: `Shard ${shard} missing`, atSeconds: 0 }];
      if (lostAtNs === undefined) return [];
      return [{ text: `Shard ${shard} lost`, atSeconds: Math.max(0, Number(lostAtNs - startedAtNs) / 1e9) }];
    }),
  };
}

/** `Shard 1`, `Incomplete shards`: those that have figures of their own. */
function lostName({ shards = [] }: OfferedLoad): string {
  return shards.length === 1 ? `Shard ${shards[0]?.shard}` : 'Incomplete shards';
}

/** Whether an offered load is in requests in flight, and not in requests sent. */
export function isInFlight({ unit }: OfferedLoad): boolean {
  return unit === 'in flight';
}

/** How much of the planned load there was, in a sentence for all shards and for each that is not complete. */
export function offeredWords(offered: OfferedLoad): readonly string[] {
  const { planned: due, achieved: sent = 0, shards = [] } = offered;
  const isMean = isInFlight(offered);
  const figure = isMean ? short : withThousands;
  const last = (seconds: number | undefined) =>
    seconds === undefined ? '' : `; the last sent at ${withCommas(seconds)} s`;
  if (due === undefined) {
    return [
      'Offered load: the plan does not tell when requests are due.',
      ...shards.map(
        ({ shard, achieved = 0, lastSentSeconds }) =>
          `Shard ${shard}: ${withThousands(achieved)} requests with a record${last(lastSentSeconds)}.`,
      ),
    ];
  }
  const noun = isMean ? 'planned requests in flight (mean)' : 'planned requests have a record';
  const parts = (planned = 0, achieved = 0) =>
    `${figure(achieved)} of ${figure(planned)} ${noun}${planned === 0 ? '' : `, ${percentWords(achieved / planned)}`}`;
  return [
    `Offered load: ${parts(due, sent)}.`,
    ...shards.map(
      ({ shard, planned, achieved, lastSentSeconds }) =>
        `Shard ${shard}: ${parts(planned, achieved)}${last(lastSentSeconds)}.`,
    ),
  ];
}

/** The slices that are not as planned, in their order. */
export function differingRows(offered: OfferedLoad): readonly OfferedRow[] {
  const isMean = isInFlight(offered);
  return offeredRows(offered).filter((row) => differs(row, isMean));
}

/** The figures of a slice, as a table shows them: of all shards as planned and achieved, and of the lost ones. */
export function offeredCells(row: OfferedRow, isMean: boolean): string[] {
  const { startSeconds, endSeconds, planned, achieved, lostPlanned, lostAchieved } = row;
  const figure = (value: number | undefined) =>
    value === undefined ? '?' : isMean ? withCommas(value) : withThousands(value);
  return [
    `${withCommas(startSeconds)} - ${withCommas(endSeconds)}`,
    ...[planned, achieved, lostPlanned, lostAchieved].map(figure),
  ];
}

/** The heads of those figures. */
export function offeredHeads(offered: OfferedLoad): readonly string[] {
  const name = lostName(offered);
  const had = isInFlight(offered) ? 'in flight' : 'sent';
  return ['Slice (s)', 'All planned', `All ${had}`, `${name} planned`, `${name} ${had}`];
}

/** The slices in which the load was not the planned one, and how much of it there was in all. */
export function offeredTable(offered: OfferedLoad, layout: Layout): string[] {
  const isMean = isInFlight(offered);
  const cells = differingRows(offered).map((row) => offeredCells(row, isMean));
  const half = MOST_ROWS / 2;
  const left = cells.length - MOST_ROWS;
  const rows =
    left <= 0 ? cells : [...cells.slice(0, half), [`… ${left} more`, '', '', '', ''], ...cells.slice(-half)];
  const table = {
    title: 'AIPerf | Offered load: slices that differ from the plan',
    columns: offeredHeads(offered).map((header, i) =>
      i === 0
        ? ({ header, style: 'cyan', yields: 'at spaces' } as const)
        : ({ header, yields: 'at spaces' } as const),
    ),
    rows,
  };
  return [
    ...(rows.length === 0 ? [] : drawTable(table, layout)),
    ...offeredWords(offered).flatMap((sentence) => wrap(sentence, layout.width, 2)),
  ];
}

function differs({ planned, achieved, lostPlanned, lostAchieved }: OfferedRow, isMean: boolean): boolean {
  if (planned === undefined || lostPlanned === undefined) return false;
  const least = (of: number) => (isMean ? NOTABLE_SHARE * of : 0);
  const isOff = (of: number, had: number) => Math.abs(of - had) > least(of);
  return isOff(planned, achieved) || isOff(lostPlanned, lostAchieved);
}
