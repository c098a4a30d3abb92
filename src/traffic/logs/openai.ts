import { textOf } from '../../endpoint/payload.js';
import { isObject, type Json, type JsonObject, objectIn } from '../../util/json.js';
import { askedIn } from '../asked.js';
import type { LogFormat, LoggedAnswer } from './log-format.js';
import { timeAt } from './times.js';

const startKeys = [
  ...['timestamp', 'time', 'ts', '@timestamp', 'start_time', 'startTime', 'start', 'request_time'],
  ...[
    'requestTime',
    'request_timestamp',
    'received_at',
    'created_at',
    'createdAt',
    'created',
    'date',
    'datetime',
  ],
];
const endKeys = [
  'end_time',
  'endTime',
  'end',
  'response_time',
  'responseTime',
  'completed_at',
  'finished_at',
];
const requestKeys = ['request', 'request_body', 'requestBody', 'body', 'payload'];
const responseKeys = ['response', 'response_body', 'responseBody', 'completion', 'output'];
const targetKeys = ['url', 'path', 'endpoint', 'uri', 'target'];
const statusKeys = ['status', 'status_code', 'statusCode', 'response_status', 'code'];

/** Pairs of request and response, as gateways and OpenAI's batch files have them; bodies may be texts of JSON. */
export const openaiLog: LogFormat = {
  marks: (row) => objectAt(row, requestKeys) !== undefined,
  read(row) {
    const request = objectAt(row, requestKeys);
    if (request === undefined) return [];
    // A request may be the whole message, with its head.
    const body = objectAt(request, requestKeys) ?? request;
    const target = textAt(request, targetKeys) ?? textAt(row, targetKeys);
    const atMs = timeAt(row, startKeys) ?? (body === request ? undefined : timeAt(request, startKeys));
    return [{ body, target, atMs, endMs: timeAt(row, endKeys), answer: answerOf(row) }];
  },
};

/** Bodies of requests as they were sent; a time of theirs is taken, and an answer if there is one. */
export const rawPayloadLog: LogFormat = {
  marks: (row) => askedIn(row) !== undefined,
  read: (row) => [
    { body: row, atMs: timeAt(row, startKeys), endMs: timeAt(row, endKeys), answer: answerOf(row) },
  ],
};

function answerOf(row: JsonObject): LoggedAnswer {
  if (isFailed(row) || (row.error ?? null) !== null) return { kind: 'failed' };
  for (const key of responseKeys) {
    const value = row[key];
    if (value === undefined || value === null) continue;
    const response = typeof value === 'string' ? (objectIn(value) ?? value) : value;
    if (!isObject(response)) return bodyOf(response);
    if (isFailed(response)) return { kind: 'failed' };
    return bodyOf(response.body ?? response);
  }
  return { kind: 'unknown' };
}

function bodyOf(body: Json): LoggedAnswer {
  return { kind: 'body', body };
}

function isFailed(row: JsonObject): boolean {
  return statusKeys.some((key) => {
    const status = row[key];
    return typeof status === 'number' && status >= 400 && status <= 599;
  });
}

function objectAt(row: JsonObject, keys: readonly string[]): JsonObject | undefined {
  for (const key of keys) {
    const value = row[key];
    const object = typeof value === 'string' ? objectIn(value) : value;
    if (isObject(object)) return object;
  }
  return undefined;
}

function textAt(row: JsonObject, keys: readonly string[]): string | undefined {
  return keys.map((key) => textOf(row[key])).find((text) => text !== '');
}
