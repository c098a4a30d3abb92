import { type Label, readLine, readValue } from './exposition.js';
import { grown, LineTable } from './line-table.js';
import { numberAt } from './sample-number.js';

/** A sample that no page of the source had before. */
export interface NewSample {
  /** Counts up from 0. */
  readonly id: number;
  readonly name: string;
  readonly labels: readonly Label[];
}

/** What a page held besides usable samples. */
export interface PageFaults {
  /** Lines that are neither comment nor sample, and the beginning of the first one. */
  malformed: number;
  malformedLine: string;
  /** Samples whose name and labels the page had before, the first of which counts; id of the first such sample. */
  duplicates: number;
  duplicateId: number;
  /** Samples beyond the limit. */
  excess: number;
  /** Samples whose value is NaN, infinite or so large that statistics of it are. */
  readonly nonFinite: number[];
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;

const NOTHING = -1;
const MALFORMED = -2;

/** Distinct samples of one source: a label with a value per request would fill the memory. */
const MAX_SAMPLES = 250_000;

/** Larger values, such as the largest double in place of none, have squares and sums that are infinite. */
const MAX_VALUE = 1e100;

const SHOWN_BYTES = 80;

/**
 * Reads the pages of one source. Pages hardly change from one scrape to the next, so each line is compared with the line
 * at the same place in the page before: what is equal up to the value is not parsed again.
 */
export class PageReader {
  /** Values of the last page by sample id; NaN: it has none that is finite. */
  values = new Float64Array(1024).fill(Number.NaN);
  /** Ids of the samples of the last page in its order; `count` of them are valid. */
  ids = new Int32Array(1024);
  count = 0;
  /** Number of distinct samples so far. */
  samples = 0;
  /** Samples that no page had before; to be emptied by who has taken them. */
  fresh: NewSample[] = [];
  /** Texts of HELP and TYPE by name, of all pages so far. */
  readonly help = new Map<string, string>();
  readonly types = new Map<string, string>();
  faults = noFaults();

  /** Ids by name and labels, as pages write them and in one order. */
  readonly #byText = new Map<string, number>();
  readonly #byLabels = new Map<string, number>();
  /** By id: number of the last page that had it, and its line there. */
  #seenIn = new Int32Array(1024);
  #lineOf = new Int32Array(1024);
  #pages = 0;
  /** The last page. */
  #view = viewOf(Buffer.alloc(0));
  #lines = new LineTable();
  #spare = new LineTable();
  /** End of the line that was read, behind its line feed; place of its value. */
  #end = 0;
  #valueAt = 0;

