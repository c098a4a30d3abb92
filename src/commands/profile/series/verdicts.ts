import type { Config } from '../../../config/options.js';
import { type SweepName, sweepable } from '../../../config/sweep.js';
import { outputTokenThroughput } from '../../../metrics/run-metrics.js';
import { metricOf } from '../../../metrics/table.js';
import { type Recommendation, weigh } from '../../../metrics/trade-off.js';
import { sloWords } from '../../../report/slo-words.js';
import type { ShownGroup, ShownPoint, SweepReportFacts } from '../../../report/sweep-report.js';
import { comparedPoint, perUserMetric, type WeighedRun } from '../../../run/compared-point.js';
import { type GpuCount, recordedGpus } from '../../../run/configuration.js';
import { Float, type Printable } from '../../../util/python-json.js';
import { slosOf } from '../../slos.js';
import { printable, type Series, type SeriesPoint, sweptNames, valueText } from './plan.js';

/** What the reports of a series need of its options. */
export interface SeriesReportOptions
  extends Pick<
    Config,
    'confidenceLevel' | 'targetGoodput' | 'numGpus' | 'noSweepTable' | 'consoleExportWidth'
  > {
  readonly models: readonly string[];
  /** By tag or abbreviation. */
  readonly goodput?: Readonly<Record<string, number>> | undefined;
  /** Undefined: not known. */
  readonly profileRunCooldownSeconds?: number | undefined;
}

/** A point with its complete runs, at least one. */
export interface MeasuredPoint {
  readonly planned: SeriesPoint;
  readonly runs: readonly WeighedRun[];
}

/** A group of points with the same work, and its verdict. */
export interface Group extends ShownGroup {
  readonly measured: readonly MeasuredPoint[];
}

/** Weighs the points of a sweep against each other, as far as they do the same work. */
export function groupsOf(
  measured: readonly MeasuredPoint[],
  series: Series,
  config: SeriesReportOptions,
): Group[] {
  const work = series.swept.filter((name) => sweepable[name].role === 'work');
  const rest = besidesWork(series);
  const byWork = new Map<string, MeasuredPoint[]>();
  for (const point of measured) {
    const key = described(work, point.planned);
    byWork.set(key, [...(byWork.get(key) ?? []), point]);
  }
  return [...byWork].map(([name, members]) => {
    const points = members.map((point) => shownPoint(point, rest, series, config));
    return { work: name, points, verdict: weigh(points, config.targetGoodput), measured: members };
  });
}

export function reportFacts(
  groups: readonly Group[],
  series: Series,
  config: SeriesReportOptions,
): SweepReportFacts {
  const all = groups.flatMap(({ points }) => points);
  const rest = besidesWork(series);
  return {
    columns: series.swept.map((name) => sweepable[name].title),
    hasTable: !config.noSweepTable,
    subject: rest.length === 1 ? (rest[0] ?? '') : '',
    load: loadOf(series),
    gpus: gpusOf(groups, config),
    streams: all.some(({ ttft }) => ttft !== undefined),
    objectives: slosOf(config.goodput).map(({ tag, limit }) => {
      const { label, displayUnit, largerIsBetter } = metricOf(tag);
      return sloWords({ label, unit: displayUnit, largerIsBetter, limit });
    }),
    goodShare: config.targetGoodput,
    confidenceLevel: config.confidenceLevel,
    repeated: all.some(({ runs }) => runs > 1),
  };
}

/** GPUs by the option, or by the telemetry of the runs. */
function gpusOf(groups: readonly Group[], { numGpus }: SeriesReportOptions): GpuCount | undefined {
  if (numGpus !== undefined) return { gpus: numGpus, from: '--num-gpus' };
  const runs = groups.flatMap(({ measured }) => measured.flatMap((point) => point.runs));
  return recordedGpus(runs.map(({ facts }) => facts));
}

/** The verdict of each group, as written to the sweep's file. */
export function verdictsJson(
  groups: readonly Group[],
  series: Series,
  config: SeriesReportOptions,
): Printable {
  return groups.map(({ measured, points, verdict, work }) => {
    const parameters = (index: number) => parametersOf(measured[index]?.planned);
    const chosen = (found: Recommendation | undefined) =>
      found && { parameters: parameters(found.point), ties: found.ties.map(parameters) };
    return {
      work: work === '' ? undefined : work,
      throughput: outputTokenThroughput.tag,
      per_user: perUserMetric(measured.flatMap(({ runs }) => runs)).tag,
      num_gpus: gpusOf(groups, config)?.gpus,
      pareto_frontier: verdict.frontier.map(parameters),
      no_difference_beyond_noise: verdict.isTie ? true : undefined,
      client_limited: points.flatMap(({ clientLimited }, i) => (clientLimited ? [parameters(i)] : [])),
      knee: verdict.knee === undefined ? null : parameters(verdict.knee),
      knee_method: loadOf(series) === undefined ? undefined : `kneedle: throughput over ${loadOf(series)}`,
      target_goodput: config.goodput === undefined ? undefined : new Float(config.targetGoodput),
      recommendations: {
        user_experience: chosen(verdict.userExperience),
        balanced: chosen(verdict.balanced),
        cost: chosen(verdict.cost),
      },
    };
  });
}

/** The swept options of a point, by name. */
export function parametersOf(point: SeriesPoint | undefined): Readonly<Record<string, number | Float>> {
  const { parameters = {} } = point ?? {};
  return Object.fromEntries(sweptNames(parameters).map((name) => [name, printable(name, parameters)]));
}

function shownPoint(
  { planned, runs }: MeasuredPoint,
  names: readonly SweepName[],
  series: Series,
  config: SeriesReportOptions,
): ShownPoint {
  const load = loadOf(series);
  const only = names.length === 1 ? names[0] : undefined;
  const place = {
    name: only === undefined ? described(names, planned) : valueText(only, planned.parameters),
    load: load === undefined ? undefined : planned.parameters[load],
  };
  return {
    cells: series.swept.map((name) => valueText(name, planned.parameters)),
    ...comparedPoint(place, runs, config.confidenceLevel),
  };
}

/** The swept options by which points of the same work differ. */
function besidesWork({ swept }: Series): readonly SweepName[] {
  return swept.filter((name) => sweepable[name].role !== 'work');
}

/** The one swept option that says how hard the server is pressed; undefined where there is none, or several. */
function loadOf({ swept }: Series): SweepName | undefined {
  const loads = swept.filter((name) => sweepable[name].role === 'load');
  return loads.length === 1 ? loads[0] : undefined;
}

function described(names: readonly SweepName[], { parameters }: SeriesPoint): string {
  return names.map((name) => `${name} ${valueText(name, parameters)}`).join(' with ');
}
