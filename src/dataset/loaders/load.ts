import { stat } from 'node:fs/promises';
import { messageOf, UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import type { DatasetOptions } from '../dataset-options.js';
import { asRecorded } from '../pace.js';
import type { StreamPlan } from '../stream/stream-plan.js';
import type { TurnRules } from '../turn-rules.js';
import { byTime } from './by-time.js';
import { findCallTrace, readCallTrace } from './call-traces.js';
import { detectType } from './detect.js';
import { readFolder, type TypedFiles } from './folder.js';
import type { DatasetType } from './format.js';
import { formatOf } from './formats.js';
import { type GraphsPlan, planGraphs } from './graphs.js';
import { planLargeFile } from './large-file.js';
import { type PoolPlan, planPool } from './pool.js';
import { changesTimes, withReplayTimes } from './replay.js';
import { collectRows, joinedFiles, type RowFile, readRowFile } from './row-file.js';
import { planRows, type RowsPlan } from './rows.js';
import { synthesised } from './synthesis.js';
import { tableRows } from './table-rows.js';
import { containerOf, requireContainer, tableTypeOf } from './table-type.js';

/**
 * Reads and validates every row of a file, or of all files of a folder in name order.
 * @throws UserError if something cannot be read or sent.
 */
export async function planFile(
  path: string,
  options: DatasetOptions,
  rules: TurnRules,
  log: Log,
): Promise<RowsPlan | GraphsPlan | PoolPlan | StreamPlan> {
  const isFolder = await isDirectory(path);
  const calls = await findCallTrace(path, isFolder, options.datasetType);
  if (calls !== undefined) {
    const { rows, blockSize } = await readCallTrace(path, calls, options, log);
    return planGraphs(rows, calls.type, { ...options, blockSize }, rules, log);
  }
  const streamed = isFolder ? undefined : await planLargeFile(path, options, rules, log);
  if (streamed !== undefined) return streamed;
  const written = isFolder ? await readFolder(path, options.datasetType) : await readTypedFile(path, options);
  const { type } = written;
  const files = await fetched(written.files, type, options);
  if (type === 'random_pool') return planPool(files, options, rules);
  const [first] = files;
  const file = first === undefined || isFolder ? joinedFiles(path, files) : first;
  if (type === 'dag_jsonl') return planGraphs(file, type, options, rules, log);
  const format = formatOf(type);
  const { rows, originMs } = format.wallClock ? byTime(file, format) : { rows: file, originMs: undefined };
  const { synthesis, blockSize, replay, pace = asRecorded } = options;
  if (type === 'baseten_trace' && replay !== undefined && changesTimes(replay, pace)) {
    const timed = withReplayTimes(rows, originMs ?? 0, replay, pace);
    return planRows(timed, { type, readAs: type, originMs }, options, rules, log);
  }
  if (synthesis === undefined || !format.isTrace)
    return planRows(rows, { type, readAs: type, originMs }, options, rules, log);
  const changed = synthesised(rows, format, { blockSize, originMs, textName: '', warn: () => {} }, synthesis);
  const history = type === 'mooncake_trace' ? undefined : 'self-contained';
  return planRows(
    changed,
    { type, readAs: 'mooncake_trace', originMs: undefined, history },
    options,
    rules,
    log,
  );
}

async function readTypedFile(path: string, { datasetType }: DatasetOptions): Promise<TypedFiles> {
  const kind = await containerOf(path);
  requireContainer(path, kind, datasetType);
  if (kind === 'json') {
    const file = await readRowFile(path);
    return { type: datasetType ?? detectType(file), files: [file] };
  }
  const found: { type?: DatasetType } = {};
  const rows = tableRows(path, kind, (columns) => {
    found.type = tableTypeOf(path, kind, columns, datasetType);
    return formatOf(found.type);
  });
  const files = [await collectRows(path, rows)];
  return { type: found.type ?? tableTypeOf(path, kind, [], datasetType), files };
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
  return Promise.all(files.map((file) => withFetchedImages(file, formatOf(type), context)));
}

export async function isDirectory(path: string): Promise<boolean> {
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
