import type { Config } from '../../../config/options.js';
import { sweepable } from '../../../config/sweep.js';
import { goodRequestFraction } from '../../../metrics/goodput-metrics.js';
import type { Metric } from '../../../metrics/metric.js';
import { interTokenLatency, requestLatency, timeToFirstToken } from '../../../metrics/request-metrics.js';
import { statsOf } from '../../../metrics/results.js';
import { errorRequestCount, outputTokenThroughput, requestThroughput } from '../../../metrics/run-metrics.js';
import type { StatName } from '../../../metrics/statistics.js';
import { isClientLimited, perUserMetric, type WeighedRun } from '../../../run/compared-point.js';
import type { SeriesFigures, SeriesPoint, SeriesState } from '../../../views/messages.js';
import { type PlannedPoint, type PlannedRun, type Series, valueText } from './plan.js';
import type { SeriesOutcome } from './publish.js';
import { groupsOf, type MeasuredPoint } from './verdicts.js';

/** The state of a series for live views. @param running the run that goes on; undefined: none. */
export function seriesState(
  series: Series<PlannedRun>,
  outcome: SeriesOutcome,
  running: PlannedRun | undefined,
  config: Config,
): SeriesState {
  const measured = series.points.flatMap((planned): readonly MeasuredPoint[] => {
    const runs = planned.runs.flatMap((run) => outcome.results.get(run) ?? []);
    return runs.length === 0 ? [] : [{ planned, runs }];
  });
  return {
    columns: series.swept.map((name) => sweepable[name].title),
    trials: series.trials,
    points: series.points.map((point) => ({
      cells: series.swept.map((name) => valueText(name, point.parameters)),
      ...pointState(point, outcome, running),
    })),
    frontier: frontierOf(measured, series, config),
  };
}

function pointState(
  { runs }: PlannedPoint,
  { results, failures }: SeriesOutcome,
  running: PlannedRun | undefined,
): Omit<SeriesPoint, 'cells'> {
  const done = runs.flatMap((run) => results.get(run) ?? []);
  const failed = runs.flatMap((run) => failures.get(run) ?? []);
  const isOver = done.length + failed.length === runs.length;
  const state =
    running !== undefined && runs.includes(running)
      ? 'running'
      : !isOver
        ? 'waiting'
        : done.length === 0
          ? 'failed'
          : 'done';
  return { state, runs: done.length, failure: failed.at(-1), figures: figuresOf(done) };
}

/** The points that no other one of the same work dominates, by the rules of the sweep's report. */
function frontierOf(
  measured: readonly MeasuredPoint[],
  series: Series<PlannedRun>,
  config: Config,
): readonly number[] {
  if (measured.length < 2 || series.swept.length === 0) return [];
  const best = groupsOf(measured, series, config).flatMap((group) =>
    group.verdict.frontier.flatMap((index) => group.measured[index]?.planned ?? []),
  );
  return series.points.flatMap((point, index) => (best.includes(point) ? [index] : []));
}

function figuresOf(runs: readonly WeighedRun[]): SeriesFigures | undefined {
  if (runs.length === 0) return undefined;
  const mean = (metric: Metric, name: StatName = 'avg') => {
    const values = runs.flatMap(({ summary }) => statsOf(summary.results, metric)?.[name] ?? []);
    return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return {
    requestsPerSecond: mean(requestThroughput),
    outputTokensPerSecond: mean(outputTokenThroughput),
    tokensPerSecondPerUser: mean(perUserMetric(runs)),
    ttftP50Ms: mean(timeToFirstToken, 'p50'),
    ttftP99Ms: mean(timeToFirstToken, 'p99'),
    itlP50Ms: mean(interTokenLatency, 'p50'),
    itlP99Ms: mean(interTokenLatency, 'p99'),
    latencyP50Ms: mean(requestLatency, 'p50'),
    latencyP99Ms: mean(requestLatency, 'p99'),
    goodShare: mean(goodRequestFraction),
    failed: mean(errorRequestCount) ?? 0,
    isClientLimited: runs.some(isClientLimited),
  };
}
