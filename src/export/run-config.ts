import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Thresholds } from '../metrics/metric.js';
import { configurationMembers, storedConfiguration } from '../util/configuration.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { prettyJson } from './python-json.js';
import type { RunOfSeries } from './series.js';

/** What a run knows of itself before its first request: enough to make its report without it. */
export interface RunConfig {
  /** 12 hex digits, or 32 for one of several runs: the same as in the summary of the run. */
  readonly benchmarkId: string;
  /** What is measured, e.g. `LLM Metrics`. */
  readonly title: string;
  readonly thresholds: Thresholds;
  readonly randomSeed?: number;
  /** The command as typed, secrets masked. */
  readonly cliCommand: string;
  /** The resolved configuration, secrets masked. */
  readonly inputConfig: JsonObject;
  /** `--profile-export-prefix`, by which a later run knows the files of this one. */
  readonly exportPrefix?: string;
  /** Of one of several runs. */
  readonly series?: RunOfSeries;
}

/** The same as it is had back from the file, as far as that says it. */
export interface StoredRunConfig extends Partial<Omit<RunConfig, 'series' | 'exportPrefix'>> {
  /** The point of a sweep that the run was made at: its options by name. Absent for a run of no sweep. */
  readonly sweepPoint?: {
    readonly sweepId: string | undefined;
    readonly values: ReadonlyMap<string, string>;
  };
}

/** Name of the file, in the artifact directory whatever the prefix of the others. */
export const runConfigName = 'run_config.json';

/** The text of `run_config.json`. @param paths of the run's folder and per-record file; undefined: it has none. */
export function runConfigJson(
  config: RunConfig,
  { folder, records }: { readonly folder: string; readonly records: string | undefined },
): string {
  const { oslMismatchPct, oslMismatchTokens, usageDiffPct } = config.thresholds;
  return prettyJson({
    benchmark_id: config.benchmarkId,
    sweep_id: config.series?.sweepId,
    ...configurationMembers('cfg', config.inputConfig),
    variation: config.series?.variation,
    trial: config.series?.trial ?? 0,
    artifact_dir: folder,
    label: config.series?.label,
    records_file: records && basename(records),
    export_prefix: config.exportPrefix,
    cli_command: config.cliCommand,
    random_seed: config.randomSeed,
    report: {
      title: config.title,
      osl_mismatch_pct: oslMismatchPct,
      osl_mismatch_tokens: oslMismatchTokens,
      usage_diff_pct: usageDiffPct,
    },
  });
}

/**
 * What the run whose records are in `recordsFile` said of itself, as far as it did. Undefined where there is no such
 * file in the folder, or only that of another run.
 */
export function readRunConfig(folder: string, recordsFile: string): StoredRunConfig | undefined {
  const json = readJsonObject(join(folder, runConfigName));
  if (json === undefined) return undefined;
  const { benchmark_id, sweep_id, variation, records_file, cli_command, random_seed, report } = json;
  if (records_file !== undefined && records_file !== basename(recordsFile)) return undefined;
  const inputConfig = storedConfiguration('cfg', json);
  const { title, osl_mismatch_pct, osl_mismatch_tokens, usage_diff_pct } = isObject(report) ? report : {};
  const values = sweptValues(isObject(variation) ? variation.values : undefined);
  const sweepId = typeof sweep_id === 'string' ? sweep_id : undefined;
  return {
    ...(typeof benchmark_id === 'string' ? { benchmarkId: benchmark_id } : {}),
    ...(inputConfig === undefined ? {} : { inputConfig }),
    ...(typeof cli_command === 'string' ? { cliCommand: cli_command } : {}),
    ...(typeof random_seed === 'number' ? { randomSeed: random_seed } : {}),
    ...(values.size > 0 ? { sweepPoint: { sweepId, values } } : {}),
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof osl_mismatch_pct === 'number' &&
    typeof osl_mismatch_tokens === 'number' &&
    typeof usage_diff_pct === 'number'
      ? {
          thresholds: {
            oslMismatchPct: osl_mismatch_pct,
            oslMismatchTokens: osl_mismatch_tokens,
            usageDiffPct: usage_diff_pct,
          },
        }
      : {}),
  };
}

/** `{ 'phases.profiling.concurrency': 2 }` as `concurrency` with `2`. */
function sweptValues(values: Json | undefined): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(isObject(values) ? values : {}).map(([place, value]) => [
      place.replace(/^.*\./, ''),
      String(value),
    ]),
  );
}

/** The object in a file; undefined where there is no file, or no whole one. @throws the file system's error. */
export function readJsonObject(path: string): JsonObject | undefined {
  // To read a named pipe would wait for ever.
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
  const text = readFileSync(path, 'utf8');
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : undefined;
  } catch {
    // A process that was killed while it wrote leaves half a file: that says as little as none.
    return undefined;
  }
}
