import { dueTimes } from '../load/due-requests.js';
import { playingSources, type SplitLoad } from '../load/parts.js';
import type { PhasePlan } from '../load/plan.js';
import { evenShare } from '../load/quota.js';
import type { RequestTable } from '../metrics/request-table.js';
import { concurrencyAt, nextStepNs, type RampedLimit } from '../schedule/ramp.js';
import type { OfferedLoad, PlannedSlices, ShardsSection } from './shards.js';

/** Without `--slice-duration`: at most this many slices, of 1, 2 or 5 times a power of ten seconds. */
const MOST_SLICES = 20;
/** With it; above, a slice is several of these durations. */
const MOST_WANTED_SLICES = 120;
const SHORTEST_NS = 1e6;

/** What each of `shards` shards has due in the slices of a phase. @param wantedSeconds `--slice-duration`. */
export function plannedSlices(
  load: SplitLoad,
  phase: PhasePlan,
  shards: number,
  wantedSeconds: number | undefined,
): PlannedSlices {
  const { issuing, durationNs } = phase;
  const isTimed = Number.isFinite(durationNs);
  const durationSeconds = isTimed ? durationNs / 1e9 : undefined;
  const dueAt = () => dueTimes(load, phase, shards);
  const times = dueAt();
  if (times === undefined) {
    return {
      sliceSeconds: isTimed ? sliceNs(durationNs, wantedSeconds) / 1e9 : wantedSeconds,
      durationSeconds,
      ...(issuing.kind === 'closed-loop' ? slots(issuing.concurrency, playingSources(phase, shards)) : {}),
    };
  }
  let lastNs = 0;
  if (!isTimed) for (const { dueNs } of times) lastNs = Math.max(lastNs, dueNs);
  const lengthNs = sliceNs(isTimed ? durationNs : lastNs, wantedSeconds);
  const slices = isTimed ? Math.ceil(durationNs / lengthNs) : Math.floor(lastNs / lengthNs) + 1;
  const due = Array.from({ length: shards }, () => new Array<number>(slices).fill(0));
  for (const { source, dueNs } of dueAt() ?? []) {
    const counts = due[source];
    const slice = Math.floor(dueNs / lengthNs);
    if (counts !== undefined) counts[slice] = (counts[slice] ?? 0) + 1;
  }
  return { sliceSeconds: lengthNs / 1e9, durationSeconds, due };
}

/**
 * The section with the load as planned and as achieved, where a shard is not complete.
 * @param table the measured requests of all shards. @param startNs of the measurement, ns since the table's origin.
 */
export function withOfferedLoad(
  section: ShardsSection,
  planned: PlannedSlices | undefined,
  table: RequestTable | undefined,
  startNs: number,
): ShardsSection {
  const lost = (section.shards ?? []).flatMap(({ shard, state }) =>
    state === 'complete' || shard === undefined ? [] : [shard],
  );
  if (lost.length === 0 || planned === undefined || table === undefined) return section;
  return { ...section, offered: offeredLoad(planned, lost, table, startNs) };
}

