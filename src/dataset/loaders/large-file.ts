import type { Log } from '../../util/log.js';
import type { DatasetOptions } from '../dataset-options.js';
import { planStream, type StreamPlan } from '../stream/stream-plan.js';
import type { TurnRules } from '../turn-rules.js';
import { detectType } from './detect.js';
import { decompressedSize } from './file-size.js';
import type { DatasetType } from './format.js';
import { formatOf } from './formats.js';
import { readRowHead, rowFileOf } from './row-file.js';
import type { RowText } from './row-stream.js';
import { tableRows } from './table-rows.js';
import { containerOf, requireContainer, tableTypeOf } from './table-type.js';

// Rows that are checked before anything else is done with a file that is streamed.
const HEAD_BYTES = 8 * 2 ** 20;

/** Types of which any row may need any other. */
const scattered: Partial<Record<DatasetType, string>> = {
  random_pool: 'requests draw from all of it',
  dag_jsonl: 'the agents of a conversation may be anywhere in it',
  bailian_trace: 'its rows may continue any row before them',
};

/**
 * Plans a file that is large enough to be streamed.
 * @returns undefined if it is not, or must be in memory. @throws UserError for a malformed row in its first part.
 */
export async function planLargeFile(
  path: string,
  options: DatasetOptions,
  rules: TurnRules,
  log: Log,
): Promise<StreamPlan | undefined> {
  const { streamAbove = Number.POSITIVE_INFINITY, needsWholeFile } = options;
  if (decompressedSize(path) <= streamAbove) return undefined;
  const { head, type } = await typedHead(path, options.datasetType);
  const byTimes = formatOf(type).wallClock === 'any order' ? 'its rows are sorted by time' : undefined;
  const obstacle = needsWholeFile ?? scattered[type] ?? byTimes;
  if (obstacle === undefined) return planStream(head, type, options, rules, log);
  log('NOTICE', 'dataset', `${path} is read into memory instead of streamed: ${obstacle}`);
  return undefined;
}

/** The first rows of a file, and its type. */
async function typedHead(path: string, wanted: DatasetType | undefined) {
  const kind = await containerOf(path);
  requireContainer(path, kind, wanted);
  if (kind === 'json') {
    const head = await readRowHead(path, HEAD_BYTES);
    return { head, type: wanted ?? detectType(head) };
  }
  const found: { type?: DatasetType } = {};
  const source = tableRows(path, kind, (columns) => {
    found.type = tableTypeOf(path, kind, columns, wanted);
    return formatOf(found.type);
  });
  const rows: RowText[] = [];
  let bytes = 0;
  for await (const row of source) {
    rows.push(row);
    bytes += row.text.length;
    if (bytes >= HEAD_BYTES) break;
  }
  return { head: rowFileOf(path, rows), type: found.type ?? tableTypeOf(path, kind, [], wanted) };
}
