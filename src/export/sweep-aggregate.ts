import type { Metric } from '../metrics/metric.js';
import { paretoFrontier } from '../metrics/pareto.js';
import { requestLatency, timeToFirstToken } from '../metrics/request-metrics.js';
import { type Results, statsOf } from '../metrics/results.js';
import { requestThroughput } from '../metrics/run-metrics.js';
import { type Statistics, type StatName, statNames } from '../metrics/statistics.js';
import { Float, type Printable, prettyJson, pythonFloat } from '../util/python-json.js';
import { type Aggregated, aggregate, decimals, type FailedRun, spreadJson } from './aggregate.js';
import { csvRow } from './summary-csv.js';

/** The complete runs of a point of a sweep. */
export interface PointResults {
  /** The swept options by name; those that are not integers as floats. */
  readonly parameters: Readonly<Record<string, number | Float>>;
  /** At least one. */
  readonly runs: readonly Results[];
}

/** What a sweep's aggregate says besides its points. */
export interface SweepFacts {
  /** Runs that were asked for, of all points together, and those that succeeded. */
  readonly runs: number;
  readonly successful: number;
  readonly failed: readonly FailedRun[];
  readonly swept: readonly { readonly name: string; readonly values: readonly (number | Float)[] }[];
  /** Points that were asked for. */
  readonly combinations: number;
  readonly confidenceLevel: number;
  readonly runsPerPoint: number;
  /** Verdicts of the sweep; the last member of the file. */
  readonly verdicts: Printable;
}

/** A point that is best in something. */
interface Best {
  readonly parameters: PointResults['parameters'];
  readonly metric: number;
  readonly unit: string;
}

/** The text of `profile_export_aiperf_sweep.json`. */
export function sweepJson(points: readonly PointResults[], facts: SweepFacts): string {
  const { throughput, latency, optimal } = bestOf(points);
  return prettyJson({
    aggregation_type: 'sweep',
    num_profile_runs: facts.runs,
    num_successful_runs: facts.successful,
    failed_runs: facts.failed.map(({ label, error }) => ({ label, error })),
    metadata: {
      sweep_parameters: facts.swept,
      num_combinations: facts.combinations,
      sweep_mode: 'repeated',
      confidence_level: new Float(facts.confidenceLevel),
      num_trials_per_value: facts.runsPerPoint,
      aggregation_type: 'sweep',
    },
    per_combination_metrics: points.map(({ parameters, runs }) => ({
      parameters,
      metrics: facts.runsPerPoint === 1 ? singleJson(runs[0]) : repeatedJson(runs, facts.confidenceLevel),
    })),
    best_configurations: {
      best_throughput: throughput && bestJson(throughput),
      best_latency_p99: latency && bestJson(latency),
    },
    pareto_optimal: optimal,
    trade_offs: facts.verdicts,
  });
}

/** The text of `profile_export_aiperf_sweep.csv`: a row for each point, and what is best. */
export function sweepCsv(points: readonly PointResults[], facts: SweepFacts): string {
  const names = facts.swept.map(({ name }) => name);
  const columns = points.map(({ runs }) => spreads(runs, facts));
  const keys = [...new Set(columns.flatMap((metrics) => [...metrics.keys()]))].sort();
  const { throughput, latency, optimal } = bestOf(points);
  const cells = (parameters: PointResults['parameters']) =>
    names.map((name) => text(parameters[name] ?? Number.NaN));
  const best = (title: string, found: Best | undefined) =>
    found === undefined ? [] : [[title, ...cells(found.parameters), decimals(found.metric, 2), found.unit]];
  return [
    [...names, ...keys.flatMap((key) => ['mean', 'std', 'min', 'max', 'cv'].map((stat) => `${key}_${stat}`))],
    ...points.map(({ parameters }, i) => [
      ...cells(parameters),
      ...keys.flatMap((key) => spreadCells(columns[i]?.get(key))),
    ]),
    [],
    ['Best Configurations'],
    ['Configuration', ...names, 'Metric', 'Unit'],
    ...best('Best Throughput', throughput),
    ...best('Best Latency P99', latency),
    [],
    ['Pareto Optimal Points'],
    ...(optimal.length === 0 ? [['None']] : [names, ...optimal.map(cells)]),
    [],
    ['Metadata'],
    ['Field', 'Value'],
    ['Aggregation Type', 'sweep'],
    ['Sweep Parameters', names.join(', ')],
    ['Number of Combinations', `${facts.combinations}`],
    ['Number of Profile Runs', `${facts.runs}`],
    ['Number of Successful Runs', `${facts.successful}`],
  ]
    .map(csvRow)
    .join('');
}

