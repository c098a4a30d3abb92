import { statSync } from 'node:fs';
import type { Log } from '../../util/log.js';
import type { Conversation, Dataset } from '../conversation.js';
import type { DatasetOptions, EndpointContents } from '../dataset-options.js';
import { byTime } from '../loaders/by-time.js';
import type { DatasetType } from '../loaders/format.js';
import { formatOf } from '../loaders/formats.js';
import { readRowText } from '../loaders/read-row.js';
import { openConversations, type RowSettings, rowContext, scriptOf } from '../loaders/row-conversations.js';
import type { RowFile } from '../loaders/row-file.js';
import { planRows, type RowsPlan } from '../loaders/rows.js';
import type { PromptSource } from '../prompts.js';
import type { TokenIdSource } from '../token-ids.js';
import type { TurnRules } from '../turn-rules.js';
import { allocateRing, type RingMemory, RingReader } from './conversation-ring.js';

/**
 * A file that is larger than memory should hold: the indexing thread reads it ahead of the load, checks its rows and
 * puts conversations into the ring, from which they are taken in their order. Plain data.
 */
export interface StreamPlan extends RowSettings, EndpointContents {
  readonly kind: 'stream';
  readonly path: string;
  /** Bytes of the file at the start. */
  readonly fileBytes: number;
  /** Whether any of its first turns has a recorded send time. */
  readonly hasTimestamps: boolean;
  /** Its first rows, which are checked before anything is sent. */
  readonly head: RowsPlan;
  readonly ring: RingMemory;
}

/**
 * @param head the first rows of the file. @param type of the file.
 * @throws UserError for a malformed row among them, naming its line.
 */
export function planStream(
  head: RowFile,
  type: DatasetType,
  options: DatasetOptions,
  rules: TurnRules,
  log: Log,
): StreamPlan {
  const format = formatOf(type);
  const { rows, originMs } = format.wallClock ? byTime(head, format) : { rows: head, originMs: undefined };
  const first = planRows(rows, { type, readAs: type, originMs }, options, rules, log);
  const { path } = head;
  const megabytes = Math.round(head.bytes.length / 1e6);
  log(
    'NOTICE',
    'dataset',
    `${path} is streamed: only its first ${megabytes} MB are checked before the first request; check all rows with: aiperf validate ${path}`,
  );
  const { endpointTakesText, endpointMedia } = options;
  return {
    ...first,
    ...{ kind: 'stream', path, fileBytes: statSync(path).size, head: first, ring: allocateRing() },
    ...{ endpointTakesText, endpointMedia },
  };
}

/** Conversations by position, in any thread: those in the ring. Its size is unlimited: the file repeats. */
export function openStream(
  plan: StreamPlan,
  prompts: PromptSource,
  tokenIds: TokenIdSource | undefined,
): Dataset {
  const ring = new RingReader(plan.ring);
  const conversationOf = openConversations(plan, prompts, tokenIds);
  const format = formatOf(plan.readAs);
  const context = rowContext(plan);
  return { size: Number.POSITIVE_INFINITY, conversation };

  function conversation(position: number): Conversation {
    const { index, firstTurn, rows } = ring.read(position);
    const place = { path: plan.path, lines: [] };
    const read = rows.map((text, row) => readRowText(place, row, text, format, context));
    return conversationOf(scriptOf(plan, read), index, firstTurn);
  }
}

// Less is within the precision of timers.
const SHORT_MS = 10;

/** Logs whether requests had to wait for rows, and whether the file was sent more than once. */
export function logStreamed({ ring, path }: StreamPlan, log: Log): void {
  const { waitedMs, taken, size } = new RingReader(ring);
  if (taken > size) {
    const what = `${taken} sessions were played from ${size} conversations`;
    log('NOTICE', 'load', `${what}: a prefix cache may have answered for the model`);
  }
  if (waitedMs < SHORT_MS) return;
  log(
    'WARNING',
    'load',
    `requests waited ${(waitedMs / 1000).toFixed(2)} s in total until their rows of ${path} were read: the client was the limit. Send a decompressed file from a faster disk, or leave more CPU to the client`,
  );
}
