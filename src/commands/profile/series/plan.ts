import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { ConfigPoint } from '../../../config/load.js';
import { hasWarmup, withRequests } from '../../../config/load-mode.js';
import type { Config, profileOptions } from '../../../config/options.js';
import { type Parameters, type SweepName, sweepable } from '../../../config/sweep.js';
import type { SeriesFacts } from '../../../run/facts.js';
import { UserError } from '../../../util/errors.js';
import { andList } from '../../../util/lists.js';
import { Float, pythonFloat } from '../../../util/python-json.js';
import { datasetEntries } from '../dataset-entries.js';

/** A point of a sweep, or the only one of a run that is repeated. */
export interface SeriesPoint<Run extends SeriesRun = SeriesRun> {
  readonly parameters: Parameters;
  /** `concurrency_2__rate_10.0`; empty for the only one. */
  readonly folder: string;
  readonly runs: readonly Run[];
}

/** One run of several. */
export interface SeriesRun {
  /** Relative to that of the series. */
  readonly folder: string;
  /** `run_0001` for the first trial. */
  readonly label: string;
}

/** One that is to be made. */
export interface PlannedRun extends SeriesRun {
  /** As it is run: with its own folder, its seed and its requests. */
  readonly config: Config;
  readonly trial: number;
  readonly point: number;
}

/** A point that is to be measured. */
export type PlannedPoint = SeriesPoint<PlannedRun>;

/** Several runs: points, each of them repeated. */
export interface Series<Run extends SeriesRun = SeriesRun> {
  /** The swept options in the order of a grid; empty for mere repeats. */
  readonly swept: readonly SweepName[];
  readonly points: readonly SeriesPoint<Run>[];
  /** In the order in which they are run. */
  readonly runs: readonly Run[];
  readonly trials: number;
}

/** Used when none is given, so that all runs send the same. */
const CONSISTENT_SEED = 42;

/** Seeds of the trials where the options leave them open. */
export function drawSeeds({ randomSeed, setConsistentSeed, numProfileRuns }: Config): readonly number[] {
  return Array.from(
    { length: numProfileRuns },
    () => randomSeed ?? (setConsistentSeed ? CONSISTENT_SEED : randomInt(2 ** 31)),
  );
}

/**
 * Lays out the runs of a series.
 * @param root folder of the series. @param seeds of its trials.
 */
export function planSeries(
  points: readonly ConfigPoint<typeof profileOptions>[],
  root: string,
  seeds: readonly number[],
): Series<PlannedRun> {
  const swept = sweptNames(points[0]?.parameters ?? {});
  const trials = points[0]?.config.numProfileRuns ?? 1;
  // One dataset for all points, as large as the largest needs it.
  const entries = Math.max(...points.map(({ config }) => datasetEntries(withRequests(config))));
  const isIndependent = points[0]?.config.parameterSweepMode === 'independent';
  const planned = points.map(({ config, parameters }, point): PlannedPoint => {
    const name = pointFolder(parameters);
    const runs = seeds.slice(0, trials).map((seed, trial): PlannedRun => {
      const folder = runFolder(name, trial, trials, config.parameterSweepMode);
      const settled = settle(withRequests(config), swept, trial);
      const randomSeed = config.parameterSweepSameSeed ? seed : seed + point;
      return {
        config: {
          ...settled,
          // Those of a public data set are there, and read as far as each point needs them.
          numDatasetEntries: config.publicDataset === undefined ? entries : config.numDatasetEntries,
          ...{ randomSeed, artifactDir: join(root, folder) },
          startAt: startOf(config, isIndependent ? point * trials + trial : trial * points.length + point),
        },
        ...{ folder, trial, point, label: runLabel(trial) },
      };
    });
    return { parameters, folder: name, runs };
  });
  const runs = isIndependent
    ? planned.flatMap((point) => point.runs)
    : seeds.slice(0, trials).flatMap((_, trial) => planned.flatMap((point) => point.runs[trial] ?? []));
  return { swept, points: planned, runs, trials };
}

/** When a run starts by the options, ms since 1970; undefined: when it is ready. @param place among all runs, from 0. */
function startOf({ startAt, startEvery }: Config, place: number): number | undefined {
  if (place === 0 || startAt === undefined) return startAt;
  return startEvery === undefined ? undefined : startAt + place * startEvery * 1000;
}