  /** Reads a page; the fields are about this page then. Its memory must not change until the next one was read. */
  read(text: Buffer): void {
    const page = text.at(-1) === LINE_FEED ? text : Buffer.concat([text, Buffer.of(LINE_FEED)]);
    this.#begin();
    const old = this.#lines;
    const lines = this.#spare;
    const before = this.#view;
    const view = viewOf(page);
    lines.clear();
    let place = 0;
    for (let at = 0; at < page.length; at = this.#end) {
      let id = NOTHING;
      const from = old.starts[place] as number;
      const headBytes = (old.values[place] as number) - from;
      if (place < old.count && at + headBytes <= page.length && isEqual(before, from, view, at, headBytes)) {
        id = old.ids[place++] as number;
        this.#valueAt = at + headBytes;
        if (id < 0) this.#end = this.#valueAt;
        // What follows may be more than a value, such as further blanks.
        else if (!this.#readKnown(page, id)) id = this.#readNew(page, at);
      } else {
        id = this.#readNew(page, at);
        const line = id < 0 ? -1 : (this.#lineOf[id] as number);
        if (line >= place && line < old.count && old.ids[line] === id) place = line + 1;
      }
      if (id >= 0) this.#lineOf[id] = lines.count;
      else if (id === MALFORMED) this.#noteMalformed(page, at);
      lines.add(at, this.#valueAt, id);
    }
    this.#view = view;
    this.#lines = lines;
    this.#spare = old;
  }

  /** Whether the last page is exposition text with a few faults at most, and not HTML or JSON. */
  get isExposition(): boolean {
    return this.faults.malformed <= this.count;
  }

  #begin(): void {
    this.values.fill(Number.NaN);
    this.count = 0;
    this.faults = noFaults();
    this.#pages++;
  }

  /** Reads the value of a sample that the page before had at this place. @returns whether it is one. */
  #readKnown(page: Buffer, id: number): boolean {
    const from = this.#valueAt;
    let at = from;
    let byte = page[at];
    while (byte !== LINE_FEED && byte !== SPACE && byte !== TAB && byte !== CARRIAGE_RETURN)
      byte = page[++at];
    const isBare = byte === LINE_FEED;
    const end = isBare ? at : page.indexOf(LINE_FEED, at);
    const value = isBare ? numberAt(page, from, at) : readValue(page, from, end);
    this.#end = end + 1;
    if (value !== undefined) this.#take(id, value);
    return value !== undefined;
  }

  /** @returns id of the sample of a line. */
  #readNew(page: Buffer, at: number): number {
    const end = page.indexOf(LINE_FEED, at);
    this.#end = end + 1;
    this.#valueAt = this.#end;
    const line = readLine(page, at, end);
    if (line.kind === 'malformed') return MALFORMED;
    if (line.kind === 'help') this.help.set(line.name, line.text);
    else if (line.kind === 'type') this.types.set(line.name, line.text);
    if (line.kind !== 'sample') return NOTHING;
    this.#valueAt = line.valueAt;
    const text = page.toString('latin1', at, line.valueAt);
    const id = this.#byText.get(text) ?? this.#idOf(text, line.name, line.labels);
    if (id >= 0) this.#take(id, line.value);
    else this.faults.excess++;
    return id;
  }

  #idOf(text: string, name: string, labels: readonly Label[]): number {
    const sorted = labels.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const key = JSON.stringify([name, sorted]);
    const known = this.#byLabels.get(key);
    if (known === undefined && this.samples === MAX_SAMPLES) return NOTHING;
    const id = known ?? this.samples++;
    // Servers may write the labels in another order each time.
    if (this.#byText.size > 2 * MAX_SAMPLES) this.#byText.clear();
    this.#byText.set(text, id);
    if (known !== undefined) return id;
    this.#byLabels.set(key, id);
    if (id === this.values.length) this.#grow();
    this.#lineOf[id] = -1;
    this.fresh.push({ id, name, labels });
    return id;
  }

  #take(id: number, value: number): void {
    if (this.#seenIn[id] === this.#pages) {
      if (this.faults.duplicates++ === 0) this.faults.duplicateId = id;
      return;
    }
    this.#seenIn[id] = this.#pages;
    this.ids[this.count++] = id;
    if (Math.abs(value) <= MAX_VALUE) this.values[id] = value;
    else this.faults.nonFinite.push(id);
  }

  #noteMalformed(page: Buffer, at: number): void {
    if (this.faults.malformed++ > 0) return;
    this.faults.malformedLine = page.toString('utf8', at, Math.min(this.#end - 1, at + SHOWN_BYTES));
  }

  #grow(): void {
    const { length } = this.values;
    this.values = grown(this.values, Float64Array).fill(Number.NaN, length);
    this.ids = grown(this.ids, Int32Array);
    this.#seenIn = grown(this.#seenIn, Int32Array);
    this.#lineOf = grown(this.#lineOf, Int32Array);
  }
}

function noFaults(): PageFaults {
  return { malformed: 0, malformedLine: '', duplicates: 0, duplicateId: -1, excess: 0, nonFinite: [] };
}

/** Compares four bytes at a time: most of the work for a page. */
function isEqual(a: DataView, aFrom: number, b: DataView, bFrom: number, bytes: number): boolean {
  const words = bytes & ~3;
  for (let i = 0; i < words; i += 4) if (a.getInt32(aFrom + i) !== b.getInt32(bFrom + i)) return false;
  for (let i = words; i < bytes; i++) if (a.getInt8(aFrom + i) !== b.getInt8(bFrom + i)) return false;
  return true;
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}
