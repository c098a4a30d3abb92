import { numberAt } from './sample-number.js';

/*
 * Lines of the Prometheus text format 0.0.4 and of OpenMetrics 1.0, with quoted names of any UTF-8 text:
 *
 *   # HELP name text        # TYPE name counter        # UNIT name seconds        # EOF
 *   name{label="value",…} value [timestamp] [# {label="value"} value [timestamp]]
 *   {"quoted name","quoted label"="value"} value
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */

/** Name and value of a label. */
export type Label = readonly [name: string, value: string];

/** A line of a page. */
export type PageLine =
  | { readonly kind: 'help' | 'type'; readonly name: string; readonly text: string }
  /** Blank, or a comment without meaning here. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'malformed' }
  | {
      readonly kind: 'sample';
      readonly name: string;
      /** As written, duplicates too. */
      readonly labels: readonly Label[];
      /** Where the value begins: what is before it identifies the series. */
      readonly valueAt: number;
      readonly value: number;
    };

const nothing: PageLine = { kind: 'nothing' };
const malformed: PageLine = { kind: 'malformed' };

const TAB = 0x09;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const COLON = 0x3a;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** More labels than any exporter writes: a line must not cost unbounded memory. */
const MAX_LABELS = 256;

/** Reads the line `page[start, end)`, which contains no line feed. Never throws. */
export function readLine(page: Buffer, start: number, end: number): PageLine {
  const to = end > start && page[end - 1] === CR ? end - 1 : end;
  const from = afterBlanks(page, start, to);
  if (from === to) return nothing;
  return page[from] === HASH ? readComment(page, from + 1, to) : readSample(page, from, to);
}

/**
 * The value that begins at `start`, and whether what follows it up to `end` is a timestamp or an exemplar.
 * @returns undefined if the line is malformed.
 */
export function readValue(page: Buffer, start: number, end: number): number | undefined {
  const to = end > start && page[end - 1] === CR ? end - 1 : end;
  let at = start;
  while (at < to && !isBlank(page[at])) at++;
  const value = at === start ? undefined : numberAt(page, start, at);
  if (value === undefined) return undefined;
  return at === to || isRest(page, afterBlanks(page, at, to), to) ? value : undefined;
}

/** Whether `page[at, end)` is what may follow a value: nothing, a timestamp, an exemplar. */
function isRest(page: Buffer, start: number, end: number): boolean {
  let at = start;
  if (at < end && page[at] !== HASH) {
    const from = at;
    while (at < end && !isBlank(page[at])) at++;
    const stamp = numberAt(page, from, at);
    if (stamp === undefined || !Number.isFinite(stamp)) return false;
    at = afterBlanks(page, at, end);
  }
  if (at === end) return true;
  // The labels of an exemplar are not read.
  return page[at] === HASH && page[afterBlanks(page, at + 1, end)] === OPEN;
}

function readComment(page: Buffer, start: number, end: number): PageLine {
  const wordAt = afterBlanks(page, start, end);
  const wordEnd = blankFrom(page, wordAt, end);
  const word = page.toString('latin1', wordAt, wordEnd);
  if (word !== 'HELP' && word !== 'TYPE') return nothing;
  const nameAt = afterBlanks(page, wordEnd, end);
  let name: string;
  let nameEnd: number;
  if (page[nameAt] === QUOTE) {
    const close = quoteEnd(page, nameAt + 1, end);
    if (close === -1) return malformed;
    name = unescaped(page, nameAt + 1, close);
    nameEnd = close + 1;
  } else {
    nameEnd = blankFrom(page, nameAt, end);
    if (nameEnd === nameAt || nameLength(page, nameAt, nameEnd) !== nameEnd - nameAt) return malformed;
    name = page.toString('latin1', nameAt, nameEnd);
  }
  const textAt = afterBlanks(page, nameEnd, end);
  if (word === 'HELP') return { kind: 'help', name, text: unescaped(page, textAt, end) };
  return { kind: 'type', name, text: page.toString('latin1', textAt, blankFrom(page, textAt, end)) };
}

function readSample(page: Buffer, start: number, end: number): PageLine {
  let at = start + nameLength(page, start, end);
  let name = at === start ? undefined : page.toString('latin1', start, at);
  const labels: Label[] = [];
  at = afterBlanks(page, at, end);
  if (page[at] === OPEN) {
    at = afterBlanks(page, at + 1, end);
    while (page[at] !== CLOSE) {
      if (at >= end || labels.length === MAX_LABELS) return malformed;
      let label: string;
      if (page[at] === QUOTE) {
        const close = quoteEnd(page, at + 1, end);
        if (close === -1) return malformed;
        label = unescaped(page, at + 1, close);
        at = close + 1;
      } else {
        const length = nameLength(page, at, end);
        if (length === 0) return malformed;
        label = page.toString('latin1', at, at + length);
        at += length;
      }
      const isQuoted = page[at - 1] === QUOTE;
      at = afterBlanks(page, at, end);
      if (page[at] === EQUALS) {
        at = afterBlanks(page, at + 1, end);
        const close = page[at] === QUOTE ? quoteEnd(page, at + 1, end) : -1;
        if (close === -1) return malformed;
        labels.push([label, unescaped(page, at + 1, close)]);
        at = afterBlanks(page, close + 1, end);
      } else if (isQuoted && name === undefined && labels.length === 0) {
        name = label;
      } else {
        return malformed;
      }
      if (page[at] === COMMA) at = afterBlanks(page, at + 1, end);
      else if (page[at] !== CLOSE) return malformed;
    }
    at = afterBlanks(page, at + 1, end);
  } else if (at < end && at === start) {
    return malformed;
  }
  if (name === undefined || name === '') return malformed;
  const value = readValue(page, at, end);
  return value === undefined ? malformed : { kind: 'sample', name, labels, valueAt: at, value };
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

function afterBlanks(page: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(page[at])) at++;
  return at;
}

function blankFrom(page: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && !isBlank(page[at])) at++;
  return at;
}

/** Length of `[a-zA-Z_:][a-zA-Z0-9_:]*` at `start`. */
function nameLength(page: Buffer, start: number, end: number): number {
  let at = start;
  for (; at < end; at++) {
    const byte = page[at] as number;
    const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
    const isDigit = byte >= 0x30 && byte <= 0x39;
    if (!isLetter && byte !== 0x5f && byte !== COLON && !(isDigit && at > start)) break;
  }
  return at - start;
}

/** Place of the quote that ends the text from `start`; -1 without one. */
function quoteEnd(page: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = page[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at++;
  }
  return -1;
}

/** UTF-8 text without its escapes `\\`, `\"` and `\n`; other backslashes stay. */
function unescaped(page: Buffer, start: number, end: number): string {
  const text = page.toString('utf8', start, end);
  return text.includes('\\')
    ? text.replace(/\\([\\"n])/g, (_, sign: string) => (sign === 'n' ? '\n' : sign))
    : text;
}
