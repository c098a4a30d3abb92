import type { JsonObject } from '../../../util/json.js';
import type { HashId } from '../../hash-id.js';
import {
  hashIdsField,
  integerField,
  lengthField,
  mismatch,
  numberField,
  objectListField,
  stringField,
} from '../fields.js';
import { RowError } from '../format.js';

/** A session of agents, as Weka's KV cache tester records it. */
export interface WekaTrace {
  readonly id: string;
  /** Tokens per hash id. */
  readonly blockSize: number;
  readonly requests: readonly (WekaRequest | WekaSubagent)[];
}

export interface WekaRequest {
  readonly kind: 'request';
  /** Ms since the start of the trace. */
  readonly startMs: number;
  readonly endMs: number;
  readonly model: string | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly hashIds: readonly HashId[];
}

interface WekaSubagent {
  readonly kind: 'subagent';
  readonly id: string;
  readonly startMs: number;
  /** Undefined if its end was not recorded. */
  readonly endMs: number | undefined;
  readonly requests: readonly WekaRequest[];
}

/** @throws RowError for a malformed trace, naming the request. */
export function readWekaTrace(row: JsonObject): WekaTrace {
  const id = required(row, 'id', stringField);
  const blockSize = required(row, 'block_size', integerField);
  if (blockSize < 1) throw mismatch('block_size', 'at least 1', blockSize);
  const scope = required(row, 'hash_id_scope', stringField);
  if (scope !== 'local')
    throw mismatch('hash_id_scope', 'local: ids of one trace mean nothing in another', scope);
  const requests = required(row, 'requests', objectListField).map((request, place) =>
    inRequest(place, () => (request.type === 'subagent' ? readSubagent(request) : readRequest(request, 0))),
  );
  if (requests.every((request) => request.kind === 'subagent' && request.requests.length === 0))
    throw new RowError('requests holds no request to send');
  return { id, blockSize, requests };
}

// Times are sums of decimal fractions.
const ROUNDING_MS = 0.001;

/** @param earliestMs start of the agent: times before it count from it, as older traces have them. */
function readRequest(request: JsonObject, earliestMs: number): WekaRequest {
  if (request.type !== 'n' && request.type !== 's')
    throw mismatch('type', 'n, s or subagent', request.type ?? null);
  const startMs = timeOf(request);
  const sinceTraceMs = startMs + ROUNDING_MS < earliestMs ? earliestMs + startMs : startMs;
  return {
    kind: 'request',
    startMs: sinceTraceMs,
    endMs: sinceTraceMs + Math.max(0, (numberField(request, 'api_time') ?? 0) * 1000),
    model: stringField(request, 'model'),
    inputTokens: Math.max(1, required(request, 'in', lengthField)),
    outputTokens: Math.max(1, required(request, 'out', lengthField)),
    hashIds: hashIdsField(request),
  };
}

function readSubagent(entry: JsonObject): WekaSubagent {
  const startMs = timeOf(entry);
  const durationMs = numberField(entry, 'duration_ms');
  return {
    kind: 'subagent',
    id: required(entry, 'agent_id', stringField),
    startMs,
    endMs: durationMs === undefined ? undefined : startMs + Math.max(0, durationMs),
    requests: required(entry, 'requests', objectListField).map((request, place) =>
      inRequest(place, () => readRequest(request, startMs)),
    ),
  };
}

function timeOf(request: JsonObject): number {
  return required(request, 't', numberField) * 1000;
}

function required<T>(row: JsonObject, key: string, read: (row: JsonObject, key: string) => T | undefined): T {
  const value = read(row, key);
  if (value === undefined || value === '') throw new RowError(`${key} is missing`);
  return value;
}

function inRequest<T>(place: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    const { message } = error;
    throw new RowError(`requests[${place}]${message.startsWith('requests[') ? '.' : ': '}${message}`);
  }
}