/**
 * The point with the most requests per second, that with the least p99 to the first token (of the whole request where
 * nothing streams), and those that no other beats in both.
 */
function bestOf(points: readonly PointResults[]) {
  const streams = points.some(({ runs }) => runs.some((run) => statsOf(run, timeToFirstToken) !== undefined));
  const measured = points.flatMap(({ parameters, runs }) => {
    const throughput = meanOf(runs, requestThroughput, 'avg');
    const latency = meanOf(runs, streams ? timeToFirstToken : requestLatency, 'p99');
    if (throughput === undefined || latency === undefined) return [];
    return [{ throughput: { parameters, ...throughput }, latency: { parameters, ...latency } }];
  });
  const axes = measured.map(({ throughput, latency }) => ({ x: throughput.metric, y: -latency.metric }));
  const best = <Item extends Best>(candidates: readonly Item[], sign: 1 | -1) =>
    candidates.reduce<Item | undefined>(
      (found, item) => (found === undefined || sign * (item.metric - found.metric) > 0 ? item : found),
      undefined,
    );
  return {
    throughput: best(
      measured.map(({ throughput }) => throughput),
      1,
    ),
    latency: best(
      measured.map(({ latency }) => latency),
      -1,
    ),
    optimal: paretoFrontier(axes)
      .sort((a, b) => a - b)
      .map((i) => measured[i]?.throughput.parameters)
      .filter((parameters) => parameters !== undefined),
  };
}

/** The mean over runs of one statistic; undefined where no run has it. */
function meanOf(runs: readonly Results[], metric: Metric, stat: StatName) {
  const found = runs.flatMap((run) => run.filter(({ tag }) => tag === metric.tag));
  const values = found.flatMap(({ statistics }) => statistics[stat] ?? []);
  if (values.length === 0) return undefined;
  return {
    metric: values.reduce((sum, value) => sum + value, 0) / values.length,
    unit: found[0]?.unit ?? '',
  };
}

function bestJson({ parameters, metric, unit }: Best): Printable {
  return { parameters, metric: new Float(metric), unit };
}

/** With one run for each point: its metrics as they are, with the members that repeated ones have. */
function singleJson(run: Results | undefined): Printable {
  return Object.fromEntries(
    (run ?? []).flatMap(({ tag, unit, statistics }) => {
      const spread = singleSpread(statistics);
      if (spread === undefined) return [];
      const { mean, ...rest } = spreadJson(spread);
      const others = statNames.filter((name) => /^p\d|^count$|^sum$/.test(name));
      const members: Record<string, Printable | undefined> = {
        mean,
        avg: mean,
        ...rest,
        ci_low: mean,
        ci_high: mean,
        unit,
      };
      for (const name of others) {
        const value = statistics[name];
        if (value !== undefined) members[name] = name === 'count' ? value : new Float(value);
      }
      return [[tag, members]];
    }),
  );
}

function repeatedJson(runs: readonly Results[], level: number): Printable {
  return Object.fromEntries(
    [...aggregate(runs, level)].map(([key, { unit, ciLow, ciHigh, ...spread }]) => [
      key,
      { ...spreadJson(spread), ci_low: new Float(ciLow), ci_high: new Float(ciHigh), unit },
    ]),
  );
}

type Spread = Pick<Aggregated, 'mean' | 'std' | 'min' | 'max' | 'cv'>;

/** What the CSV shows of a point, by metric or by metric and statistic. */
function spreads(runs: readonly Results[], facts: SweepFacts): ReadonlyMap<string, Spread> {
  if (facts.runsPerPoint > 1) return aggregate(runs, facts.confidenceLevel);
  return new Map(
    (runs[0] ?? []).flatMap(({ tag, statistics }) => {
      const spread = singleSpread(statistics);
      return spread === undefined ? [] : [[tag, spread] as const];
    }),
  );
}

/** The least and the greatest are those of the requests. */
function singleSpread({ avg, min, max }: Statistics): Spread | undefined {
  return avg === undefined ? undefined : { mean: avg, std: 0, min: min ?? avg, max: max ?? avg, cv: 0 };
}

function spreadCells(spread: Spread | undefined): string[] {
  if (spread === undefined) return ['', '', '', '', ''];
  const { mean, std, min, max, cv } = spread;
  return [...[mean, std, min, max].map((value) => decimals(value, 2)), decimals(cv, 4)];
}

function text(value: number | Float): string {
  return value instanceof Float ? pythonFloat(value.value) : `${value}`;
}
