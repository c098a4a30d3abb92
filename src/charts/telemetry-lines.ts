import type { TimeSeries } from '../telemetry/time-series.js';
import { fewDigits, type Point } from './reduce.js';

/** Most lines that can be told apart; of more series, the mean and the range are drawn. */
const MOST_LINES = 4;

/** A series as values within windows of equal width, which cover the run; NaN where it has none. */
export interface WindowedSeries {
  readonly series: Pick<TimeSeries, 'source' | 'labels'>;
  readonly values: Float64Array;
}

/** A place of a line; null, where the line is broken. */
type LinePoint = readonly [x: number, y: number | null];

/** Series of one metric, reduced to what is drawn. */
export interface TelemetryLines {
  readonly lines: readonly { readonly name: string; readonly points: readonly LinePoint[] }[];
  /** Of too many lines: the least and the greatest value in each window; otherwise empty. */
  readonly range: readonly (readonly [from: number, to: number, least: number, greatest: number])[];
}

/** @param seconds length of the run, which the windows divide. */
export function telemetryLines(all: readonly WindowedSeries[], seconds: number): TelemetryLines {
  const [
    {
      values: { length: windows },
    } = { values: [] },
  ] = all;
  const edge = (window: number) => fewDigits((window * seconds) / windows);
  const pointsOf = (valueAt: (window: number) => number) =>
    broken(
      Array.from({ length: windows }, (_, i): Point => [edge(i + 0.5), fewDigits(valueAt(i))]).filter(
        ([, value]) => !Number.isNaN(value),
      ),
    );
  if (all.length <= MOST_LINES) {
    const names = namesOf(all.map(({ series }) => series));
    const lines = all.map(({ values }, i) => ({
      name: names[i] ?? '',
      points: pointsOf((window) => values[window] ?? Number.NaN),
    }));
    return { lines, range: [] };
  }
  const within = Array.from({ length: windows }, (_, window) =>
    all.flatMap(({ values }) => {
      const value = values[window] ?? Number.NaN;
      return Number.isNaN(value) ? [] : [value];
    }),
  );
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    lines: [{ name: 'Mean', points: pointsOf((window) => mean(within[window] ?? [])) }],
    range: within.flatMap((values, i) =>
      values.length === 0
        ? []
        : [[edge(i), edge(i + 1), fewDigits(Math.min(...values)), fewDigits(Math.max(...values))] as const],
    ),
  };
}

/** A distance between two points that is so many times the median distance breaks the line. */
const GAP = 4;

/** Breaks a line where its source was away. */
function broken(points: readonly Point[]): LinePoint[] {
  const distance = (i: number) => (points[i]?.[0] ?? 0) - (points[i - 1]?.[0] ?? 0);
  const distances = points
    .slice(1)
    .map((_, i) => distance(i + 1))
    .sort((a, b) => a - b);
  const longest = GAP * (distances[distances.length >> 1] ?? Number.POSITIVE_INFINITY);
  return points.flatMap((point, i): LinePoint[] =>
    i > 0 && distance(i) > longest ? [[fewDigits(point[0] - distance(i) / 2), null], point] : [point],
  );
}

/** Labels that tell series of one source apart, the best first; then all others. */
const telling = ['gpu', 'engine', 'dp_rank', 'model_name'];

/** What tells each series from the others: its server where there are several, then as few labels as suffice. */
function namesOf(all: readonly Pick<TimeSeries, 'source' | 'labels'>[]): string[] {
  const hosts = all.map(({ source }) => hostOf(source));
  let names = new Set(hosts).size > 1 || all.length === 1 ? hosts : hosts.map(() => '');
  const others = all.flatMap(({ labels }) => Object.keys(labels)).sort();
  for (const key of new Set([...telling, ...others])) {
    if (new Set(names).size === all.length) break;
    const values = all.map(({ labels }) => (Object.hasOwn(labels, key) ? labels[key] : undefined));
    if (new Set(values).size === 1) continue;
    const word = key === 'gpu' ? 'GPU' : key;
    names = names.map((name, i) => `${name} ${word} ${values[i] ?? 'none'}`.trim());
  }
  return names;
}

/** `vllm-0:8000` of `http://vllm-0:8000/metrics`. */
function hostOf(source: string): string {
  return source.replace(/^\w+:\/\//, '').replace(/\/metrics$/, '');
}
