/** Endings that a prefix may have because it was copied from a file name; longer ones come first. */
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

/** The base name of a run's files. @param prefix as given: `foo`, `foo.json` and `foo_raw.jsonl` all mean `foo`. */
export function exportBase(prefix: string | undefined): string {
  if (prefix === undefined) return 'profile_export';
  const ending = knownEndings.find((candidate) => prefix.endsWith(candidate)) ?? '';
  return prefix.slice(0, prefix.length - ending.length);
}

/** Reserved base names: the summary would overwrite a file with another purpose. */
const takenBases = ['inputs', 'outputs', 'run_config', 'sweep_config', 'phase_manifest', 'mlflow_export'];

/** File systems allow 255 bytes per name; our longest ending, that of an unfinished file, has about 30. */
export const MAX_PREFIX_BYTES = 200;

/** Whether a prefix is usable: it must not leave the output directory or collide with another file of the run. */
export function isExportPrefix(prefix: string): boolean {
  const base = exportBase(prefix);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: file names must not contain them.
  const isName = !/^$|^\.|[/\\\0-\x1f\x7f]/.test(base) && Buffer.byteLength(base) <= MAX_PREFIX_BYTES;
  return isName && !takenBases.includes(base);
}
