import { existsSync } from 'node:fs';
import type { ClockOrigin } from '../util/clock.js';
import { cut } from '../util/cut.js';
import type { LogLevel } from '../util/log.js';
import { makeFolder } from '../util/make-folder.js';
import { type FamilySample, familyOf } from './families.js';
import { LabelMasks, lineWithoutSecrets } from './label-masks.js';
import { grown } from './line-table.js';
import type { Notices } from './notices.js';
import { PageReader } from './page-reader.js';
import { ScrapeLogReader, ScrapeLogWriter, type ScrapeTimes } from './scrape-log.js';
import { scrapeLogPath } from './scrape-logs.js';
import type { LoggedSource } from './scraped-series.js';
import type { ScrapedSource } from './server-series.js';
import { ReadFailure, type Reading, type TelemetrySource } from './source.js';

const GROWS = 1;
const OF_LOAD = 2;

/** Families of a server's own process and of its HTTP interface: reading the page alone lets them grow. */
const ofItself = /^(process|python|go|nodejs|promhttp|http)_/;

/** Reads the pages of a source into its log, and notes what is odd about them. */
export class SourceRecorder {
  readonly #source: TelemetrySource;
  readonly #notices: Notices;
  readonly #path: string;
  readonly #folder: string;
  readonly #origin: ClockOrigin;
  readonly #pages = new PageReader();
  readonly #masks = new LabelMasks();
  readonly #onPage: (reading: Reading, pages: PageReader) => void;
  /** Samples by number, and their numbers by the id that the reader gave them; -1: not kept. */
  readonly #samples: FamilySample[] = [];
  #numberOf = new Int32Array(1024);
  /** By number: `GROWS`, `OF_LOAD`. */
  #traits = new Uint8Array(1024);
  /** Numbers of samples that were taken up, by their JSON. */
  readonly #takenUp = new Map<string, number>();
  /** Those of them that no page has had since. */
  readonly #unseen = new Set<number>();
  #log: ScrapeLogWriter | undefined;
  #times = new Float64Array(3 * 256);
  #changed = new Uint8Array(256);
  #scrapes = 0;
  readonly #failures = new Map<string, number>();
  /** Whether a counter that follows the load differed in the last page from the page before. */
  countersChanged = true;

  /**
   * @param folder of the log, which is made with the first page. @param number of the source, which names its log.
   * @param origin of the times of readings.
   * @param onPage called with each page, and what was read of it.
   */
  constructor(
    source: TelemetrySource,
    notices: Notices,
    folder: string,
    number: number,
    origin: ClockOrigin,
    onPage: (reading: Reading, pages: PageReader) => void = () => {},
  ) {
    this.#onPage = onPage;
    this.#source = source;
    this.#notices = notices;
    this.#folder = folder;
    this.#origin = origin;
    this.#path = scrapeLogPath(folder, number);
  }

  get scrapes(): number {
    return this.#scrapes;
  }

