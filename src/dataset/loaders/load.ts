import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import type { DatasetOptions } from '../dataset-options.js';
import type { TurnRules } from '../turn-rules.js';
import { detectFolderType, detectType, refuseByName } from './detect.js';
import type { DatasetType } from './format.js';
import { formats } from './formats.js';
import { type GraphsPlan, planGraphs } from './graphs.js';
import { defaultBlockSize } from './mooncake-trace.js';
import { type PoolPlan, planPool } from './pool.js';
import { type RowFile, readRowFile } from './row-file.js';
import { planRows, type RowsPlan } from './rows.js';
import { synthesised } from './synthesis.js';

/**
 * Reads and validates every row of a file, or of all files of a folder in name order.
 * @throws UserError if something cannot be read or sent.
 */
export async function planFile(
  path: string,
  options: DatasetOptions,
  rules: TurnRules,
  log: Log,
): Promise<RowsPlan | GraphsPlan | PoolPlan> {
  const isFolder = await isDirectory(path);
  if (isFolder) {
    const files = await readFolder(path);
    const type = options.datasetType ?? detectFolderType(files);
    if (type === 'random_pool') return planPool(await fetched(files, type, options), options, rules);
    throw new UserError(`${path} is a folder, but ${type} needs a file`, 'give one file with --input-file');
  }
  if (!options.datasetType) refuseByName(path);
  const written = await readRowFile(path);
  const type = options.datasetType ?? detectType(written);
  const [file = written] = await fetched([written], type, options);
  if (type === 'random_pool') return planPool([file], options, rules);
  if (type === 'dag_jsonl') return planGraphs(file, options, rules, log);
  const { synthesis, blockSize = defaultBlockSize } = options;
  const rows =
    synthesis !== undefined && type === 'mooncake_trace'
      ? synthesised(file, formats[type], blockSize, synthesis)
      : file;
  return planRows(rows, type, options, rules, log);
}

/** Files whose images are not links any more, where the endpoint takes none. */
async function fetched(
  files: readonly RowFile[],
  type: DatasetType,
  { fetchesImages, blockSize }: DatasetOptions,
): Promise<readonly RowFile[]> {
  if (!fetchesImages) return files;
  const { withFetchedImages } = await import('./fetch-images.js');
  const context = { blockSize, textName: '', warn: () => {} };
  return Promise.all(files.map((file) => withFetchedImages(file, formats[type], context)));
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new UserError(
      missing ? `--input-file ${path} does not exist` : `--input-file cannot be read: ${messageOf(error)}`,
      'check the path; relative ones start at the working directory',
    );
  }
}

async function readFolder(path: string): Promise<RowFile[]> {
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
  if (names.length === 0) throw new UserError(`the folder ${path} holds no files`, 'check --input-file');
  const files: RowFile[] = [];
  for (const name of names) files.push(await readRowFile(join(path, name)));
  return files;
}
