import { timeToFirstToken, timeToSecondToken } from '../metrics/request-metrics.js';
import type { SessionPlace } from '../metrics/session-rows.js';
import type { StoredMetric, StoredRecord } from '../metrics/stored-request.js';
import { metrics as metricTable } from '../metrics/table.js';
import type { RecordError } from '../records/record.js';
import { messageOf, UserError } from '../util/errors.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { readLines } from '../util/lines.js';

/**
 * The records of `profile_export.jsonl` one by one, in the order of the file: ours, and those of AIPerf 0.2 to 0.13,
 * which writes `null` for what is absent and had other names at first.
 * @param onCut called when the last line is cut off, as the end of a killed process leaves it; it gives no record.
 * @throws UserError with the place of a line that is no record; the file system's error.
 */
export function* readRecords(path: string, onCut: () => void = () => {}): Generator<StoredRecord> {
  for (const { text, number, ended } of readLines(path)) {
    if (text.trim() === '') continue;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (thrown) {
      if (!ended) return onCut();
      throw notARecord(path, number, messageOf(thrown));
    }
    let record: StoredRecord;
    try {
      record = recordOf(json, text, number);
    } catch (thrown) {
      if (!(thrown instanceof Malformed)) throw thrown;
      throw notARecord(path, number, thrown.message);
    }
    yield record;
  }
}

/** What is wrong with a line. */
class Malformed extends Error {}

function notARecord(path: string, line: number, why: string): UserError {
  return new UserError(
    `${path}:${line}: this line is not a record of a request: ${why}.`,
    'Every line must be one as `aiperf profile` writes it; take out the line to go on without it.',
  );
}

/** The record in a line of ours. @param line its number, from 1. */
export function parseRecord(text: string, line: number): StoredRecord {
  return recordOf(JSON.parse(text), text, line);
}

/** Names of AIPerf's first versions. */
const oldTags = new Map([
  ['ttft', timeToFirstToken.tag],
  ['ttst', timeToSecondToken.tag],
]);

function recordOf(json: unknown, text: string, line: number): StoredRecord {
  if (!isObject(json)) throw new Malformed('it is not an object');
  const { metadata = null } = json;
  if (!isObject(metadata)) throw new Malformed('it has no metadata');
  const time = (key: string) => timeOf(metadata, key, text);
  const startNs = time('request_start_ns') ?? time('timestamp_ns');
  if (startNs === undefined) throw new Malformed('metadata has no request_start_ns');
  const metrics = json.metrics ?? {};
  if (!isObject(metrics)) throw new Malformed('its metrics are not an object');
  const error = errorOf(json.error ?? undefined);
  const cancelled = metadata.was_cancelled === true || error?.type === 'RequestCancellationError';
  return {
    line,
    phase: (metadata.benchmark_phase ?? metadata.credit_phase) === 'warmup' ? 'warmup' : 'profiling',
    startNs,
    dueNs: time('credit_issued_ns'),
    endNs: time('request_end_ns'),
    error,
    cancelled,
    // The file tells the two apart by the message alone.
    dropped: cancelled && error?.message.startsWith('Request cancelled: ') === true,
    finishReason: typeof metadata.finish_reason === 'string' ? metadata.finish_reason : undefined,
    place: placeOf(metadata),
    shard: typeof metadata.shard === 'number' ? metadata.shard : undefined,
    values: valuesOf(metrics),
    // Most readers of a million records ask for neither.
    get metadata() {
      return metadataOf(metadata, text);
    },
    get metrics() {
      return metricsOf(metrics);
    },
  };
}

/** AIPerf's files do not say which request of a session is the last: each may be. */
function placeOf(metadata: JsonObject): SessionPlace | undefined {
  const text = (key: string) => (typeof metadata[key] === 'string' ? metadata[key] : undefined);
  const agent = text('x_correlation_id');
  if (agent === undefined || typeof metadata.turn_index !== 'number') return undefined;
  const { waits_for: waits } = metadata;
  return {
    session: text('root_correlation_id') ?? agent,
    agent,
    turn: metadata.turn_index,
    isLast: metadata.is_final_turn !== false,
    requestId: text('x_request_id'),
    waitsFor: Array.isArray(waits) ? waits.filter((id) => typeof id === 'string') : [],
  };
}

