import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { FamilySample } from './families.js';
import { grown } from './line-table.js';
import type { SourceKind } from './server-series.js';

/*
 * The log of a source is a file to which each scrape is appended, with the values that changed. It consists of frames:
 *
 *   frame    u32 bytes that follow · u8 kind · content
 *   head     (kind 0) JSON: what it is a log of
 *   samples  (kind 1) JSON: the samples that scrapes have from now on too, numbered from 0 in this order
 *   scrape   (kind 2) f64 sent, first byte, received, ns · changes · 0
 *   change   varint 1 + (zigzag(number - number of the change before, at first -1) << 2 | form) · value
 *   form     0: f64 · 1: zigzag varint of the difference to the last value, 0 if absent · 2: no value, absent from now on
 *
 * Numbers are little endian. Every sample is absent at first.
 */

const KIND_HEAD = 0;
const KIND_SAMPLES = 1;
const KIND_SCRAPE = 2;

const FORM_DOUBLE = 0;
const FORM_DIFFERENCE = 1;
const FORM_ABSENT = 2;

const HEAD_BYTES = 5;
const TIMES_BYTES = 24;
/** At most: a varint of 5 bytes, and one of 5 or a double. */
const CHANGE_BYTES = 13;
/** Greatest difference whose zigzag form has 32 bits. */
const MAX_DIFFERENCE = 2 ** 30;

/** What a log is of: enough to read it without the program that wrote it. */
export interface ScrapeLogHead {
  readonly url: string;
  readonly of: SourceKind;
  readonly isDefault: boolean;
  /** The clock's origin, 64-bit numbers as texts. */
  readonly epochNs: string;
  readonly monotonicNs: string;
}

/** When a page was read, ns since the clock's origin. */
export interface ScrapeTimes {
  readonly sentNs: number;
  readonly firstByteNs: number;
  readonly receivedNs: number;
}

/** Appends the scrapes of one source to its log. */
export class ScrapeLogWriter {
  readonly #file: number;
  #frame = Buffer.alloc(64 << 10);
  #at = 0;
  /** Last values by number; NaN: absent. */
  #last = new Float64Array(1024).fill(Number.NaN);
  #before = -1;
  #changes = 0;
  /** Number of samples that are not absent. */
  present = 0;

  /** @throws the file system's error. */
  constructor(path: string, head: ScrapeLogHead) {
    this.#file = openSync(path, 'wx', 0o600);
    this.#writeJson(KIND_HEAD, head);
  }

  /** Declares samples, which get the next numbers. @throws the file system's error. */
  addSamples(samples: readonly FamilySample[]): void {
    this.#writeJson(KIND_SAMPLES, samples);
  }

  /** Begins a scrape, in which all samples keep their values until they are set or removed. */
  begin({ sentNs, firstByteNs, receivedNs }: ScrapeTimes): void {
    this.#frame[4] = KIND_SCRAPE;
    this.#frame.writeDoubleLE(sentNs, HEAD_BYTES);
    this.#frame.writeDoubleLE(firstByteNs, HEAD_BYTES + 8);
    this.#frame.writeDoubleLE(receivedNs, HEAD_BYTES + 16);
    this.#at = HEAD_BYTES + TIMES_BYTES;
    this.#before = -1;
    this.#changes = 0;
  }