/** @param lost shards that are shown on their own. @param startNs of the measurement, ns since the table's origin. */
export function offeredLoad(
  planned: PlannedSlices,
  lost: readonly number[],
  table: RequestTable,
  startNs: number,
): OfferedLoad {
  const isMean = planned.concurrency !== undefined;
  const windows = windowsOf(planned, table, startNs);
  const achieved = (isMean ? meanInFlight : sentIn)(table, startNs, windows, lost);
  /** Over all windows: a sum of counts, or a mean by their lengths. */
  const total = (values: readonly (number | undefined)[]) => {
    const weighed = windows.reduce<number | undefined>((sum, { fromNs, toNs }, i) => {
      const value = values[i];
      return sum === undefined || value === undefined
        ? undefined
        : sum + value * (isMean ? toNs - fromNs : 1);
    }, 0);
    const lengthNs = windows.at(-1)?.toNs ?? 0;
    return weighed === undefined || !isMean ? weighed : weighed / Math.max(1, lengthNs);
  };
  const all = windows.map((window) => plannedIn(planned, window, undefined));
  const own = lost.map((shard, place) => ({
    shard,
    planned: windows.map((window) => plannedIn(planned, window, shard)),
    achieved: [...(achieved.ofLost[place] ?? [])],
    lastNs: achieved.lastNs[place] ?? Number.NaN,
  }));
  return {
    unit: isMean ? 'in flight' : 'requests',
    startedAtNs: table.origin.epochNs + BigInt(Math.round(startNs)),
    planned: total(all),
    achieved: total([...achieved.all]),
    shards: own.map(({ lastNs, ...load }) => ({
      shard: load.shard,
      planned: total(load.planned),
      achieved: total(load.achieved),
      lastSentSeconds: Number.isNaN(lastNs) ? undefined : lastNs / 1e9,
    })),
    slices: windows.map(({ fromNs, toNs }, i) => ({
      startSeconds: fromNs / 1e9,
      endSeconds: toNs / 1e9,
      planned: all[i],
      achieved: achieved.all[i] ?? 0,
      shards: own.map((load) => ({
        shard: load.shard,
        planned: load.planned[i],
        achieved: load.achieved[i] ?? 0,
      })),
    })),
  };
}

/** What is planned of a shard in a slice. @param shard undefined: of all. */
function plannedIn(
  planned: PlannedSlices,
  { index, fromNs, toNs }: Window,
  shard: number | undefined,
): number | undefined {
  if (planned.concurrency !== undefined)
    return fromNs >= limitNs(planned) ? 0 : meanSlots(planned, shard, fromNs, toNs);
  if (planned.due === undefined) return undefined;
  const due = shard === undefined ? planned.due : [planned.due[shard] ?? []];
  return due.reduce((sum, counts) => sum + (counts[index] ?? 0), 0);
}

interface Window {
  readonly index: number;
  /** Since the start. */
  readonly fromNs: number;
  readonly toNs: number;
}

/** The slices that are planned, and one more for requests that were sent after them. */
function windowsOf(planned: PlannedSlices, table: RequestTable, startNs: number): readonly Window[] {
  const { sliceSeconds, due } = planned;
  const untilNs = limitNs(planned);
  const spanNs = Math.min(untilNs, Math.max(0, table.extent.toNs - startNs));
  const lengthNs = due === undefined ? sliceNs(spanNs, sliceSeconds) : Math.round((sliceSeconds ?? 1) * 1e9);
  const count = due?.[0]?.length ?? Math.ceil(spanNs / lengthNs);
  const windows = Array.from({ length: count }, (_, index) => ({
    index,
    fromNs: index * lengthNs,
    toNs: Math.min((index + 1) * lengthNs, untilNs),
  }));
  const plannedNs = windows.at(-1)?.toNs ?? 0;
  let lastNs = 0;
  for (let row = 0; row < table.length; row++) lastNs = Math.max(lastNs, table.startNs(row) - startNs);
  if (table.length === 0 || lastNs < plannedNs) return windows;
  const toNs = (Math.floor(lastNs / lengthNs) + 1) * lengthNs;
  return [...windows, { index: count, fromNs: plannedNs, toNs }];
}

function limitNs({ durationSeconds }: PlannedSlices): number {
  return durationSeconds === undefined ? Number.POSITIVE_INFINITY : Math.round(durationSeconds * 1e9);
}

interface Achieved {
  /** Of all shards, by slice. */
  readonly all: Float64Array;
  /** The same of each shard that is shown on its own. */
  readonly ofLost: readonly Float64Array[];
  /** When it sent its last request, ns since the start; NaN for none. */
  readonly lastNs: Float64Array;
}

