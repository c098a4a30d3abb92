import { boundOf, type FamilySample, type SampleRole } from './families.js';
import { ScrapeLogReader } from './scrape-log.js';
import type {
  MetricFamily,
  Scrape,
  ScrapedSeries,
  ScrapedSource,
  SeriesHead,
  ServerSeries,
} from './server-series.js';

/** A source with its log. */
export interface LoggedSource {
  readonly source: ScrapedSource;
  /** By number. */
  readonly samples: readonly FamilySample[];
  /** Path; undefined: it was never read. */
  readonly log: string | undefined;
}

/** Bytes of values that are read back at once: a source of more takes several passes through its log. */
const MAX_PASS_BYTES = 32 << 20;

/** What the logs hold. @param passBytes of values to hold at once. */
export function openScrapedSeries(
  logged: readonly LoggedSource[],
  passBytes = MAX_PASS_BYTES,
): ScrapedSeries {
  return {
    sources: logged.map(({ source }) => source),
    *heads() {
      for (const source of logged) for (const { head } of partsOf(source)) yield head;
    },
    *series(isWanted = () => true) {
      for (const source of logged) yield* seriesOf(source, isWanted, passBytes);
    },
    *scrapes() {
      for (const source of logged) yield* scrapesOf(source);
    },
  };
}

/** A series with the numbers of its samples. */
interface Parts {
  readonly head: SeriesHead;
  /** One number for each value of a scrape; -1: the page has no such sample. */
  readonly numbers: readonly number[];
}

