import { join } from 'node:path';
import { type Parameters, sweepable } from '../../config/sweep.js';
import type { WeighedRun } from '../../run/compared-point.js';
import { recordedSlos } from '../../run/configuration.js';
import { type RunFacts, readFacts } from '../../run/facts.js';
import { filesIn } from '../../run/files.js';
import { isObject } from '../../util/json.js';
import { Float } from '../../util/python-json.js';
import {
  pointFolder,
  runLabel,
  type Series,
  type SeriesPoint,
  type SeriesRun,
  sweptNames,
} from '../profile/series/plan.js';
import type { SeriesOutcome } from '../profile/series/publish.js';
import type { SeriesReportOptions } from '../profile/series/verdicts.js';

/** A run of a series that was put together. */
export interface MergedPoint {
  /** Relative to that of the series. */
  readonly folder: string;
  /** What its shards know of it. */
  readonly facts: RunFacts;
  /** Why its results are those of a part of its requests, or it has none; undefined: they are whole. */
  readonly failure: string | undefined;
}

/** The series that merged runs are those of, and what became of them. */
export interface MergedSeries {
  readonly series: Series;
  readonly outcome: SeriesOutcome;
  /** Those of the options that its runs record. */
  readonly recorded: Pick<SeriesReportOptions, 'models' | 'goodput' | 'profileRunCooldownSeconds'>;
}

/** Reads the runs of a merged series. @param points in their order. @param cooldownSeconds between repeats; undefined: not known. */
export function readMergedSeries(
  root: string,
  points: readonly MergedPoint[],
  cooldownSeconds: number | undefined,
): MergedSeries {
  const results = new Map<SeriesRun, WeighedRun>();
  const failures = new Map<SeriesRun, string>();
  const found = points.map(({ folder, facts: known, failure }) => {
    const files = filesIn(join(root, folder), undefined);
    const { facts: read, results: stored } = readFacts(files);
    const facts = { ...known, ...read };
    const run: SeriesRun = { folder, label: facts.label ?? runLabel(facts.trial ?? 0) };
    if (failure !== undefined || stored === undefined)
      failures.set(run, failure ?? 'its results could not be written');
    else results.set(run, { facts, summary: { results: stored.metrics } });
    return { facts, run };
  });
  const byPoint = new Map<number, (typeof found)[number][]>();
  for (const one of found) {
    const { variationIndex = 0 } = one.facts;
    byPoint.set(variationIndex, [...(byPoint.get(variationIndex) ?? []), one]);
  }
  const ordered = [...byPoint]
    .sort(([a], [b]) => a - b)
    .map(([, runs]): SeriesPoint => {
      const parameters = parametersIn(runs[0]?.facts ?? {});
      return { parameters, folder: pointFolder(parameters), runs: runs.map(({ run }) => run) };
    });
  const [first] = found;
  return {
    series: {
      swept: sweptNames(ordered[0]?.parameters ?? {}),
      points: ordered,
      runs: found.map(({ run }) => run),
      trials: Math.max(...ordered.map(({ runs }) => runs.length)),
    },
    outcome: { results, failures },
    recorded: {
      models: modelsIn(first?.facts ?? {}),
      goodput: Object.fromEntries(recordedSlos(first?.facts ?? {}).map(({ tag, limit }) => [tag, limit])),
      profileRunCooldownSeconds: cooldownSeconds,
    },
  };
}

/** The swept options of a run, by name. */
function parametersIn({ variationValues = {} }: RunFacts): Parameters {
  const names = sweptNames(sweepable);
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = variationValues[sweepable[name].path];
      return value === undefined ? [] : [[name, Number(value instanceof Float ? value.value : value)]];
    }),
  );
}

function modelsIn({ inputConfig }: RunFacts): readonly string[] {
  const { models } = inputConfig ?? {};
  const items = isObject(models) && Array.isArray(models.items) ? models.items.filter(isObject) : [];
  return items.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
}
