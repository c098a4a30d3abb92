import type { Log } from '../../util/log.js';
import type { DatasetOptions } from '../dataset-options.js';
import { planStream, type StreamPlan } from '../stream/stream-plan.js';
import type { TurnRules } from '../turn-rules.js';
import { detectType } from './detect.js';
import { decompressedSize } from './file-size.js';
import type { DatasetType } from './format.js';
import { formatOf } from './formats.js';
import { readRowHead } from './row-file.js';
import { containerOf } from './table-type.js';

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
  if ((await containerOf(path)) !== 'json') return undefined;
  const head = await readRowHead(path, HEAD_BYTES);
  const type = options.datasetType ?? detectType(head);
  const byTimes = formatOf(type).wallClock ? 'its rows are sorted by time' : undefined;
  const obstacle = needsWholeFile ?? scattered[type] ?? byTimes;
  if (obstacle === undefined) return planStream(head, type, options, rules, log);
  log('NOTICE', 'dataset', `${path} is read into memory instead of streamed: ${obstacle}`);
  return undefined;
}
