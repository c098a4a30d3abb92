import type { Metric } from './metric.js';
import { requestLatency, timeToFirstToken } from './request-metrics.js';
import { statsOf } from './results.js';
import { completedRequestCount } from './run-metrics.js';
import type { Slice } from './slices.js';
import { lineResidual, monotoneTrend, rankCorrelation, type Slope, standingOut } from './trend-tests.js';

/** Fewer complete slices are not tested. */
export const FEWEST_SLICES = 8;

/** Chance that a steady run is called anything else, over all that is looked for in all metrics. */
const FALSE_ALARMS = 0.03;
/** Changes smaller than these shares are not worth a word, however certain they are. */
const LEAST_SHIFT = 0.1;
const LEAST_DRIFT = 0.05;
/** Longer series are joined: every pair of points is looked at. */
const MOST_POINTS = 1000;
/** A start that differs for longer than this share of the run is no warm-up. */
const LONGEST_WARM_UP = 1 / 3;

const watched = [timeToFirstToken, requestLatency];
/** Warm-up, other stretches, drift, and dependence on the load, of each metric. */
const LEVEL = FALSE_ALARMS / (4 * watched.length);

/** Slices, both included. */
interface SliceSpan {
  readonly first: number;
  readonly last: number;
}

/** Something about a metric that is not steady; medians of slices are compared. Changes are shares: 1 is twice as much. */
export type Finding =
  | {
      readonly kind: 'warm-up';
      readonly slices: SliceSpan;
      /** Seconds from the first request to its end. */
      readonly endSeconds: number;
      /** Against the rest of the run. */
      readonly change: number;
      readonly p: number;
    }
  | {
      /** A stretch of another level; without recovery it lasts to the end of the run. */
      readonly kind: 'stretch';
      readonly slices: SliceSpan;
      readonly recovered: boolean;
      readonly change: number;
      readonly p: number;
    }
  /** Over the whole of the steady part. */
  | { readonly kind: 'drift'; readonly change: number; readonly p: number }
  /** Higher in slices in which more requests start. */
  | { readonly kind: 'load'; readonly rho: number; readonly p: number };

/** Trends of one metric. */
export interface MetricTrend {
  readonly tag: string;
  readonly label: string;
  /** Complete slices that have the metric. */
  readonly slices: number;
  /** Undefined: too few slices for a test. */
  readonly findings: readonly Finding[] | undefined;
  /** Change over the time outside of the stretches found, with its 95 % interval, as shares; undefined where it is not known. */
  readonly drift:
    | { readonly change: number; readonly low: number; readonly high: number; readonly seconds: number }
    | undefined;
}

/** Trends of a run over time. */
export interface Trends {
  readonly completeSlices: number;
  readonly metrics: readonly MetricTrend[];
  /** First slice of the steady part; undefined where the run has none, or too few slices. */
  readonly steadyFrom: number | undefined;
}

/** One point of a series: a slice, or some neighbours. */
interface Point {
  readonly slices: SliceSpan;
  /** Middle and end, from the start of the first slice. */
  readonly seconds: number;
  readonly endSeconds: number;
  /** Logarithm of the median. */
  readonly level: number;
  readonly requests: number;
}

/** Partial slices are left out: they hold only a part of what happened in their time. */
export function trendsOf(slices: readonly Slice[]): Trends {
  const complete = slices.filter(({ isComplete }) => isComplete);
  const metrics = watched.flatMap((metric) => {
    const points = pointsOf(complete, metric);
    return points.length === 0 ? [] : [trendOf(metric, points, complete.length)];
  });
  return { completeSlices: complete.length, metrics, steadyFrom: steadyFrom(metrics) };
}

function trendOf({ tag, label }: { tag: string; label: string }, all: Point[], slices: number): MetricTrend {
  const points = joined(all);
  const said = { tag, label, slices: Math.min(slices, all.length) };
  if (points.length < FEWEST_SLICES) return { ...said, findings: undefined, drift: undefined };
  const { stretches, steady } = takeOutStretches(points);
  const findings = stretchFindings(points, stretches);
  if (steady.length < FEWEST_SLICES) return { ...said, findings, drift: undefined };
  const slope = slopeOf(steady);
  const span = (steady.at(-1)?.seconds ?? 0) - (steady[0]?.seconds ?? 0);
  const over = (perSecond: number) => Math.expm1(perSecond * span);
  const change = over(slope.slope);
  if (slope.p < LEVEL && Math.abs(change) >= LEAST_DRIFT)
    findings.push({ kind: 'drift', change, p: slope.p });
  const load = rankCorrelation(
    steady.map(({ requests }) => requests),
    steady.map(({ level }) => level),
  );
  if (load.p < LEVEL) findings.push({ kind: 'load', ...load });
  return {
    ...said,
    findings,
    drift: { change, low: over(slope.low), high: over(slope.high), seconds: span },
  };
}

/** Positions of points, half-open. */
interface Positions {
  readonly from: number;
  readonly to: number;
  readonly p: number;
}

