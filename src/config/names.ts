import { join } from 'node:path';
import type { Config } from './options.js';

/** Where the files of a run go: the folder that was named, or one named after the run. */
export function artifactDirectory(
  config: Pick<Config, 'artifactDir' | 'models' | 'endpointType' | 'concurrency'>,
): string {
  if (config.artifactDir !== undefined) return config.artifactDir;
  const [first = ''] = config.models;
  const model = (config.models.length > 1 ? `${first}_multi` : first).replaceAll('/', '_');
  return join('artifacts', `${model}-openai-${config.endpointType}-concurrency${config.concurrency ?? 1}`);
}

/** File names of a run, relative to its artifact directory, or absolute where the prefix is. */
export interface ExportNames {
  /** What the prefix comes to without a known ending. */
  readonly base: string;
  readonly recordsJsonl: string;
  readonly rawJsonl: string;
  readonly summaryJson: string;
  readonly summaryCsv: string;
  readonly consoleText: string;
}

/** Endings that a prefix may have because it was copied from a file's name; a longer one stands before its tail. */
const knownEndings = [
  ...['parquet', 'jsonl', 'json', 'csv'].map((extension) => `_server_metrics.${extension}`),
  '_gpu_telemetry.jsonl',
  '_network_latency.jsonl',
  '_timeslices.csv',
  '_timeslices.json',
  '_console.txt',
  '_raw.jsonl',
  '.parquet',
  '.csv',
  '.json',
  '.jsonl',
];

/** @param prefix as given, e.g. `foo`, `foo.json` or `foo_raw.jsonl`, which all mean `foo`. */
export function exportNames(prefix: string | undefined): ExportNames {
  const ending = knownEndings.find((candidate) => prefix?.endsWith(candidate)) ?? '';
  const base = prefix === undefined ? 'profile_export' : prefix.slice(0, prefix.length - ending.length);
  const summary = prefix === undefined ? 'profile_export_aiperf' : base;
  return {
    base,
    recordsJsonl: `${base}.jsonl`,
    rawJsonl: `${base}_raw.jsonl`,
    summaryJson: `${summary}.json`,
    summaryCsv: `${summary}.csv`,
    consoleText: `${base}_console.txt`,
  };
}
