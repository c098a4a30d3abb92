import { isUtf8 } from 'node:buffer';
import { viewOf } from '../util/data-view.js';
import type { Json } from '../util/json.js';
import type { Chunk, Endpoint } from './endpoint.js';

export type TextKind = 'text' | 'reasoning';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** Occurrences of a key that are tried; each costs a parse, and a stream has few attempts. */
const MOST_TRIES = 4;

/**
 * What the units of one stream have in common: all bytes before and after the text. A unit that matches holds
 * nothing but other text in the gap, so `JSON.parse` (1 to 1.6 µs) is not needed for it.
 */
export class UnitTemplate {
  readonly kind: TextKind;
  readonly #head: ByteRun;
  readonly #tail: ByteRun;

  constructor(kind: TextKind, head: Buffer, tail: Buffer) {
    this.kind = kind;
    this.#head = new ByteRun(head);
    this.#tail = new ByteRun(tail);
  }

  /**
   * Length of the head when `bytes[start, end)` is head, one whole JSON string body, tail; else -1. The string
   * body (still escaped) is then `bytes[start + result, end - tailLength)`.
   */
  match(bytes: Buffer, start: number, end: number): number {
    const head = this.#head;
    const gapStart = start + head.length;
    const gapEnd = end - this.#tail.length;
    if (gapEnd <= gapStart) return -1;
    const view = viewOf(bytes);
    if (!this.#tail.matchesAt(view, gapEnd) || !head.matchesAt(view, start)) return -1;
    return isStringBody(bytes, gapStart, gapEnd) ? head.length : -1;
  }

  get tailLength(): number {
    return this.#tail.length;
  }
}

/** Bytes that are compared four at a time: with two calls of `Buffer.compare` an event took a sixth longer. */
class ByteRun {
  readonly length: number;
  readonly #words: Int32Array;
  /** The bytes after the words, fewer than four. */
  readonly #rest: Uint8Array;

  constructor(bytes: Buffer) {
    this.length = bytes.length;
    this.#words = new Int32Array(bytes.length >> 2);
    for (let i = 0; i < this.#words.length; i++) this.#words[i] = bytes.readInt32LE(4 * i);
    this.#rest = Uint8Array.from(bytes.subarray(4 * this.#words.length));
  }

  /** Whether `view` holds the same bytes from `at` on; it must be long enough. */
  matchesAt(view: DataView, at: number): boolean {
    const words = this.#words;
    let from = at;
    for (let i = 0; i < words.length; i++, from += 4) {
      if (view.getInt32(from, true) !== words[i]) return false;
    }
    const rest = this.#rest;
    for (let i = 0; i < rest.length; i++, from++) {
      if (view.getUint8(from) !== rest[i]) return false;
    }
    return true;
  }
}

/**
 * Learns the template from a fully parsed unit whose chunk holds text or reasoning and nothing else. The gap is
 * proven: a unit with a probe in it must read as that probe alone. Undefined where no such gap is found.
 */
export function learnTemplate(endpoint: Endpoint, unit: Buffer, chunk: Chunk): UnitTemplate | undefined {
  const kind = soleText(chunk);
  if (kind === undefined) return undefined;
  for (const key of endpoint.streamTextKeys) {
    // The key may occur elsewhere first: {"type":"text","text":"…"}.
    let marker = unit.indexOf(`"${key}"`);
    for (let tries = 0; marker >= 0 && tries < MOST_TRIES; tries++) {
      const gapStart = valueStart(unit, marker + key.length + 2);
      if (gapStart >= 0) {
        const gapEnd = stringEnd(unit, gapStart);
        const head = Buffer.from(unit.subarray(0, gapStart));
        const tail = Buffer.from(unit.subarray(gapEnd));
        if (provesGap(endpoint, head, tail, kind)) return new UnitTemplate(kind, head, tail);
      }
      marker = unit.indexOf(`"${key}"`, marker + key.length + 2);
    }
  }
  return undefined;
}

function soleText(chunk: Chunk): TextKind | undefined {
  const { text, reasoning, ...rest } = chunk;
  if (Object.keys(rest).length > 0) return undefined;
  if (text !== undefined) return reasoning === undefined ? 'text' : undefined;
  return reasoning === undefined ? undefined : 'reasoning';
}

function provesGap(endpoint: Endpoint, head: Buffer, tail: Buffer, kind: TextKind): boolean {
  const probe = 'probe of the gap';
  try {
    const unit: Json = JSON.parse(head.toString() + probe + tail.toString());
    const chunk = endpoint.read(unit);
    return chunk !== undefined && soleText(chunk) === kind && chunk[kind] === probe;
  } catch {
    return false;
  }
}

/**
 * Whether the bytes between two quotes are one whole JSON string: what the full parser would read otherwise, or
 * refuse, must not pass.
 */
function isStringBody(bytes: Buffer, start: number, end: number): boolean {
  let ascii = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === QUOTE || byte < SPACE) return false;
    if (byte >= 0x80) ascii = false;
    if (byte === BACKSLASH) {
      const length = escapeLength(bytes, i, end);
      if (length === 0) return false;
      i += length - 1;
    }
  }
  // Half a character in each of two units is two broken characters to the full parser, one whole one in a join.
  return ascii || isUtf8(bytes.subarray(start, end));
}

/** Bytes of the escape at `at`; 0 when it is none that JSON knows. */
function escapeLength(bytes: Buffer, at: number, end: number): number {
  const kind = bytes[at + 1] ?? 0;
  if (kind !== 0x75) return at + 2 <= end && '"\\/bfnrt'.includes(String.fromCharCode(kind)) ? 2 : 0;
  return at + 6 <= end && /^[0-9a-fA-F]{4}$/.test(bytes.toString('latin1', at + 2, at + 6)) ? 6 : 0;
}

/** First byte of the string after `"key"`, or -1 when what follows is no string. */
function valueStart(unit: Buffer, after: number): number {
  let at = after;
  while (unit[at] === SPACE) at++;
  if (unit[at] !== 0x3a) return -1;
  at++;
  while (unit[at] === SPACE) at++;
  return unit[at] === QUOTE ? at + 1 : -1;
}

function stringEnd(unit: Buffer, start: number): number {
  let at = start;
  while (at < unit.length && unit[at] !== QUOTE) at += unit[at] === BACKSLASH ? 2 : 1;
  return at;
}
