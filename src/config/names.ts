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

/** What the names of a run's files begin with. @param prefix as given, e.g. `foo`, `foo.json` or `foo_raw.jsonl`, which all mean `foo`. */
export function exportBase(prefix: string | undefined): string {
  if (prefix === undefined) return 'profile_export';
  const ending = knownEndings.find((candidate) => prefix.endsWith(candidate)) ?? '';
  return prefix.slice(0, prefix.length - ending.length);
}

/** Names that a prefix must not take: the summary would replace a file of another purpose. */
const takenBases = ['inputs', 'outputs', 'run_config', 'sweep_config', 'phase_manifest', 'mlflow_export'];

/** File systems take names of 255 bytes; the longest ending of ours, while the file is unfinished, has some 30. */
export const MAX_PREFIX_BYTES = 200;

/** Whether files can have this prefix: it must not lead out of their folder, nor onto another file of the run. */
export function isExportPrefix(prefix: string): boolean {
  const base = exportBase(prefix);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a file's name must not hold them.
  const isName = !/^$|^\.|[/\\\0-\x1f\x7f]/.test(base) && Buffer.byteLength(base) <= MAX_PREFIX_BYTES;
  return isName && !takenBases.includes(base);
}
