import type { CallType } from '../../config/dataset-types.js';
import type { Log } from '../../util/log.js';
import type { DatasetOptions } from '../dataset-options.js';
import { asRecorded } from '../pace.js';
import type { DatasetType } from './format.js';
import { findJsonFiles } from './json-files.js';
import { SPAN_BLOCK_TOKENS, spanKeys } from './otel/format.js';
import { readSpanRows } from './otel/otel-spans.js';
import type { AgentRows } from './otel/recorded-rows.js';
import { joinedFiles, type RowFile, readRowFile } from './row-file.js';
import { ROUND_BLOCK_TOKENS, roundKeys } from './tracelab/format.js';
import { traceLabRows } from './tracelab/tracelab.js';
import { wekaKeys } from './weka/format.js';
import { wekaRows, withWholeFile } from './weka/weka-trace.js';

const keysOf: Readonly<Record<CallType, RegExp>> = {
  otel_spans: spanKeys,
  weka_trace: wekaKeys,
  tracelab: roundKeys,
};

/** Files with the calls of agents, which are read as a whole. */
export interface CallTrace {
  readonly type: CallType;
  readonly files: readonly string[];
}

/**
 * The files of such a trace at a path.
 * @param wanted the type that was named. @returns undefined if they are of another type.
 * @throws UserError for a folder without JSON files, if the type was named.
 */
export async function findCallTrace(
  path: string,
  isFolder: boolean,
  wanted: DatasetType | undefined,
): Promise<CallTrace | undefined> {
  for (const type of Object.keys(keysOf) as CallType[]) {
    if (wanted !== undefined && wanted !== type) continue;
    const files = await findJsonFiles(path, isFolder, keysOf[type], wanted === type);
    if (files !== undefined) return { type, files };
  }
  return undefined;
}

/** @param path as messages name the trace. @throws UserError naming file and line, for what cannot be read. */
export async function readCallTrace(
  path: string,
  { type, files }: CallTrace,
  { blockSize, pace = asRecorded, models }: Pick<DatasetOptions, 'blockSize' | 'pace' | 'models'>,
  log: Log,
): Promise<AgentRows> {
  if (type === 'weka_trace') {
    const rows = await readRowFiles(path, files, withWholeFile);
    return wekaRows(rows, { blockSize, pace, models });
  }
  if (type === 'tracelab') {
    const size = blockSize ?? ROUND_BLOCK_TOKENS;
    return traceLabRows(await readRowFiles(path, files), { blockSize: size, pace, models }, log);
  }
  const size = blockSize ?? SPAN_BLOCK_TOKENS;
  return { rows: await readSpanRows(path, files, { blockSize: size, pace }, log), blockSize: size };
}

/** @param seen what is made of each file. */
async function readRowFiles(
  path: string,
  paths: readonly string[],
  seen = (file: RowFile) => file,
): Promise<RowFile> {
  const files: RowFile[] = [];
  for (const name of paths) files.push(seen(await readRowFile(name)));
  const [first] = files;
  return files.length === 1 && first !== undefined ? first : joinedFiles(path, files);
}