/** The series of a source by first appearance. */
function partsOf({ source, samples }: LoggedSource): Parts[] {
  const families = new Map<string, MetricFamily>();
  const groups = new Map<string, NumberedSample[]>();
  for (const [number, sample] of samples.entries()) {
    const { family, labels } = sample;
    // Later pages may declare a family in another way; what it was first, it stays.
    if (!families.has(family.name)) families.set(family.name, family);
    const key = JSON.stringify([family.name, family.kind, labels.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [{ number, sample }]);
    else group.push({ number, sample });
  }
  return [...groups.values()].map((group) => {
    const { family: own, labels } = (group[0] as NumberedSample).sample;
    const first = families.get(own.name);
    const family = first?.kind === own.kind ? first : own;
    const head = { source, family, labels: Object.fromEntries(labels) };
    return family.kind === 'histogram'
      ? histogramOf(head, group)
      : { head: { ...head, bounds: [] }, numbers: [(group[0] as NumberedSample).number] };
  });
}

interface NumberedSample {
  readonly number: number;
  readonly sample: FamilySample;
}

function histogramOf(head: Omit<SeriesHead, 'bounds'>, group: readonly NumberedSample[]): Parts {
  const buckets = group
    .filter(({ sample }) => sample.role === 'bucket')
    .sort((a, b) => boundOf(a.sample.bound) - boundOf(b.sample.bound));
  const numberOf = (role: SampleRole) => group.find(({ sample }) => sample.role === role)?.number ?? -1;
  const [sum, count] = [numberOf('sum'), numberOf('count')];
  const bounds = buckets.map(({ sample }) => sample.bound);
  const numbers = buckets.map(({ number }) => number);
  if (boundOf(bounds.at(-1) ?? '') !== Number.POSITIVE_INFINITY) {
    bounds.push('+Inf');
    numbers.push(count);
  }
  const all = count === -1 ? (numbers.at(-1) ?? -1) : count;
  return { head: { ...head, bounds }, numbers: [...numbers, sum, all] };
}

/** Writes the values of a histogram where the page has no such sample: a bucket counts as the one below it. */
function completeHistogram(values: Float64Array, at: number, bounds: number): void {
  let below = 0;
  for (let bucket = 0; bucket < bounds; bucket++) {
    const value = values[at + bucket] as number;
    if (Number.isNaN(value)) values[at + bucket] = below;
    else below = value;
  }
  if (Number.isNaN(values[at + bounds + 1] as number)) values[at + bounds + 1] = below;
}

function* seriesOf(
  logged: LoggedSource,
  isWanted: (head: SeriesHead) => boolean,
  passBytes: number,
): Iterable<ServerSeries> {
  const { source, log } = logged;
  const scrapes = source.sentNs.length;
  if (log === undefined || scrapes === 0) return;
  const every = Uint32Array.from({ length: scrapes }, (_, index) => index);
  const parts = partsOf(logged).filter(({ head }) => isWanted(head));
  const maxWidth = passBytes / (8 * scrapes);
  let memory = new Float64Array(0);
  for (let from = 0; from < parts.length; ) {
    let to = from;
    let width = 0;
    do width += parts[to++]?.numbers.length ?? 0;
    while (to < parts.length && width + (parts[to]?.numbers.length ?? 0) <= maxWidth);
    const batch = parts.slice(from, to);
    // All passes use the same memory: what one pass leaves behind may be in the way for long.
    const length = width * scrapes;
    if (memory.length < length) memory = new Float64Array(length);
    const values = memory.subarray(0, length).fill(SAME);
    readValues(log, logged.samples.length, batch, values);
    let at = 0;
    for (const { head, numbers } of batch) {
      const end = at + numbers.length * scrapes;
      const series = { ...head, ...present(values.subarray(at, end), numbers, every) };
      at = end;
      if (series.scrapes.length > 0) yield series;
    }
    from = to;
  }
}

/** Stands for the value of the scrape before: those of a page are finite. */
const SAME = Number.POSITIVE_INFINITY;

/**
 * Sets the values that the log has: of a sample in each scrape in which it changed, NaN where it is absent from.
 * @param values of these series, one behind the other, scrape by scrape.
 */
function readValues(path: string, samples: number, parts: readonly Parts[], values: Float64Array): void {
  const width = parts.reduce((sum, { numbers }) => sum + numbers.length, 0);
  const scrapes = values.length / width;
  // By number: place of the first value, and values in a row of its series; 0: it is not wanted.
  const places = new Uint32Array(samples);
  const widths = new Uint32Array(samples);
  let end = 0;
  for (const { numbers } of parts) {
    for (const [part, number] of numbers.entries()) {
      // The count of a histogram and its last bucket may be the same sample.
      if (number < 0 || widths[number] !== 0) continue;
      places[number] = end + part;
      widths[number] = numbers.length;
    }
    end += numbers.length * scrapes;
  }
  const reader = new ScrapeLogReader(path);
  try {
    for (let scrape = 0; scrape < scrapes && reader.nextScrape(); scrape++) {
      while (reader.nextChange()) {
        const { number } = reader;
        const step = widths[number] as number;
        if (step !== 0) values[(places[number] as number) + scrape * step] = reader.value;
      }
    }
  } finally {
    reader.close();
  }
}

/**
 * The scrapes that have a series, and its values there, scrape by scrape.
 * @param values as `readValues` sets them; they are overwritten. @param every all scrapes.
 */
function present(
  values: Float64Array,
  numbers: readonly number[],
  every: Uint32Array,
): Pick<ServerSeries, 'scrapes' | 'values'> {
  const width = numbers.length;
  const current = new Float64Array(width).fill(Number.NaN);
  const firsts = numbers.map((number) => numbers.indexOf(number));
  const scrapes = new Uint32Array(every.length);
  // A sum alone is no histogram.
  const sum = width === 1 ? -1 : width - 2;
  let rows = 0;
  for (let scrape = 0; scrape < every.length; scrape++) {
    const row = rows * width;
    let has = false;
    for (let part = 0; part < width; part++) {
      let value = values[scrape * width + part] as number;
      if (value !== SAME) current[part] = value;
      value = current[firsts[part] as number] as number;
      values[row + part] = value;
      if (part !== sum && !Number.isNaN(value)) has = true;
    }
    if (!has) continue;
    if (width > 1) completeHistogram(values, row, width - 2);
    scrapes[rows++] = scrape;
  }
  if (rows === every.length) return { scrapes: every, values };
  return { scrapes: scrapes.slice(0, rows), values: values.subarray(0, rows * width) };
}

function* scrapesOf(logged: LoggedSource): Iterable<Scrape> {
  const { source, log } = logged;
  if (log === undefined) return;
  const parts = partsOf(logged);
  const current = new Float64Array(logged.samples.length).fill(Number.NaN);
  const rows = parts.map(({ head, numbers }) => ({ series: head, values: new Float64Array(numbers.length) }));
  const reader = new ScrapeLogReader(log);
  try {
    for (let index = 0; index < source.sentNs.length && reader.nextScrape(); index++) {
      while (reader.nextChange()) current[reader.number] = reader.value;
      const samples = rows.filter(({ values }, row) => {
        const { numbers } = parts[row] as Parts;
        const width = numbers.length;
        let has = false;
        for (let part = 0; part < width; part++) {
          const number = numbers[part] as number;
          const value = number < 0 ? Number.NaN : (current[number] as number);
          values[part] = value;
          has ||= (width === 1 || part !== width - 2) && !Number.isNaN(value);
        }
        if (has && width > 1) completeHistogram(values, 0, width - 2);
        return has;
      });
      yield { source, index, samples };
    }
  } finally {
    reader.close();
  }
}
