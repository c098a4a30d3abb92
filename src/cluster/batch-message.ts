import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import type { RecordBatch } from '../records/pack.js';
import type { Observation } from '../telemetry/time-series.js';
import { BadMessage, type BatchHead, batchHead, readMessage } from './messages.js';

/** What one load thread of a shard has handed over. */
export interface ThreadItem {
  readonly thread: number;
  readonly item: RecordBatch | Observation;
}

/** Digest before the first message of a shard. */
export const FIRST_DIGEST = '0'.repeat(64);

/** Length of the head, u32. */
const HEAD_AT = 4;

/** The running digest after a message with these bytes. */
export function nextDigest(before: string, body: Uint8Array): string {
  return createHash('sha256').update(before, 'hex').update(body).digest('hex');
}

/** A message: length of its head, the head as JSON, the body. */
export function messageOfBatch(head: BatchHead, body: Uint8Array): Uint8Array {
  const json = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(HEAD_AT);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, body]);
}

/** @throws BadMessage */
export function readBatchMessage(bytes: Uint8Array): { readonly head: BatchHead; readonly body: Uint8Array } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.length < HEAD_AT ? Number.POSITIVE_INFINITY : view.readUInt32LE();
  if (HEAD_AT + length > view.length) throw new BadMessage('a message with records is cut off');
  const head = readMessage(batchHead, view.toString('utf8', HEAD_AT, HEAD_AT + length));
  return { head, body: view.subarray(HEAD_AT + length) };
}

/** The items of a batch as bytes, not compressed. */
export function bytesOfItems(items: readonly ThreadItem[]): Buffer {
  return serialize(items);
}

/** @throws BadMessage for bytes that are no items. */
export function itemsOfBytes(bytes: Uint8Array): readonly ThreadItem[] {
  let items: unknown;
  try {
    items = deserialize(bytes);
  } catch {
    throw new BadMessage('the records of a message cannot be read');
  }
  if (!Array.isArray(items) || !items.every(isThreadItem))
    throw new BadMessage('a message holds something else than records');
  return items;
}

function isThreadItem(value: unknown): value is ThreadItem {
  if (typeof value !== 'object' || value === null || !('thread' in value) || !('item' in value)) return false;
  const { thread, item } = value;
  if (!Number.isSafeInteger(thread) || typeof item !== 'object' || item === null) return false;
  if ('samples' in item) return Array.isArray(item.samples) && 'atNs' in item;
  return (
    'numbers' in item &&
    item.numbers instanceof Float64Array &&
    'strings' in item &&
    item.strings instanceof Uint8Array &&
    'records' in item &&
    Number.isSafeInteger(item.records)
  );
}