function metadataOf(metadata: JsonObject, text: string): Record<string, Json | bigint> {
  const result: Record<string, Json | bigint> = {};
  for (const [key, value] of Object.entries(metadata)) {
    if (value === null) continue;
    result[key] = key.endsWith('_ns') && typeof value === 'number' ? exactInteger(text, key, value) : value;
  }
  return result;
}

function timeOf(metadata: JsonObject, key: string, text: string): bigint | undefined {
  const value = metadata[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw new Malformed(`metadata.${key} is not a number`);
  return exactInteger(text, key, value);
}

/** A number of the line in all its digits: JSON.parse keeps 53 bits, and epochs in ns have more. */
function exactInteger(text: string, key: string, rounded: number): bigint {
  if (Number.isSafeInteger(rounded)) return BigInt(rounded);
  const sign = `"${key}"`;
  // Inside of a string the quotes would be escaped, so this finds keys; another object's has another value.
  for (let at = text.indexOf(sign); at !== -1; at = text.indexOf(sign, at + 1)) {
    const digits = /^\s*:\s*(-?\d+)/.exec(text.slice(at + sign.length, at + sign.length + 60))?.[1];
    if (digits !== undefined && Number(digits) === rounded) return BigInt(digits);
  }
  return BigInt(Math.round(rounded));
}

function valuesOf(metrics: JsonObject): Map<string, number | Float64Array> {
  const values = new Map<string, number | Float64Array>();
  for (const name of Object.keys(metrics)) {
    const metric = metricOf(metrics, name);
    if (metric !== undefined) values.set(metric.tag, inTableUnit(metric.tag, metric.value, metric.unit));
  }
  return values;
}

function metricsOf(metrics: JsonObject): StoredMetric[] {
  return Object.keys(metrics).flatMap((name) => {
    const metric = metricOf(metrics, name);
    return metric === undefined ? [] : [[metric.tag, metric.value, metric.unit] as const];
  });
}

/** Undefined where the file has it only to say that there is none. */
function metricOf(metrics: JsonObject, name: string) {
  const member = metrics[name] ?? null;
  if (member === null) return undefined;
  const { value, unit } = isObject(member) ? member : {};
  if (value === null) return undefined;
  const numbers = typeof value === 'number' ? value : listOf(value);
  if (numbers === undefined || typeof unit !== 'string') {
    throw new Malformed(`metrics.${name} is not of the form {"value":number,"unit":"…"}`);
  }
  return { tag: oldTags.get(name) ?? name, value: numbers, unit };
}

function listOf(list: Json | undefined): Float64Array | undefined {
  if (!Array.isArray(list)) return undefined;
  const numbers = new Float64Array(list.length);
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if (typeof item !== 'number') return undefined;
    numbers[i] = item;
  }
  return numbers;
}

/** Units of one kind, each in terms of the first. */
const scales: readonly Readonly<Record<string, number>>[] = [
  { ns: 1, us: 1e3, ms: 1e6, s: 1e9, sec: 1e9 },
  { B: 1, bytes: 1, KB: 1024, MB: 1024 ** 2 },
];

const tableUnits = new Map<string, string>(metricTable.map(({ tag, displayUnit }) => [tag, displayUnit]));

/** A value in the display unit of our table; metrics that it does not know keep their own. */
function inTableUnit(tag: string, value: number | Float64Array, unit: string): number | Float64Array {
  const wanted = tableUnits.get(tag);
  if (wanted === undefined || wanted === unit) return value;
  const scale = scales.find((units) => unit in units && wanted in units);
  const [from, to] = [scale?.[unit], scale?.[wanted]];
  if (from === undefined || to === undefined) {
    throw new Malformed(`metrics.${tag} is in '${unit}', which cannot be read as ${wanted}`);
  }
  return typeof value === 'number' ? (value * from) / to : value.map((one) => (one * from) / to);
}

function errorOf(error: Json | undefined): RecordError | undefined {
  if (error === undefined) return undefined;
  if (!isObject(error)) throw new Malformed('its error is not an object');
  const { code, type, message, cause, cause_chain: chain } = error;
  return {
    ...(typeof code === 'number' ? { code } : {}),
    type: typeof type === 'string' ? type : '',
    message: typeof message === 'string' ? message : '',
    ...(typeof cause === 'string' ? { cause } : {}),
    ...(Array.isArray(chain) ? { causeChain: chain.map(String) } : {}),
  };
}