/** The strongest stretch again and again, each taken out before the next is looked for. */
function takeOutStretches(points: readonly Point[]): { stretches: Positions[]; steady: Point[] } {
  const stretches: Positions[] = [];
  let left = points.map((point, position) => ({ point, position }));
  while (left.length >= FEWEST_SLICES && stretches.length < 4) {
    const values = left.map(({ point }) => point.level);
    const found = standingOut(values);
    if (found === undefined || found.p >= LEVEL || Math.abs(Math.expm1(found.shift)) < LEAST_SHIFT) break;
    const steady = left.map(({ point }) => point);
    const seconds = steady.map((point) => point.seconds);
    // What a line explains better is a drift, not a change of level.
    if (lineResidual(seconds, values) < found.residual && slopeOf(steady).p < LEVEL) break;
    const taken = left.slice(found.from, found.to);
    stretches.push({
      from: taken[0]?.position ?? 0,
      to: (taken.at(-1)?.position ?? 0) + 1,
      p: found.p,
    });
    left = left.filter((entry) => !taken.includes(entry));
  }
  return { stretches: stretches.sort((a, b) => a.from - b.from), steady: left.map(({ point }) => point) };
}

function stretchFindings(points: readonly Point[], stretches: readonly Positions[]): Finding[] {
  const isOutside = (position: number) =>
    !stretches.some(({ from, to }) => position >= from && position < to);
  const rest = mean(points.filter((_, position) => isOutside(position)).map(({ level }) => level));
  const findings: Finding[] = [];
  let warm: Positions | undefined;
  for (const stretch of stretches) {
    const { from, to } = stretch;
    const isStart = from === (warm?.to ?? 0) && to <= points.length * LONGEST_WARM_UP;
    if (isStart) {
      warm = { from: 0, to, p: Math.min(stretch.p, warm?.p ?? 1) };
      continue;
    }
    // A long start is the level from which the rest departs.
    const [first, end] = from === 0 ? [to, points.length] : [from, to];
    const inside = mean(points.slice(from, to).map(({ level }) => level)) - rest;
    findings.push({
      kind: 'stretch',
      slices: spanOf(points.slice(first, end)),
      recovered: end < points.length,
      change: Math.expm1(from === 0 ? -inside : inside),
      p: stretch.p,
    });
  }
  if (warm === undefined) return findings;
  const start = points.slice(0, warm.to);
  return [
    {
      kind: 'warm-up',
      slices: spanOf(start),
      endSeconds: start.at(-1)?.endSeconds ?? 0,
      change: Math.expm1(mean(start.map(({ level }) => level)) - rest),
      p: warm.p,
    },
    ...findings,
  ];
}

/** The steady part starts after every warm-up, unless something else rules it out. */
function steadyFrom(metrics: readonly MetricTrend[]): number | undefined {
  let from = 0;
  for (const { findings } of metrics) {
    if (findings === undefined) return undefined;
    for (const finding of findings) {
      if (finding.kind === 'warm-up') from = Math.max(from, finding.slices.last + 1);
      else if (finding.kind === 'drift' || (finding.kind === 'stretch' && !finding.recovered))
        return undefined;
    }
  }
  return metrics.length === 0 ? undefined : from;
}

function pointsOf(slices: readonly Slice[], metric: Metric): Point[] {
  const firstNs = slices[0]?.startNs ?? 0n;
  return slices.flatMap(({ index, startNs, endNs, results }) => {
    const median = statsOf(results, metric)?.p50;
    if (median === undefined || median <= 0) return [];
    const [from, to] = [startNs, endNs].map((atNs) => Number(atNs - firstNs) / 1e9);
    return [
      {
        slices: { first: index, last: index },
        seconds: ((from ?? 0) + (to ?? 0)) / 2,
        endSeconds: to ?? 0,
        level: Math.log(median),
        requests: statsOf(results, completedRequestCount)?.avg ?? 0,
      },
    ];
  });
}

/** At most `MOST_POINTS` points: neighbours become one. */
function joined(points: readonly Point[]): Point[] {
  const size = Math.ceil(points.length / MOST_POINTS);
  if (size === 1) return [...points];
  const groups = Array.from({ length: Math.ceil(points.length / size) }, (_, i) =>
    points.slice(i * size, (i + 1) * size),
  );
  return groups.map((group) => ({
    slices: spanOf(group),
    seconds: mean(group.map(({ seconds }) => seconds)),
    endSeconds: group.at(-1)?.endSeconds ?? 0,
    level: mean(group.map(({ level }) => level)),
    requests: mean(group.map(({ requests }) => requests)),
  }));
}

function spanOf(points: readonly Point[]): SliceSpan {
  return { first: points[0]?.slices.first ?? 0, last: points.at(-1)?.slices.last ?? 0 };
}

function slopeOf(points: readonly Point[]): Slope {
  return monotoneTrend(
    points.map(({ seconds }) => seconds),
    points.map(({ level }) => level),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
