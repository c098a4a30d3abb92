import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../util/errors.js';
import { detectFolderType, type FolderType, folderTypes } from './detect.js';
import type { DatasetType } from './format.js';
import { rowError } from './read-row.js';
import { type RowFile, readRowFile, rowFileOf } from './row-file.js';
import { streamRows } from './row-stream.js';

/** Files that were read, and their type. */
export interface TypedFiles {
  readonly type: DatasetType;
  readonly files: readonly RowFile[];
}

/** The files of a folder by name, and their type. */
export interface FolderFiles {
  readonly type: FolderType;
  readonly paths: readonly string[];
}

/**
 * The files of a folder in the order of their names: the JSON lines of a `raw_payload`, those of all subfolders of a
 * `sagemaker_data_capture`, and every file of a `random_pool`. Names with a leading dot are skipped.
 * @param wanted absent: detected from the first rows.
 * @throws UserError if there are none, and if they are of different types.
 */
export async function folderFiles(path: string, wanted: DatasetType | undefined): Promise<FolderFiles> {
  const asked = wanted === undefined ? undefined : folderTypes.find((type) => type === wanted);
  if (wanted !== undefined && asked === undefined) {
    throw new UserError(`${path} is a folder, but ${wanted} needs a file`, 'give one file with --input-file');
  }
  const nested = await filesOf(path, true);
  const top = await filesOf(path, false);
  const captured = nested.filter(isJsonLines);
  const [first] = captured.length > 0 ? captured : top;
  const type = asked ?? (first === undefined ? 'random_pool' : detectFolderType(await firstRowOf(first)));
  const paths = { sagemaker_data_capture: captured, raw_payload: top.filter(isJsonLines), random_pool: top }[
    type
  ];
  if (paths.length === 0) {
    const kind = type === 'random_pool' ? 'files' : '.jsonl files';
    throw new UserError(`the folder ${path} holds no ${kind}`, 'check --input-file');
  }
  if (wanted === undefined) for (const name of paths) requireType(await firstRowOf(name), type);
  return { type, paths };
}

/** Reads the files of a folder. @throws UserError for what cannot be read. */
export async function readFolder(path: string, wanted: DatasetType | undefined): Promise<TypedFiles> {
  const { type, paths } = await folderFiles(path, wanted);
  const files: RowFile[] = [];
  for (const name of paths) files.push(await readRowFile(name));
  return { type, files };
}

/** A file's first row. @throws UserError if it has none. */
async function firstRowOf(path: string): Promise<RowFile> {
  for await (const row of streamRows(path)) return rowFileOf(path, [row]);
  throw new UserError(`${path} holds no rows`, 'expected one JSON object per line, or a JSON array of them');
}

function requireType(file: RowFile, type: FolderType): void {
  const own = detectFolderType(file);
  if (own === type) return;
  const hint = 'put files of one type into the folder, or name it with --custom-dataset-type';
  throw rowError(file, 0, `the file is a ${own}, and the first of the folder a ${type}`, hint);
}

async function filesOf(folder: string, recursive: boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive });
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function isJsonLines(path: string): boolean {
  return /\.jsonl(\.gz)?$/.test(path);
}