  /** Names of the families that were on the page so far. */
  get families(): ReadonlySet<string> {
    return new Set(this.#samples.map(({ family }) => family.name));
  }

  /**
   * @returns whether the page is exposition text; another one is not kept.
   * @throws ReadFailure for a page that is cut off, the file system's error
   */
  add(reading: Reading): boolean {
    const pages = this.#pages;
    pages.read(reading.page);
    if (!pages.isExposition) return false;
    if (reading.isCut) throw new ReadFailure('incomplete', 'its end is missing: the connection was closed');
    this.#onPage(reading, pages);
    this.#addFresh();
    pages.fresh = [];
    this.#noteFaults();
    this.#noteScrape(reading, this.#append(reading));
    return true;
  }

  /**
   * Takes up the log of a process that read the same source before, with the same origin of times; one that is not
   * there, or is of another server, is left.
   * @throws the file system's error
   */
  takeUp(path: string): void {
    if (!existsSync(path)) return;
    const reader = new ScrapeLogReader(path);
    try {
      while (reader.nextScrape()) {
        if (reader.head === undefined || hostOf(reader.head.url) !== hostOf(this.#source.url)) return;
        this.#addSamples(reader.samples.slice(this.#samples.length));
        const log = this.#openLog();
        log.begin(reader.times);
        while (reader.nextChange()) {
          if (Number.isNaN(reader.value)) log.remove(reader.number);
          else log.set(reader.number, reader.value);
        }
        this.#noteScrape(reader.times, log.end());
      }
    } finally {
      reader.close();
    }
    for (const [number, sample] of this.#samples.entries()) {
      this.#takenUp.set(JSON.stringify(sample), number);
      this.#unseen.add(number);
    }
  }

  fail({ reason }: ReadFailure): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
  }

  /** What was read. */
  logged(): LoggedSource {
    const { kind, url, isDefault } = this.#source;
    const column = (part: number) =>
      Float64Array.from({ length: this.#scrapes }, (_, at) => this.#times[3 * at + part] as number);
    const source: ScrapedSource = {
      ...{ of: kind, url, isDefault },
      ...{ sentNs: column(0), firstByteNs: column(1), receivedNs: column(2) },
      changed: this.#changed.slice(0, this.#scrapes),
      failures: this.#failures,
    };
    return { source, samples: this.#samples, log: this.#log && this.#path };
  }

  close(): void {
    this.#log?.close();
  }

  #noteScrape({ sentNs, firstByteNs, receivedNs }: ScrapeTimes, changes: number): void {
    const at = this.#scrapes++;
    if (at === this.#changed.length) {
      this.#times = grown(this.#times, Float64Array);
      this.#changed = grown(this.#changed, Uint8Array);
    }
    this.#times.set([sentNs, firstByteNs, receivedNs], 3 * at);
    this.#changed[at] = changes > 0 ? 1 : 0;
  }

  /** Appends the values of the page. @returns number of changes. */
  #append(reading: Reading): number {
    const { values, ids, count } = this.#pages;
    const log = this.#openLog();
    log.begin(reading);
    let present = 0;
    let resets = 0;
    let reset = { number: -1, before: 0, value: 0 };
    this.countersChanged = false;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      const number = this.#numberOf[id] as number;
      const value = values[id] as number;
      if (number === -1 || Number.isNaN(value)) continue;
      present++;
      const before = log.set(number, value);
      const traits = this.#traits[number] as number;
      if (before === value || (traits & GROWS) === 0) continue;
      if ((traits & OF_LOAD) !== 0) this.countersChanged = true;
      if (value < before && resets++ === 0) reset = { number, before, value };
    }
    if (log.present > present) this.#removeMissing(log);
    if (resets > 0) {
      const { number, before, value } = reset;
      const what = resets === 1 ? 'a counter was reset' : `${resets} counters were reset`;
      this.#note(
        'reset',
        `${what}, e.g. ${this.#shown(number)} from ${before} to ${value}; growth is counted from 0`,
        'counters were reset',
      );
    }
    return log.end();
  }

  /** Removes what the page has not. */
  #removeMissing(log: ScrapeLogWriter): void {
    const { values, samples, faults } = this.#pages;
    const missing: number[] = [];
    for (const number of this.#unseen) log.remove(number);
    this.#unseen.clear();
    for (let id = 0; id < samples; id++) {
      const number = this.#numberOf[id] as number;
      if (number !== -1 && Number.isNaN(values[id]) && log.remove(number)) missing.push(id);
    }
    const gone = missing.filter((id) => !faults.nonFinite.includes(id));
    if (gone.length === 0) return;
    const shown = this.#shown(this.#numberOf[gone[0] ?? 0] ?? -1);
    this.#note('vanished', `${shown} is no longer on the page`, 'series vanished from the page', gone.length);
  }

  /** Gives new samples that are kept their numbers. */
  #addFresh(): void {
    const { fresh, samples } = this.#pages;
    if (fresh.length === 0) return;
    while (samples > this.#numberOf.length) this.#numberOf = grown(this.#numberOf, Int32Array);
    const from = this.#samples.length;
    const added: FamilySample[] = [];
    for (const { id, name, labels } of fresh) {
      const sample = familyOf(name, this.#masks.masked(labels), this.#pages);
      this.#numberOf[id] = -1;
      if (sample === undefined) continue;
      const known = this.#takenUp.size === 0 ? undefined : this.#takenUp.get(JSON.stringify(sample));
      this.#numberOf[id] = known ?? from + added.length;
      if (known === undefined) added.push(sample);
      else this.#unseen.delete(known);
    }
    if (added.length === 0) return;
    this.#addSamples(added);
    if (this.#scrapes === 0) return;
    this.#note(
      'appeared',
      `${this.#shown(from)} is new on the page`,
      'series appeared',
      added.length,
      'INFO',
    );
  }

  /** Gives samples the next numbers. */
  #addSamples(added: readonly FamilySample[]): void {
    if (added.length === 0) return;
    for (const sample of added) {
      const number = this.#samples.length;
      if (number === this.#traits.length) this.#traits = grown(this.#traits, Uint8Array);
      this.#traits[number] =
        (growsOnly(sample) ? GROWS : 0) | (ofItself.test(sample.family.name) ? 0 : OF_LOAD);
      this.#samples.push(sample);
    }
    this.#openLog().addSamples(added);
  }

  #noteFaults(): void {
    const { malformed, malformedLine, duplicates, duplicateId, excess, nonFinite } = this.#pages.faults;
    if (this.#pages.count === 0 && this.#source.kind === 'server' && !this.#source.isDefault)
      this.#note('empty', 'the page has no metrics', 'the page had no metrics');
    if (malformed > 0) {
      const what = 'malformed lines were left out';
      this.#note('malformed', `${what}, e.g. ${lineWithoutSecrets(malformedLine)}`, what, malformed);
    }
    if (duplicates > 0) {
      const shown = this.#shown(this.#numberOf[duplicateId] ?? -1);
      const what = 'a series is more than once on the page; the first line counts';
      this.#note('duplicate', shown === '' ? what : `${shown}: ${what}`, what, duplicates);
    }
    if (excess > 0) {
      const what = `series beyond the first ${this.#pages.samples} are left out`;
      this.#note('excess', what, what, excess);
    }
    for (const id of nonFinite) {
      const number = this.#numberOf[id] as number;
      const family = this.#samples[number]?.family.name;
      if (family === undefined) continue;
      const what = 'values that are NaN, infinite or above 1e100 are left out';
      this.#note(`not finite ${family}`, `${this.#shown(number)}: ${what}`, `${family}: ${what}`);
    }
  }

  #note(kind: string, message: string, summary: string, times = 1, level: LogLevel = 'WARNING'): void {
    const { url } = this.#source;
    this.#notices.note(`${url} ${kind}`, level, `${url}: ${message}`, `${url}: ${summary}`, times);
  }

  /** A sample as a page writes it, for a message. */
  #shown(number: number): string {
    const sample = this.#samples[number];
    if (sample === undefined) return '';
    const labels = sample.labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',');
    return cut(labels === '' ? sample.family.name : `${sample.family.name}{${labels}}`, 120);
  }

  #openLog(): ScrapeLogWriter {
    if (this.#log === undefined) {
      makeFolder(this.#folder);
      const { kind, url, isDefault } = this.#source;
      const { epochNs, monotonicNs } = this.#origin;
      const head = { url, of: kind, isDefault, epochNs: `${epochNs}`, monotonicNs: `${monotonicNs}` };
      this.#log = new ScrapeLogWriter(this.#path, head);
    }
    return this.#log;
  }
}

/** Whether a drop of the value means that its server has restarted. A sum falls with negative observations. */
function growsOnly({ family: { kind }, role }: FamilySample): boolean {
  return kind === 'counter' || (kind === 'histogram' && role !== 'sum');
}

/** Host and port of a page. */
function hostOf(url: string): string | undefined {
  return URL.parse(url)?.host;
}
