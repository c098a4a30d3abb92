import { join } from 'node:path';
import {
  type AggregateFacts,
  aggregate,
  aggregateCsv,
  aggregateJson,
  type FailedRun,
} from '../../../export/aggregate.js';
import { sweepCsv, sweepJson } from '../../../export/sweep-aggregate.js';
import type { Results } from '../../../metrics/results.js';
import { layoutOn } from '../../../report/layout.js';
import { repeatsTable } from '../../../report/repeats-table.js';
import { sweepReport } from '../../../report/sweep-report.js';
import type { WeighedRun } from '../../../run/compared-point.js';
import type { Io } from '../../../util/io.js';
import type { Log } from '../../../util/log.js';
import { oneLine } from '../../../util/plain-text.js';
import { version } from '../../../util/version.js';
import { writeWithFolder } from '../../../util/write-whole.js';
import {
  printable,
  type Series,
  type SeriesPoint,
  type SeriesRun,
  sweptNames,
  variationLabel,
  variationValues,
} from './plan.js';
import {
  groupsOf,
  type MeasuredPoint,
  parametersOf,
  reportFacts,
  type SeriesReportOptions,
  verdictsJson,
} from './verdicts.js';

/** What became of the runs of a series. */
export interface SeriesOutcome {
  readonly results: ReadonlyMap<SeriesRun, WeighedRun>;
  readonly failures: ReadonlyMap<SeriesRun, string>;
}

/** The names of AIPerf's aggregates, whatever the prefix of other files. */
const aggregateName = 'profile_export_aiperf_aggregate';
const sweepName = 'profile_export_aiperf_sweep';

/**
 * Writes the aggregates of all runs that left complete results, and prints what they come to.
 * @returns whether every file was written.
 */
export function publishSeries(
  series: Series,
  outcome: SeriesOutcome,
  {
    root,
    config,
    stdout,
    env,
    log,
  }: Pick<Io, 'stdout' | 'env'> & { root: string; config: SeriesReportOptions; log: Log },
): boolean {
  const measured = series.points.flatMap((planned): readonly MeasuredPoint[] => {
    const runs = planned.runs.flatMap((run) => outcome.results.get(run) ?? []);
    return runs.length === 0 ? [] : [{ planned, runs }];
  });
  const aggregated = measured.map(({ planned, runs }) => ({
    planned,
    runs: runs.length,
    metrics: aggregate(resultsOf(runs), config.confidenceLevel),
  }));
  const files = aggregated.flatMap(({ planned, metrics }) => {
    const facts = aggregateFacts(planned, outcome, series, config);
    const path = join('aggregate', planned.folder, aggregateName);
    return [
      { path: `${path}.json`, text: aggregateJson(metrics, facts) },
      { path: `${path}.csv`, text: aggregateCsv(metrics, facts) },
    ];
  });
  const layout = layoutOn(stdout, config.consoleExportWidth, env);
  if (series.swept.length === 0) {
    for (const { metrics, runs } of aggregated)
      stdout.write(repeatsTable(metrics, config.confidenceLevel, runs, layout));
    for (const { path } of files)
      stdout.write(
        `${path.endsWith('.csv') ? 'Aggregate CSV' : 'Aggregate JSON'}: ${oneLine(join(root, path))}\n`,
      );
  } else if (measured.length > 0) {
    const groups = groupsOf(measured, series, config);
    const points = measured.map(({ planned, runs }) => ({
      parameters: parametersOf(planned),
      runs: resultsOf(runs),
    }));
    const facts = {
      runs: series.runs.length,
      successful: outcome.results.size,
      failed: series.runs.flatMap((run) => failed(run, run.folder, outcome)),
      swept: sweptValues(series),
      combinations: series.points.length,
      confidenceLevel: config.confidenceLevel,
      runsPerPoint: series.trials,
      verdicts: verdictsJson(groups, series, config),
    };
    const path = join(series.trials > 1 ? 'aggregate' : '', 'sweep_aggregate', sweepName);
    files.push(
      { path: `${path}.json`, text: sweepJson(points, facts) },
      { path: `${path}.csv`, text: sweepCsv(points, facts) },
    );
    stdout.write(sweepReport(groups, reportFacts(groups, series, config), layout));
    stdout.write(
      `\nSweep JSON: ${oneLine(join(root, path))}.json\nSweep CSV: ${oneLine(join(root, path))}.csv\n`,
    );
  }
  return files.map(({ path, text }) => write(join(root, path), text, log)).every((written) => written);
}

function resultsOf(runs: readonly WeighedRun[]): readonly Results[] {
  return runs.map(({ summary }) => summary.results);
}

function aggregateFacts(
  { runs, parameters }: SeriesPoint,
  outcome: SeriesOutcome,
  series: Series,
  config: SeriesReportOptions,
): AggregateFacts {
  return {
    version,
    runs: series.trials,
    labels: runs.filter((run) => outcome.results.has(run)).map(({ label }) => label),
    failed: runs.flatMap((run) => failed(run, run.label, outcome)),
    confidenceLevel: config.confidenceLevel,
    cooldownSeconds: config.profileRunCooldownSeconds,
    ...(series.swept.length === 0
      ? {}
      : {
          variation: {
            label: variationLabel(parameters),
            values: variationValues(parameters),
            model: config.models[0] ?? '',
          },
        }),
  };
}

function failed(run: SeriesRun, label: string, { failures }: SeriesOutcome): FailedRun[] {
  const error = failures.get(run);
  return error === undefined ? [] : [{ label, error }];
}

/** Every value that an option has at some point. */
function sweptValues({ swept, points }: Series) {
  return swept.map((name) => {
    const values = new Map(
      points
        .filter(({ parameters }) => sweptNames(parameters).includes(name))
        .map(({ parameters }) => [parameters[name], printable(name, parameters)]),
    );
    return { name, values: [...values.values()] };
  });
}

function write(path: string, text: string, log: Log): boolean {
  const troubles = writeWithFolder(path, text);
  for (const trouble of troubles) log('ERROR', 'export', trouble);
  return troubles.length === 0;
}
