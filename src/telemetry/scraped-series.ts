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
const MAX_PASS_BYTES = 16 << 20;

/** What the logs hold. @param passBytes of values to hold at once. */
export function openScrapedSeries(
  logged: readonly LoggedSource[],
  passBytes = MAX_PASS_BYTES,
): ScrapedSeries {
  return {
    sources: logged.map(({ source }) => source),
    *series() {
      for (const source of logged) yield* seriesOf(source, passBytes);
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

function* seriesOf(logged: LoggedSource, passBytes: number): Iterable<ServerSeries> {
  const { source, log } = logged;
  const scrapes = source.sentNs.length;
  if (log === undefined || scrapes === 0) return;
  const every = Uint32Array.from({ length: scrapes }, (_, index) => index);
  const parts = partsOf(logged);
  const maxColumns = Math.max(1, Math.floor(passBytes / (8 * scrapes)));
  for (let from = 0; from < parts.length; ) {
    let to = from;
    let columns = 0;
    do columns += parts[to++]?.numbers.length ?? 0;
    while (to < parts.length && columns + (parts[to]?.numbers.length ?? 0) <= maxColumns);
    const batch = parts.slice(from, to);
    const values = readColumns(
      log,
      logged.samples.length,
      batch.flatMap(({ numbers }) => numbers),
      scrapes,
    );
    let column = 0;
    for (const { head, numbers } of batch) {
      const width = numbers.length;
      const series = { ...head, ...present(values, column, width, every) };
      column += width;
      if (series.scrapes.length > 0) yield series;
    }
    from = to;
  }
}

/** The values of samples in all scrapes, one column for each; NaN where a sample is absent. */
function readColumns(
  path: string,
  samples: number,
  numbers: readonly number[],
  scrapes: number,
): Float64Array {
  const columnOf = new Int32Array(samples).fill(-1);
  const columns = new Float64Array(numbers.length * scrapes).fill(Number.NaN);
  for (const [column, number] of numbers.entries()) if (number >= 0) columnOf[number] = column;
  // Each value holds from a scrape on, until another one replaces it.
  const since = new Uint32Array(numbers.length);
  const current = new Float64Array(numbers.length).fill(Number.NaN);
  const hold = (column: number, until: number) => {
    const value = current[column] as number;
    const from = column * scrapes + (since[column] as number);
    const to = column * scrapes + until;
    if (to === from + 1) columns[from] = value;
    else columns.fill(value, from, to);
  };
  const reader = new ScrapeLogReader(path);
  try {
    for (let scrape = 0; scrape < scrapes && reader.nextScrape(); scrape++) {
      while (reader.nextChange()) {
        const column = columnOf[reader.number] as number;
        if (column === -1) continue;
        hold(column, scrape);
        current[column] = reader.value;
        since[column] = scrape;
      }
    }
  } finally {
    reader.close();
  }
  for (const column of numbers.keys()) hold(column, scrapes);
  for (const [column, number] of numbers.entries()) {
    // The count of a histogram and its last bucket may be the same sample.
    const same = number < 0 ? column : (columnOf[number] as number);
    if (same !== column) columns.copyWithin(column * scrapes, same * scrapes, (same + 1) * scrapes);
  }
  return columns;
}

/** The scrapes that have a series, and its values there, scrape by scrape. @param every all scrapes. */
function present(
  columns: Float64Array,
  column: number,
  width: number,
  every: Uint32Array,
): Pick<ServerSeries, 'scrapes' | 'values'> {
  const { length } = every;
  const values = new Float64Array(length * width);
  const scrapes = new Uint32Array(length);
  // A sum alone is no histogram.
  const sum = width === 1 ? -1 : width - 2;
  let rows = 0;
  for (let scrape = 0; scrape < length; scrape++) {
    let has = false;
    for (let part = 0; part < width; part++) {
      const value = columns[(column + part) * length + scrape] as number;
      values[rows * width + part] = value;
      if (part !== sum && !Number.isNaN(value)) has = true;
    }
    if (!has) continue;
    if (width > 1) completeHistogram(values, rows * width, width - 2);
    scrapes[rows++] = scrape;
  }
  if (rows === length) return { scrapes: every, values };
  return { scrapes: scrapes.slice(0, rows), values: values.slice(0, rows * width) };
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