/** Seconds between the end of a run and the beginning of the next, at least. */
export function coolDownSeconds(before: PlannedRun, { config, trial, point }: PlannedRun): number {
  const isRepeat =
    config.parameterSweepMode === 'independent' ? point === before.point : trial !== before.trial;
  return isRepeat ? config.profileRunCooldownSeconds : config.parameterSweepCooldownSeconds;
}

/** @throws UserError for runs that cannot be over before the next one has to start. */
export function requireSlots({ runs }: Series<PlannedRun>): void {
  for (const [place, run] of runs.entries()) {
    const next = runs[place + 1];
    const { startEvery, benchmarkDuration = 0 } = run.config;
    if (next === undefined || startEvery === undefined) continue;
    const parts = [
      { seconds: benchmarkDuration, name: '--benchmark-duration' },
      { seconds: coolDownSeconds(run, next), name: 'the pause between runs' },
      { seconds: next.config.warmupDuration ?? 0, name: '--warmup-duration' },
    ].filter(({ seconds }) => seconds > 0);
    const least = parts.reduce((sum, { seconds }) => sum + seconds, 0);
    if (least < startEvery) continue;
    throw new UserError(
      `--start-every must be above ${least} s (${andList(parts.map(({ seconds, name }) => `${name} ${seconds}`))}), got ${startEvery}.`,
      'Leave time for the last responses of each run as well, and for writing its files.',
    );
  }
}

/** What a run's files say of its place in the series. */
export function seriesFacts(run: PlannedRun, { points }: Series<PlannedRun>, sweepId: string): SeriesFacts {
  const { parameters = {} } = points[run.point] ?? {};
  return {
    sweepId,
    trial: run.trial,
    label: run.label,
    variationIndex: run.point,
    variationLabel: variationLabel(parameters),
    variationValues: variationValues(parameters),
  };
}

/** `phases.profiling.concurrency=2`; `base` for no parameters. */
export function variationLabel(parameters: Parameters): string {
  const parts = sweptNames(parameters).map(
    (name) => `${sweepable[name].path}=${valueText(name, parameters)}`,
  );
  return parts.length === 0 ? 'base' : parts.join(', ');
}

export function variationValues(parameters: Parameters): Readonly<Record<string, number | Float>> {
  return Object.fromEntries(
    sweptNames(parameters).map((name) => [sweepable[name].path, printable(name, parameters)]),
  );
}

export function sweptNames(parameters: object): readonly SweepName[] {
  const isName = (key: string): key is SweepName => key in sweepable;
  return Object.keys(parameters).filter(isName);
}

/** A parameter's value as files show it: a rate always has a decimal point. */
export function printable(name: SweepName, parameters: Parameters): number | Float {
  const value = parameters[name] ?? Number.NaN;
  return sweepable[name].integer ? value : new Float(value);
}

export function valueText(name: SweepName, parameters: Parameters): string {
  const value = printable(name, parameters);
  return value instanceof Float ? pythonFloat(value.value) : `${value}`;
}

/** The folder of a point: `concurrency_2__rate_10.0`. */
export function pointFolder(parameters: Parameters): string {
  return sweptNames(parameters)
    .map((name) => `${name}_${valueText(name, parameters)}`)
    .join('__');
}

function runFolder(point: string, trial: number, trials: number, mode: Config['parameterSweepMode']): string {
  if (trials === 1) return point;
  if (point === '') return join('profile_runs', runLabel(trial));
  const trialFolder = join('profile_runs', `trial_${numbered(trial)}`);
  return mode === 'independent' ? join(point, trialFolder) : join(trialFolder, point);
}

/** What a repeat is called. @param trial from 0. */
export function runLabel(trial: number): string {
  return `run_${numbered(trial)}`;
}

function numbered(trial: number): string {
  return String(trial + 1).padStart(4, '0');
}

/** Warm-up as this run has it: at one stream where the streams are swept, and none before a repeat. */
function settle(config: Config, swept: readonly SweepName[], trial: number): Config {
  if (!hasWarmup(config)) return config;
  if (trial > 0 && config.profileRunDisableWarmupAfterFirst) {
    return {
      ...config,
      warmupRequestCount: undefined,
      warmupDuration: undefined,
      numWarmupSessions: undefined,
    };
  }
  return {
    ...config,
    ...(swept.includes('concurrency') ? { warmupConcurrency: config.warmupConcurrency ?? 1 } : {}),
    ...(swept.includes('prefill_concurrency')
      ? { warmupPrefillConcurrency: config.warmupPrefillConcurrency ?? 1 }
      : {}),
  };
}
