/** File names of a run in its artifact directory. */
export interface ExportNames {
  /** What the prefix comes to without a known ending. */
  readonly base: string;
  readonly recordsJsonl: string;
  readonly rawJsonl: string;
  readonly warmupJsonl: string;
  readonly seriesJsonl: string;
  readonly summaryJson: string;
  readonly summaryCsv: string;
  readonly consoleText: string;
  readonly timeslicesCsv: string;
  readonly timeslicesJson: string;
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
  '_series.jsonl',
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
    warmupJsonl: `${base}_warmup.jsonl`,
    seriesJsonl: `${base}_series.jsonl`,
    summaryJson: `${summary}.json`,
    summaryCsv: `${summary}.csv`,
    consoleText: `${base}_console.txt`,
    timeslicesCsv: `${summary}_timeslices.csv`,
    timeslicesJson: `${summary}_timeslices.json`,
  };
}

/** Names that a prefix must not take: the summary would replace a file of another purpose. */
const takenBases = ['inputs', 'outputs', 'run_config', 'sweep_config', 'phase_manifest', 'mlflow_export'];

/** File systems take names of 255 bytes; the longest ending of ours, while the file is unfinished, has some 30. */
export const MAX_PREFIX_BYTES = 200;

/** Whether files can have this prefix: it must not lead out of their folder, nor onto another file of the run. */
export function isExportPrefix(prefix: string): boolean {
  const { base } = exportNames(prefix);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a file's name must not hold them.
  const isName = !/^$|^\.|[/\\\0-\x1f\x7f]/.test(base) && Buffer.byteLength(base) <= MAX_PREFIX_BYTES;
  return isName && !takenBases.includes(base);
}
