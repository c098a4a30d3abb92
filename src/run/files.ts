import { resolve } from 'node:path';
import { exportBase } from '../config/names.js';

/** A file that a run may leave. */
interface RunFile {
  /**
   * In the run's folder. `{base}` is derived from `--profile-export-prefix`, `{summary}`, `{outputs}`, `{server}` and
   * `{gpu}` are its forms for these.
   */
  readonly name: string;
  /** What lists of the run's files call it; absent: they leave it out. */
  readonly label?: string;
}

/** Every file of a run, and the folder that finished records are spooled to, in the order of lists. */
const runFiles = {
  log: { name: 'logs/aiperf.log' },
  inputs: { name: 'inputs.json' },
  /** What a run knows of itself before its first request. */
  config: { name: 'run_config.json' },
  spool: { name: 'spool' },
  /** What was read from servers and GPUs, during the run. */
  telemetrySpool: { name: 'telemetry' },
  csv: { name: '{summary}.csv', label: 'CSV Export' },
  json: { name: '{summary}.json', label: 'JSON Export' },
  console: { name: '{base}_console.txt' },
  records: { name: '{base}.jsonl', label: 'Records Export' },
  raw: { name: '{base}_raw.jsonl', label: 'Raw Records' },
  /** Records of the warm-up. */
  warmup: { name: '{base}_warmup.jsonl' },
  /** Telemetry over time. */
  series: { name: '{base}_series.jsonl' },
  /** A line for each GPU and sample. */
  gpu: { name: '{gpu}.jsonl' },
  /** A line for each probe of the network. */
  networkLatency: { name: '{base}_network_latency.jsonl' },
  serverMetricsCsv: { name: '{server}.csv', label: 'Server Metrics CSV Export' },
  serverMetricsJson: { name: '{server}.json', label: 'Server Metrics JSON Export' },
  serverMetricsJsonl: { name: '{server}.jsonl' },
  serverMetricsParquet: { name: '{server}.parquet' },
  timeslicesCsv: { name: '{summary}_timeslices.csv', label: 'Timeslice CSV Export' },
  timeslicesJson: { name: '{summary}_timeslices.json', label: 'Timeslice JSON Export' },
  /** Of a run that lost a shard. */
  offeredCsv: { name: '{summary}_offered_load.csv', label: 'Offered Load CSV Export' },
  page: { name: 'report.html', label: 'HTML Report' },
  outputs: { name: '{outputs}.json', label: 'Outputs Export' },
  /** During the run. */
  unsortedOutputs: { name: '{outputs}.json.part' },
  /** The list of the phases, each of which has a summary of its own. */
  phaseManifest: { name: 'phase_manifest.json' },
  warmupCsv: { name: 'phases/warmup/profile_export_aiperf.csv' },
  warmupJson: { name: 'phases/warmup/profile_export_aiperf.json' },
  warmupServerMetrics: { name: 'phases/warmup/server_metrics.json' },
  profilingCsv: { name: 'phases/profiling/profile_export_aiperf.csv' },
  profilingJson: { name: 'phases/profiling/profile_export_aiperf.json' },
  profilingServerMetrics: { name: 'phases/profiling/server_metrics.json' },
  /** The run on an MLflow server. */
  mlflowExport: { name: 'mlflow_export.json' },
  /** Written when all others are: AIPerf's readers take no folder without it. */
  ready: { name: '.aiperf_results_ready.json' },
} satisfies Readonly<Record<string, RunFile>>;

/** One of a run's files. */
export type FileKey = keyof typeof runFiles;

const entries = Object.entries<RunFile>(runFiles) as readonly (readonly [FileKey, RunFile])[];

/** Absolute paths of what a run may leave, and of its folder. */
export type RunFiles = Readonly<Record<FileKey | 'folder', string>>;

/** The names of a run's files in its folder. @param prefix of the files, as it was given to the run. */
export function fileNames(prefix: string | undefined): Readonly<Record<FileKey, string>> {
  const base = exportBase(prefix);
  const summary = prefix === undefined ? `${base}_aiperf` : base;
  const outputs = prefix === undefined ? 'outputs' : `${base}_outputs`;
  const server = prefix === undefined ? 'server_metrics_export' : `${base}_server_metrics`;
  const gpu = prefix === undefined ? 'gpu_telemetry_export' : `${base}_gpu_telemetry`;
  const named = entries.map(([key, { name }]) => [
    key,
    name
      .replace('{base}', base)
      .replace('{summary}', summary)
      .replace('{outputs}', outputs)
      .replace('{server}', server)
      .replace('{gpu}', gpu),
  ]);
  return Object.fromEntries(named);
}

/** The files of the run in a folder. @param prefix of the files, as it was given to the run. */
export function filesIn(dir: string, prefix: string | undefined): RunFiles {
  const folder = resolve(dir);
  const paths = Object.entries(fileNames(prefix)).map(([key, name]) => [key, resolve(folder, name)]);
  return { ...Object.fromEntries(paths), folder };
}

/** A file with what lists call it. */
export interface LabelledFile {
  readonly key: FileKey;
  readonly label: string;
  readonly path: string;
}

/** The files that lists show, in their order. */
export function labelledFiles(files: RunFiles): readonly LabelledFile[] {
  return entries.flatMap(([key, { label }]) =>
    label === undefined ? [] : [{ key, label, path: files[key] }],
  );
}

/** Folder in a run's folder that keeps the files of the run before it. */
export const previousFolder = 'previous';

/** What a series of runs is known by when it is taken up again; in the folder of the series. */
export const seriesManifest = 'sweep_config.json';
