import { lstatSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { readJsonObject } from '../../util/json-file.js';
import type { Printable } from '../../util/python-json.js';
import type { WatchedResult } from '../messages.js';
import { type Answer, failure } from './answer.js';
import type { ApiState } from './state.js';

const types: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.jsonl': 'application/x-ndjson',
  '.csv': 'text/csv; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

/** `/api/results`. @param result undefined until the files are written. */
export function resultsBody(result: WatchedResult | undefined): Printable {
  if (result === undefined) return { status: 'running', results: null };
  const { folder, summaryFile, wasCancelled } = result;
  const results = summaryFile === undefined ? undefined : readJsonObject(join(folder, summaryFile));
  const isComplete = results !== undefined && results.is_complete !== false;
  const status = wasCancelled ? 'cancelled' : isComplete ? 'complete' : 'incomplete';
  return { status, results: results ?? null };
}

/** `/api/results/list`: the files in the folder of the run, those in folders below it left out. */
export function resultsList({ result, systemState }: Pick<ApiState, 'result' | 'systemState'>): Printable {
  const names = result === undefined ? [] : readdirSync(result.folder).filter(isFileName).sort();
  return {
    files: names.flatMap((name) => {
      const size = sizeOf(join(result?.folder ?? '', name));
      return size === undefined ? [] : [{ name, size }];
    }),
    ready: result !== undefined,
    processing: systemState === 'processing',
    ...{ partial: false, failed_exporters: [] },
  };
}

/** `/api/results/files/{name}`: one of these files. */
export function resultFile(result: WatchedResult | undefined, name: string): Answer {
  if (!isFileName(name)) return failure(400, 'A file is named without a folder.');
  if (result === undefined) return failure(404, 'The files are not written yet.');
  const file = join(result.folder, name);
  if (sizeOf(file) === undefined) return failure(404, `The run has no file ${name}.`);
  const saveAs = name.replaceAll(/[^\w.-]/g, '_');
  return {
    ...{ status: 200, type: types[extname(name)] ?? 'application/octet-stream', file },
    headers: { 'content-disposition': `attachment; filename="${saveAs}"` },
  };
}

function isFileName(name: string): boolean {
  return /^[^.\\/\0][^\\/\0]*$/.test(name) && basename(name) === name;
}

/** In bytes; undefined for what is no file: links lead elsewhere. */
function sizeOf(path: string): number | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : undefined;
}
