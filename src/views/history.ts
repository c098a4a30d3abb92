import type { Snapshot } from '../collect/snapshot.js';

/** How values become one when points are merged: latencies keep their peaks. */
type Merge = 'mean' | 'max';

interface HistoryColumn {
  readonly merge: Merge;
  /** Undefined where a snapshot has no such value. */
  readonly of: (snapshot: Snapshot) => number | undefined;
}

const mean = (of: HistoryColumn['of']): HistoryColumn => ({ merge: 'mean', of });
const max = (of: HistoryColumn['of']): HistoryColumn => ({ merge: 'max', of });

/** What is kept over time. Latencies are ms, over the last 5 to 10 seconds; shares are 0 to 1. */
const columns = {
  requestsPerSecond: mean(({ lastSecond }) => lastSecond.requests),
  plannedPerSecond: mean(({ load }) => load.plannedPerSecond),
  outputTokensPerSecond: mean(({ lastSecond }) => lastSecond.outputTokens),
  inputTokensPerSecond: mean(({ lastSecond }) => lastSecond.inputTokens),
  inFlight: mean(({ requests }) => requests.inFlight),
  plannedInFlight: mean(({ load }) => load.plannedInFlight),
  ttftP50: mean(({ latencies }) => latencies.ttft?.recent?.p50),
  ttftP99: max(({ latencies }) => latencies.ttft?.recent?.p99),
  itlP50: mean(({ latencies }) => latencies.itl?.recent?.p50),
  itlP99: max(({ latencies }) => latencies.itl?.recent?.p99),
  latencyP50: mean(({ latencies }) => latencies.request?.recent?.p50),
  latencyP99: max(({ latencies }) => latencies.request?.recent?.p99),
  latenessP50: mean(({ load }) => load.latenessMs?.p50),
  latenessP99: max(({ load }) => load.latenessMs?.p99),
  goodShare: mean(({ slo }) => slo && share(slo.recent.good, slo.recent.requests)),
  serverRunning: mean(({ telemetry }) => sum(telemetry?.servers.map(({ running }) => running))),
  serverWaiting: mean(({ telemetry }) => sum(telemetry?.servers.map(({ waiting }) => waiting))),
  kvCacheShare: max(({ telemetry }) => greatest(telemetry?.servers.map(({ kvCacheShare }) => kvCacheShare))),
  gpuShare: mean(({ telemetry }) =>
    average(
      telemetry?.gpus.map(({ utilizationPercent }) => utilizationPercent),
      100,
    ),
  ),
  gpuWatts: mean(({ telemetry }) => sum(telemetry?.gpus.map(({ powerWatts }) => powerWatts))),
} as const satisfies Readonly<Record<string, HistoryColumn>>;

/** A column of a history. `errorsPerSecond` is computed from two snapshots. */
type HistoryName = keyof typeof columns | 'errorsPerSecond';

const names = Object.keys(columns) as (keyof typeof columns)[];

/**
 * Values over the time of a run, from its start, in columns of equal length: plain data, also as JSON. Its memory is
 * bounded: when it is full, each two points become one.
 */
export interface History {
  /** Of each point, since the first snapshot of the run. */
  readonly seconds: number[];
  /** null: no value. */
  readonly values: { readonly [Name in HistoryName]: (number | null)[] };
  /** Where each phase began. */
  readonly phases: { readonly name: Snapshot['phase']; readonly seconds: number }[];
  /** Time that a point covers. */
  secondsPerPoint: number;
  /** Snapshots in the last point. */
  inLast: number;
  /** Wall clock of the first snapshot, ms since 1970. */
  startMs: number;
  /** Of the last snapshot: its time in seconds and the requests that had failed. */
  last: { readonly seconds: number; readonly failed: number };
}

const MAX_POINTS = 600;
const FIRST_SECONDS_PER_POINT = 0.5;

export function emptyHistory(): History {
  return {
    seconds: [],
    values: Object.fromEntries(
      [...names, 'errorsPerSecond'].map((name) => [name, []]),
    ) as unknown as History['values'],
    phases: [],
    secondsPerPoint: FIRST_SECONDS_PER_POINT,
    inLast: 0,
    startMs: 0,
    last: { seconds: 0, failed: 0 },
  };
}

/** Adds a snapshot while the load runs; those of the processing afterwards have nothing new. */
export function addToHistory(history: History, snapshot: Snapshot): void {
  if (snapshot.processing !== undefined) return;
  const { phase, unixMs, requests } = snapshot;
  if (history.seconds.length === 0) history.startMs = unixMs;
  const seconds = Math.max(history.last.seconds, (unixMs - history.startMs) / 1000);
  const isNewPhase = history.phases.at(-1)?.name !== phase;
  if (isNewPhase) history.phases.push({ name: phase, seconds });
  const failedBefore = isNewPhase ? 0 : history.last.failed;
  const passed = seconds - history.last.seconds;
  const errorsPerSecond = passed === 0 ? undefined : Math.max(0, requests.failed - failedBefore) / passed;
  history.last = { seconds, failed: passed === 0 ? history.last.failed : requests.failed };

  const begun = history.seconds.at(-1);
  const isNewPoint = begun === undefined || seconds - begun >= history.secondsPerPoint;
  if (isNewPoint && history.seconds.length >= MAX_POINTS) halve(history);
  if (isNewPoint) {
    history.seconds.push(seconds);
    history.inLast = 0;
  }
  const index = history.seconds.length - 1;
  const add = (name: HistoryName, merge: Merge, value: number | undefined) => {
    const column = history.values[name];
    column[index] = merged(merge, column[index] ?? null, value ?? null, history.inLast);
  };
  for (const name of names) add(name, columns[name].merge, columns[name].of(snapshot));
  add('errorsPerSecond', 'mean', errorsPerSecond);
  history.inLast++;
}

/** Makes one point of each two. */
function halve(history: History): void {
  const pairs = Math.ceil(history.seconds.length / 2);
  const halveColumn = (column: (number | null)[], merge: Merge) => {
    for (let i = 0; i < pairs; i++)
      column[i] = merged(merge, column[2 * i] ?? null, column[2 * i + 1] ?? null, 1);
    column.length = pairs;
  };
  for (const name of names) halveColumn(history.values[name], columns[name].merge);
  halveColumn(history.values.errorsPerSecond, 'mean');
  for (let i = 0; i < pairs; i++) history.seconds[i] = history.seconds[2 * i] ?? 0;
  history.seconds.length = pairs;
  history.secondsPerPoint *= 2;
}

/** @param weight of `before`, where the weight of `value` is 1. */
function merged(merge: Merge, before: number | null, value: number | null, weight: number): number | null {
  if (before === null) return value;
  if (value === null) return before;
  return merge === 'max' ? Math.max(before, value) : (before * weight + value) / (weight + 1);
}

function share(part: number, of: number): number | undefined {
  return of === 0 ? undefined : part / of;
}

function sum(values: readonly (number | undefined)[] | undefined): number | undefined {
  const known = knownOf(values);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}

function greatest(values: readonly (number | undefined)[] | undefined): number | undefined {
  const known = knownOf(values);
  return known.length === 0 ? undefined : Math.max(...known);
}

function average(values: readonly (number | undefined)[] | undefined, of: number): number | undefined {
  const total = sum(values);
  return total === undefined ? undefined : total / knownOf(values).length / of;
}

function knownOf(values: readonly (number | undefined)[] = []): number[] {
  return values.filter((value) => value !== undefined);
}
