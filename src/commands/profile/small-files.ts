import { readFileSync } from 'node:fs';
import type { StoredFile } from '../../cluster/coordinator/held-run.js';
import type { FileKey, RunFiles } from '../../run/files.js';

/** What a coordinator on another machine needs of a point of a series: its results, for comparisons. */
const forComparison = ['config', 'json', 'csv'] as const satisfies readonly FileKey[];

/** The files of a measurement that NATS keeps until its series is over. @throws the file system's error. */
export function smallFiles(files: RunFiles): readonly StoredFile[] {
  return forComparison.map((name) => ({ name, bytes: readFileSync(files[name]) }));
}
