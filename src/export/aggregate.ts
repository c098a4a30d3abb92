import { fixed } from '../metrics/format.js';
import { type Repeats, repeats } from '../metrics/repeats.js';
import type { Results } from '../metrics/results.js';
import { statNames } from '../metrics/statistics.js';
import { Float, type Printable, prettyJson, pythonFloat } from '../util/python-json.js';
import { csvRow } from './summary-csv.js';

/** Statistics over runs, with the unit of their values. */
export type Aggregated = Repeats & { readonly unit: string };

/** A run that left no complete results. */
export interface FailedRun {
  readonly label: string;
  readonly error: string;
}

/** What an aggregate says besides metrics. */
export interface AggregateFacts {
  readonly version: string;
  /** Runs that were asked for. */
  readonly runs: number;
  /** Of those that succeeded. */
  readonly labels: readonly string[];
  readonly failed: readonly FailedRun[];
  readonly confidenceLevel: number;
  /** Undefined: not known. */
  readonly cooldownSeconds: number | undefined;
  /** Of a point of a sweep. */
  readonly variation?: {
    readonly label: string;
    readonly values: Readonly<Record<string, Printable>>;
    readonly model: string;
  };
}

/**
 * Every statistic of every metric over runs, by `<tag>_<statistic>`, in the order of the first run that has it.
 * @param runs at least one.
 */
export function aggregate(runs: readonly Results[], level: number): ReadonlyMap<string, Aggregated> {
  const aggregated = new Map<string, Aggregated>();
  const tags = new Map(runs.flatMap((run) => run.map(({ tag, unit }) => [tag, unit] as const)));
  for (const [tag, unit] of tags) {
    const found = runs.flatMap((run) => run.filter((result) => result.tag === tag));
    for (const stat of statNames) {
      if (stat === 'count') continue;
      const values = found.flatMap(({ statistics }) => statistics[stat] ?? []).filter(Number.isFinite);
      if (values.length > 0) aggregated.set(`${tag}_${stat}`, { ...repeats(values, level), unit });
    }
  }
  return aggregated;
}

/** The text of `profile_export_aiperf_aggregate.json`. */
export function aggregateJson(metrics: ReadonlyMap<string, Aggregated>, facts: AggregateFacts): string {
  const { variation } = facts;
  return prettyJson({
    schema_version: '1.0',
    aiperf_version: facts.version,
    metadata: {
      aggregation_type: 'confidence',
      num_profile_runs: facts.runs,
      num_successful_runs: facts.labels.length,
      failed_runs: facts.failed.map(({ label, error }) => ({ label, error })),
      confidence_level: new Float(facts.confidenceLevel),
      run_labels: facts.labels,
      single_run: facts.labels.length === 1 ? true : undefined,
      cooldown_seconds: facts.cooldownSeconds === undefined ? undefined : new Float(facts.cooldownSeconds),
      variation_label: variation?.label,
      variation_values: variation?.values,
      sweep_mode: variation && 'repeated',
      model: variation?.model,
    },
    metrics: Object.fromEntries([...metrics].map(([key, metric]) => [key, aggregatedJson(metric)])),
  });
}

/** The text of `profile_export_aiperf_aggregate.csv`. */
export function aggregateCsv(metrics: ReadonlyMap<string, Aggregated>, facts: AggregateFacts): string {
  const rows = [...metrics].map(([key, metric]) => [
    key,
    ...[metric.mean, metric.std, metric.min, metric.max].map((value) => decimals(value, 2)),
    ...[metric.cv, metric.se].map((value) => decimals(value, 4)),
    ...[metric.ciLow, metric.ciHigh].map((value) => decimals(value, 2)),
    metric.tCritical === undefined ? '' : decimals(metric.tCritical, 4),
    metric.unit,
  ]);
  return [
    ['metric', 'mean', 'std', 'min', 'max', 'cv', 'se', 'ci_low', 'ci_high', 't_critical', 'unit'],
    ...rows,
    [],
    ['Aggregation Type', 'confidence'],
    ['Total Runs', `${facts.runs}`],
    ['Successful Runs', `${facts.labels.length}`],
    ['Confidence Level', pythonFloat(facts.confidenceLevel)],
    ['Run Labels', `[${facts.labels.map((label) => `'${label}'`).join(', ')}]`],
    ...(facts.cooldownSeconds === undefined
      ? []
      : [['Cooldown Seconds', pythonFloat(facts.cooldownSeconds)]]),
  ]
    .map(csvRow)
    .join('');
}

/** A value of an aggregate's CSV: Python's `inf` for what has none. */
export function decimals(value: number, digits: number): string {
  return Number.isFinite(value) ? fixed(value, digits) : 'inf';
}

/** The members of an aggregated metric; what is infinite is null. */
function aggregatedJson({ unit, tCritical, se, ...rest }: Aggregated): Printable {
  return {
    ...spreadJson(rest),
    se: new Float(se),
    ci_low: new Float(rest.ciLow),
    ci_high: new Float(rest.ciHigh),
    t_critical: tCritical === undefined ? null : new Float(tCritical),
    unit,
  };
}

/** Mean, spread and range, as both aggregates begin. */
export function spreadJson({
  mean,
  std,
  min,
  max,
  cv,
}: Omit<Repeats, 'se' | 'ciLow' | 'ciHigh' | 'tCritical'>) {
  return {
    mean: new Float(mean),
    std: new Float(std),
    min: new Float(min),
    max: new Float(max),
    cv: Number.isFinite(cv) ? new Float(cv) : null,
  };
}
