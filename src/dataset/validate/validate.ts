import { UserError } from '../../util/errors.js';
import { findCallTrace } from '../loaders/call-traces.js';
import { detectType } from '../loaders/detect.js';
import { folderFiles } from '../loaders/folder.js';
import type { DatasetType } from '../loaders/format.js';
import { formatOf } from '../loaders/formats.js';
import { isDirectory } from '../loaders/load.js';
import { stem } from '../loaders/read-row.js';
import { rowFileOf } from '../loaders/row-file.js';
import { containerOf, requireContainer, tableTypeOf } from '../loaders/table-type.js';
import { checkGraph } from './check-graph.js';
import { readCsvRows, readJsonRows, readParquetRows } from './read-rows.js';
import { RowChecks } from './row-checks.js';

/** How a file is validated. */
export interface ValidateOptions {
  /** Absent: detected from the content. */
  readonly datasetType?: DatasetType | undefined;
  /** Tokens per hash ID; absent: the default of the type. */
  readonly blockSize?: number | undefined;
  /** Problems to keep; all are counted. */
  readonly keepProblems: number;
}

/** What was found in a file or folder. */
export interface Validation {
  readonly type: DatasetType;
  readonly files: number;
  readonly checks: RowChecks;
}

/**
 * Reads every row of a file, or of the files of a folder, once, in bounded memory; conversation graphs are held as a run
 * holds them.
 * @throws UserError if there is nothing to read, or the type cannot be told.
 */
export async function validateDataset(path: string, options: ValidateOptions): Promise<Validation> {
  const { datasetType, blockSize, keepProblems } = options;
  const isFolder = await isDirectory(path);
  const calls = await findCallTrace(path, isFolder, datasetType);
  if (calls !== undefined) {
    const { type, files } = calls;
    const checks = new RowChecks(type, blockSize, keepProblems);
    await checkGraph(path, type, checks);
    return { type, files: files.length, checks };
  }
  if (isFolder) {
    const { type, paths } = await folderFiles(path, datasetType);
    const checks = new RowChecks(type, blockSize, keepProblems);
    for (const name of paths) await takeJson(name, checks, type === 'raw_payload' ? stem(name) : undefined);
    return { type, files: paths.length, checks };
  }
  const kind = await containerOf(path);
  requireContainer(path, kind, datasetType);
  if (kind === 'json') {
    const type = datasetType ?? (await detectedType(path));
    const checks = new RowChecks(type, blockSize, keepProblems);
    await takeJson(path, checks);
    // The rest of a graph shows only between its rows.
    if (type === 'dag_jsonl' && checks.problems.count === 0) await checkGraph(path, type, checks);
    return { type, files: 1, checks };
  }
  const found: { type?: DatasetType; checks?: RowChecks } = {};
  const begin = (columns: readonly string[]) => {
    found.type = tableTypeOf(path, kind, columns, datasetType);
    found.checks = new RowChecks(found.type, blockSize, keepProblems);
    return formatOf(found.type);
  };
  const rows = kind === 'csv' ? readCsvRows(path, begin) : readParquetRows(path, begin);
  for await (const { line, text, problem, error } of rows) {
    const { checks } = found;
    if (checks === undefined) throw error ?? new UserError(`${path}:${line}: ${problem}`);
    if (text !== undefined) checks.take(path, line, text);
    else checks.problems.add(path, line, problem ?? '');
  }
  const { type, checks } = found;
  if (type !== undefined && checks !== undefined) return { type, files: 1, checks };
  throw new UserError(`${path} holds no rows`, 'expected the names of columns, then rows');
}

async function takeJson(path: string, checks: RowChecks, fileSession?: string): Promise<void> {
  for await (const { line, text, problem } of readJsonRows(path)) {
    if (text !== undefined) checks.take(path, line, text, fileSession);
    else checks.problems.add(path, line, problem ?? '');
  }
}

/** The type of the first row that tells one. @throws UserError for the first row, if none of the first ones does. */
async function detectedType(path: string): Promise<DatasetType> {
  let refused: UserError | undefined;
  let rows = 0;
  for await (const { line, text, problem, error: end } of readJsonRows(path)) {
    try {
      if (text === undefined) throw end ?? new UserError(`${path}:${line}: ${problem}`);
      return detectType(rowFileOf(path, [{ line, text }]));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refused ??= error;
    }
    if (++rows === ROWS_TO_TELL) break;
  }
  throw (
    refused ??
    new UserError(`${path} holds no rows`, 'expected one JSON object per line, or a JSON array of them')
  );
}

const ROWS_TO_TELL = 100;
