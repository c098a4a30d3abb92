import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import type { MeasuredRecord } from '../collect/record-processor.js';
import type { Sink } from '../collect/sink.js';
import { failureOf } from '../records/failure.js';
import { type ClockOrigin, wallNsText } from '../util/clock.js';
import { openNewFile } from '../util/new-file.js';
import { pythonFloat } from '../util/python-json.js';
import { holdsSecret, withoutSecrets } from '../util/secrets.js';
import { LineFile } from './line-file.js';

/** Metrics that each output carries, in their order. */
const metricTags = [
  'input_sequence_length',
  'output_token_count',
  'output_sequence_length',
  'request_latency',
  'time_to_first_token',
  'inter_token_latency',
];

const HEAD = '{\n  "schema_version": "1.0",\n  "data": [';
const TAIL = '\n  ]\n}';
const COPY_BYTES = 1 << 20;

/** Where the items are in the unsorted file, by number of the request. */
class Places {
  #ends = new Float64Array(1024);
  #lengths = new Float64Array(1024);
  #count = 0;
  #end = 0;

  /** Notes the next item of the file. @param bytes its length, above 0. */
  add(sessionNum: number, bytes: number): void {
    while (sessionNum >= this.#ends.length) {
      this.#ends = doubled(this.#ends);
      this.#lengths = doubled(this.#lengths);
    }
    this.#end += bytes;
    this.#ends[sessionNum] = this.#end;
    this.#lengths[sessionNum] = bytes;
    this.#count = Math.max(this.#count, sessionNum + 1);
  }

  /** Start and end of each item, by number of the request. */
  *inOrder(): Generator<readonly [start: number, end: number]> {
    for (let number = 0; number < this.#count; number++) {
      const [end = 0, bytes = 0] = [this.#ends[number], this.#lengths[number]];
      if (bytes > 0) yield [end - bytes, end];
    }
  }
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(2 * values.length);
  longer.set(values);
  return longer;
}

/**
 * A sink that writes `outputs.json`: the text of every profiling request by number of the request. Items are written as
 * they come to a file beside it and put in order at the end: memory holds 16 bytes for each.
 * @throws Error saying which file cannot be written.
 */
export function outputsJson(path: string, origin: ClockOrigin): Sink {
  const unsortedPath = `${path}.part`;
  const unsorted = new LineFile(unsortedPath);
  const places = new Places();
  return {
    onRecord(measured) {
      const { phase, sessionNum } = measured.record;
      if (phase !== 'profiling') return;
      const text = outputItem(measured, origin);
      unsorted.add(text);
      places.add(sessionNum, Buffer.byteLength(text));
    },
    flush: () => unsorted.flush(),
    onEnd() {
      unsorted.close();
      writeSorted(path, unsortedPath, places);
      unlinkSync(unsortedPath);
    },
  };
}

/** One item with its indentation, ended by the comma that separates it from the next one. */
function outputItem({ record, metrics }: MeasuredRecord, origin: ClockOrigin): string {
  const failed = failureOf(record) !== undefined;
  const values = failed ? new Map() : new Map(metrics);
  const members = metricTags.flatMap((tag) => {
    const value = values.get(tag);
    if (typeof value !== 'number') return [];
    const text = tag.endsWith('_length') || tag.endsWith('_count') ? `${value}` : pythonFloat(value);
    return [`\n        "${tag}": ${text}`];
  });
  const text = failed || record.text === undefined ? null : clean(record.text);
  const rows = [
    `"session_num": ${record.sessionNum}`,
    `"conversation_id": ${JSON.stringify(record.conversationId)}`,
    `"turn_index": ${record.turnIndex}`,
    `"x_request_id": ${JSON.stringify(record.requestId)}`,
    `"request_start_ns": ${wallNsText(origin, record.startNs)}`,
    `"request_end_ns": ${wallNsText(origin, record.endNs)}`,
    `"metrics": ${members.length === 0 ? '{}' : `{${members.join(',')}\n      }`}`,
    `"response_text": ${JSON.stringify(text)}`,
  ];
  return `\n    {\n      ${rows.join(',\n      ')}\n    },`;
}

function clean(text: string): string {
  return holdsSecret(text) ? withoutSecrets(text) : text;
}

/** Copies the items in their order; those that are neighbours already are copied at once. */
function writeSorted(path: string, unsortedPath: string, places: Places): void {
  const from = openSync(unsortedPath, 'r');
  const to = openNewFile(path);
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  const copy = (start: number, end: number) => {
    for (let at = start; at < end; ) {
      const read = readSync(from, buffer, 0, Math.min(buffer.length, end - at), at);
      if (read === 0) throw new Error(`${unsortedPath} is shorter than what was written to it`);
      for (let written = 0; written < read; ) written += writeSync(to, buffer, written, read - written);
      at += read;
    }
  };
  try {
    writeSync(to, HEAD);
    let [start, end] = [0, 0];
    for (const [itemStart, itemEnd] of places.inOrder()) {
      if (itemStart !== end) {
        copy(start, end);
        start = itemStart;
      }
      end = itemEnd;
    }
    // Without the comma of the last item.
    copy(start, end - 1);
    writeSync(to, end === 0 ? ']\n}' : TAIL);
  } finally {
    closeSync(from);
    closeSync(to);
  }
}