/** Requests that were sent in each slice. One before the start, by the clock of its shard, is in the first. */
function sentIn(
  table: RequestTable,
  startNs: number,
  windows: readonly Window[],
  lost: readonly number[],
): Achieved {
  const lengthNs = windows[0]?.toNs ?? 1;
  const last = windows.length - 1;
  return achievedBy(table, startNs, windows.length, lost, (counts, row) => {
    const sinceNs = table.startNs(row) - startNs;
    const isLast = sinceNs >= (windows[last]?.fromNs ?? 0);
    const index = isLast ? last : Math.max(0, Math.floor(sinceNs / lengthNs));
    counts[index] = (counts[index] ?? 0) + 1;
  });
}

/** Mean number of requests in flight in each slice. */
function meanInFlight(
  table: RequestTable,
  startNs: number,
  windows: readonly Window[],
  lost: readonly number[],
): Achieved {
  const lengthNs = windows[0]?.toNs ?? 1;
  return achievedBy(table, startNs, windows.length, lost, (means, row) => {
    const [sentNs, endedNs] = [table.startNs(row) - startNs, table.endNs(row) - startNs];
    for (let i = Math.max(0, Math.floor(sentNs / lengthNs)); i < windows.length; i++) {
      const { fromNs, toNs } = windows[i] ?? { fromNs: 0, toNs: 0 };
      if (fromNs >= endedNs) break;
      const insideNs = Math.max(0, Math.min(endedNs, toNs) - Math.max(sentNs, fromNs));
      means[i] = (means[i] ?? 0) + insideNs / (toNs - fromNs);
    }
  });
}

/** @param add counts a request in the slices of all, and in those of its shard if that is shown on its own. */
function achievedBy(
  table: RequestTable,
  startNs: number,
  slices: number,
  lost: readonly number[],
  add: (slices: Float64Array, row: number) => void,
): Achieved {
  const all = new Float64Array(slices);
  const ofLost = lost.map(() => new Float64Array(slices));
  const lastNs = new Float64Array(lost.length).fill(Number.NaN);
  const places = new Map(lost.map((shard, place) => [shard, place]));
  for (let row = 0; row < table.length; row++) {
    add(all, row);
    const place = places.get(table.shard(row) ?? -1);
    const own = place === undefined ? undefined : ofLost[place];
    if (place === undefined || own === undefined) continue;
    add(own, row);
    const sentNs = table.startNs(row) - startNs;
    if (!(sentNs <= (lastNs[place] ?? Number.NaN))) lastNs[place] = sentNs;
  }
  return { all, ofLost, lastNs };
}

function slots({ limit, rampNs }: RampedLimit, playingShards: number): PlannedSlices {
  return { concurrency: limit, rampSeconds: rampNs / 1e9, playingShards };
}

/** The mean number of slots of a shard, or of all, in a slice. */
function meanSlots(
  { concurrency = 0, rampSeconds = 0, playingShards = 1 }: PlannedSlices,
  shard: number | undefined,
  fromNs: number,
  toNs: number,
): number {
  const rampNs = rampSeconds * 1e9;
  let sum = 0;
  for (let atNs = fromNs; atNs < toNs; ) {
    const limit = concurrencyAt(atNs, concurrency, rampNs);
    const own =
      shard === undefined ? limit : shard < playingShards ? evenShare(limit, playingShards, shard) : 0;
    const untilNs = Math.min(toNs, nextStepNs(atNs, concurrency, rampNs) ?? toNs);
    sum += own * (untilNs - atNs);
    atNs = untilNs;
  }
  return sum / (toNs - fromNs);
}

/** Length of the slices that cover a time. @param wantedSeconds undefined: about a twentieth of it. */
function sliceNs(spanNs: number, wantedSeconds: number | undefined): number {
  if (wantedSeconds !== undefined) {
    const wantedNs = Math.max(1, Math.round(wantedSeconds * 1e9));
    return wantedNs * Math.max(1, Math.ceil(spanNs / wantedNs / MOST_WANTED_SLICES));
  }
  const leastNs = Math.max(SHORTEST_NS, spanNs / MOST_SLICES);
  const power = 10 ** Math.floor(Math.log10(leastNs));
  return [1, 2, 5, 10].map((times) => times * power).find((ns) => ns >= leastNs) ?? leastNs;
}
