import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exportBase } from '../config/names.js';
import { sweepable } from '../config/sweep.js';
import { readJsonObject } from '../util/json-file.js';
import { unfinishedEnding } from '../util/write-whole.js';
import { fileNames, seriesManifest } from './files.js';

/** Files whose names no prefix changes, besides those of a single run of ours. */
const fixedFiles = [
  ...[seriesManifest, 'run_info.json', 'search_history.json', 'search_checkpoint.json'],
  ...['accuracy_export.jsonl', 'mlflow_export.json'],
];

/** Files of a run. @param prefix as the option gives it; undefined: none is given. */
function runFiles(prefix: string | undefined): readonly string[] {
  const base = exportBase(prefix);
  const telemetry = prefix === undefined ? 'gpu_telemetry_export' : `${base}_gpu_telemetry`;
  return [...Object.values(fileNames(prefix)), `${telemetry}.jsonl`];
}

/** Which entries of a folder are ours; those of other names are the user's. */
interface Own {
  readonly isFile: (name: string) => boolean;
  /** Gives what is ours in a subfolder; undefined for a folder of the user's. */
  readonly folder: (name: string) => (() => Own) | undefined;
}

const only = (...patterns: readonly RegExp[]): Own => ({
  isFile: (name) => patterns.some((pattern) => pattern.test(name)),
  folder: () => undefined,
});

const pointAggregate = only(/^profile_export_aiperf_(aggregate|collated)\.(json|csv)$/);
const sweepAggregate = only(
  /^profile_export_aiperf_sweep\.(json|csv)$/,
  /^(sla_breach|degradation_knee|prefill_curve|decode_itl_surface)\.json$/,
);
const simpleFolders: ReadonlyMap<string, Own> = new Map(
  Object.entries({
    logs: only(/^aiperf\.log$/),
    plots: only(
      /^(\w+_over_time|timeslices_\w+|\w+_(distribution|lengths|by_isl))\.(png|svg)$/,
      /^(latency_heatmap|request_timeline|session_lanes|trace_hit_rate|(ttft|gpu_power)_vs_throughput)\.(png|svg)$/,
      /^tokens_per_joule_vs_interactivity\.(png|svg)$/,
      /^pareto_curve_throughput_per_gpu_vs_\w+\.(png|svg)$/,
      /^summary\.txt$/,
      /^aiperf_plot\.log$/,
    ),
    raw_records: only(/^raw_records_.*\.jsonl$/),
    spool: only(/\.spool$/),
    telemetry: only(/\.spool$/),
    sweep_aggregate: sweepAggregate,
    aggregate: {
      ...pointAggregate,
      folder: (name) => () => (name === 'sweep_aggregate' ? sweepAggregate : pointAggregate),
    },
  }),
);

const swept = Object.keys(sweepable).join('|');
/** `concurrency_2__rate_10.0`. */
const pointName = new RegExp(`^(${swept})_[\\d.]+(__(${swept})_[\\d.]+)*$`);

/**
 * What is ours in the folder of a run, or of several.
 * @param prefix of the files of the run that starts there. @param ofSweep the folder is known to hold points.
 */
function ownIn(folder: string, prefix: string | undefined, ofSweep = false): Own {
  const files = new Set([...fixedFiles, ...[undefined, prefix, earlierPrefix(folder)].flatMap(runFiles)]);
  const holdsPoints =
    ofSweep || entriesOf(folder).some(({ name }) => name === seriesManifest || name === 'sweep_aggregate');
  const within = (parent: string, pattern: RegExp, sweep: boolean): Own => ({
    isFile: () => false,
    folder: (name) =>
      pattern.test(name) ? () => ownIn(join(folder, parent, name), prefix, sweep) : undefined,
  });
  return {
    isFile: (name) =>
      files.has(name.endsWith(unfinishedEnding) ? name.slice(0, -unfinishedEnding.length) : name),
    folder: (name) => {
      const simple = simpleFolders.get(name);
      if (simple !== undefined) return () => simple;
      if (name === 'phases') return () => within(name, /./, false);
      if (name === 'profile_runs') return () => within(name, /^(run|trial)_\d{4}$/, true);
      const isRun = /^search_iter_\d{4}$/.test(name) || (holdsPoints && pointName.test(name));
      return isRun ? () => ownIn(join(folder, name), prefix) : undefined;
    },
  };
}

/** The files of an earlier run in a folder, as far as they are there. */
export interface OwnFiles {
  /** Relative to the folder; no folder among them but one that has the name of a file. */
  readonly files: readonly string[];
  /** Relative folders that hold them, or did: inner ones before outer ones. */
  readonly folders: readonly string[];
}

/**
 * The files below a folder that a run of ours, or of AIPerf, has written, by their names. Symbolic links are not
 * followed: one under a name of ours counts as a file.
 * @param prefix of the files of the run that starts there.
 */
export function ownFiles(folder: string, prefix: string | undefined): OwnFiles {
  const files: string[] = [];
  const folders: string[] = [];
  const collect = (at: string, own: Own) => {
    for (const entry of entriesOf(join(folder, at))) {
      const path = join(at, entry.name);
      const inner = own.folder(entry.name);
      if (inner !== undefined && entry.isDirectory()) {
        collect(path, inner());
        folders.push(path);
      } else if (inner === undefined ? own.isFile(entry.name) : entry.isSymbolicLink()) files.push(path);
    }
  };
  collect('', ownIn(folder, prefix));
  return { files, folders };
}

/** The prefix that an earlier run gave its files, as its own configuration names it. */
function earlierPrefix(folder: string): string | undefined {
  const names = fileNames(undefined);
  const { export_prefix: prefix, records_file: records } = readJsonObject(join(folder, names.config)) ?? {};
  const named = prefix ?? (records === names.records ? undefined : records);
  return typeof named === 'string' ? named : undefined;
}

/** None for a folder that is not there. @throws the file system's error otherwise. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw thrown;
  }
}