  /** Sets the value of a sample, finite. @returns the value before; NaN: it was absent. */
  set(number: number, value: number): number {
    if (number >= this.#last.length) this.#grow(number);
    const last = this.#last[number] as number;
    if (last === value) return last;
    this.#last[number] = value;
    if (Number.isNaN(last)) this.present++;
    const base = Number.isNaN(last) ? 0 : last;
    const difference = value - base;
    const isExact = Number.isInteger(difference) && base + difference === value;
    if (isExact && Math.abs(difference) < MAX_DIFFERENCE) {
      this.#change(number, FORM_DIFFERENCE);
      this.#varint((difference << 1) ^ (difference >> 31));
    } else {
      this.#change(number, FORM_DOUBLE);
      this.#at = this.#frame.writeDoubleLE(value, this.#at);
    }
    return last;
  }

  /** Makes a sample absent from this scrape on. @returns whether it was not absent before. */
  remove(number: number): boolean {
    if (Number.isNaN(this.#last[number] ?? Number.NaN)) return false;
    this.#last[number] = Number.NaN;
    this.present--;
    this.#change(number, FORM_ABSENT);
    return true;
  }

  /** Writes the scrape. @returns number of its changes. @throws the file system's error. */
  end(): number {
    this.#frame[this.#at++] = 0;
    this.#frame.writeUInt32LE(this.#at - 4);
    this.#write(this.#frame.subarray(0, this.#at));
    return this.#changes;
  }

  close(): void {
    closeSync(this.#file);
  }

  #change(number: number, form: number): void {
    if (this.#at + CHANGE_BYTES >= this.#frame.length)
      this.#frame = Buffer.concat([this.#frame], 2 * this.#frame.length);
    const step = number - this.#before;
    this.#before = number;
    this.#changes++;
    this.#varint(1 + ((((step << 1) ^ (step >> 31)) << 2) | form));
  }

  #grow(number: number): void {
    const { length } = this.#last;
    this.#last = grown(this.#last, Float64Array).fill(Number.NaN, length);
    if (number >= this.#last.length) this.#grow(number);
  }

  #varint(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.#frame[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#frame[this.#at++] = rest;
  }

  #writeJson(kind: number, content: unknown): void {
    const json = Buffer.from(JSON.stringify(content));
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32LE(json.length + 1);
    head[4] = kind;
    this.#write(Buffer.concat([head, json]));
  }

  #write(bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
  }
}

const CHUNK_BYTES = 1 << 20;

/** Reads the log of a source from its beginning; ends before a frame that is cut off. */
export class ScrapeLogReader {
  /** Undefined before the first scrape. */
  head: ScrapeLogHead | undefined;
  /** Samples so far, by number. */
  readonly samples: FamilySample[] = [];
  /** Times of the current scrape. */
  times: ScrapeTimes = { sentNs: Number.NaN, firstByteNs: Number.NaN, receivedNs: Number.NaN };
  /** Of the current change: the sample, and its value; NaN: absent. */
  number = -1;
  value = Number.NaN;
  readonly #file: number;
  #bytes = Buffer.alloc(CHUNK_BYTES);
  #filled = 0;
  /** Next frame, and next byte in this one. */
  #next = 0;
  #at = 0;
  #last = new Float64Array(1024).fill(Number.NaN);

  /** @throws the file system's error. */
  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** Goes to the next scrape. @returns whether there is one. */
  nextScrape(): boolean {
    for (;;) {
      const bytes = this.#loadFrame();
      if (bytes === undefined) return false;
      const from = this.#next;
      this.#next += bytes;
      const kind = this.#bytes[from + 4];
      if (kind !== KIND_SCRAPE) {
        const json = JSON.parse(this.#bytes.toString('utf8', from + HEAD_BYTES, this.#next));
        if (kind === KIND_HEAD) this.head = json;
        else for (const sample of json as FamilySample[]) this.samples.push(sample);
        continue;
      }
      this.times = {
        sentNs: this.#bytes.readDoubleLE(from + HEAD_BYTES),
        firstByteNs: this.#bytes.readDoubleLE(from + HEAD_BYTES + 8),
        receivedNs: this.#bytes.readDoubleLE(from + HEAD_BYTES + 16),
      };
      this.#at = from + HEAD_BYTES + TIMES_BYTES;
      this.number = -1;
      return true;
    }
  }

  /** Goes to the next change of the scrape. @returns whether there is one. */
  nextChange(): boolean {
    const head = this.#varint() - 1;
    if (head < 0) return false;
    const form = head & 3;
    const step = head >>> 2;
    this.number += (step >>> 1) ^ -(step & 1);
    while (this.number >= this.#last.length)
      this.#last = grown(this.#last, Float64Array).fill(Number.NaN, this.#last.length);
    if (form === FORM_DOUBLE) {
      this.value = this.#bytes.readDoubleLE(this.#at);
      this.#at += 8;
    } else if (form === FORM_ABSENT) {
      this.value = Number.NaN;
    } else {
      const last = this.#last[this.number] as number;
      const zigzag = this.#varint();
      this.value = (Number.isNaN(last) ? 0 : last) + ((zigzag >>> 1) ^ -(zigzag & 1));
    }
    this.#last[this.number] = this.value;
    return true;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Reads until the next frame is complete. @returns its bytes; undefined at the end of the log. */
  #loadFrame(): number | undefined {
    for (;;) {
      const have = this.#filled - this.#next;
      const bytes = have < 4 ? 4 : 4 + this.#bytes.readUInt32LE(this.#next);
      if (have >= HEAD_BYTES && have >= bytes) return bytes;
      this.#bytes.copy(this.#bytes, 0, this.#next, this.#filled);
      this.#filled = have;
      this.#next = 0;
      if (bytes > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], bytes + CHUNK_BYTES);
      const read = readSync(this.#file, this.#bytes, have, this.#bytes.length - have, null);
      if (read === 0) return undefined;
      this.#filled += read;
    }
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }
}
