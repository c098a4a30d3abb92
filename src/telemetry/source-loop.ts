import { messageOf } from '../util/errors.js';
import { excerpt } from '../util/excerpt.js';
import { sleep } from '../util/timeout.js';
import type { Notices } from './notices.js';
import { ReadFailure, type TelemetrySource } from './source.js';
import type { SourceRecorder } from './source-recorder.js';

/** Limit for the read of a slow page. */
export const MAX_READ_MS = 5000;
/** A server may update its counters a little after its last response: time for them to come to rest. */
const SETTLE_MS = 1000;
const SETTLE_EVERY_MS = 100;
/** Time for the last read of a source that did not answer before, or of a run that was interrupted. */
const HURRIED_MS = 300;

export interface SourceLoopOptions {
  /** Against the reads of other sources. */
  readonly delayMs: number;
  /** Limit for the first read. */
  readonly firstReadMs: number;
  readonly nowNs: () => number;
  readonly notices: Notices;
}

/** Reads one source again and again: twice at once, then at the interval, and after the load until its counters rest. */
export class SourceLoop {
  /** Resolves when the source was read twice, or could not be read. */
  readonly begun: Promise<void>;
  /** Resolves when nothing more is read. */
  readonly over: Promise<void>;
  /** Why the last read failed; undefined: it did not. */
  failure: ReadFailure | undefined;
  readonly source: TelemetrySource;
  readonly #recorder: SourceRecorder;
  readonly #options: SourceLoopOptions;
  readonly #stopping = new AbortController();
  readonly #hurrying = new AbortController();
  readonly #ended = new AbortController();
  #readMs: number;
  /** It is not read any more. */
  #isDropped = false;
  /** Those who wait for a read that has not begun yet. */
  #asked: (() => void)[] = [];
  /** Ends the wait for the next tick. */
  #waking = new AbortController();

  constructor(source: TelemetrySource, recorder: SourceRecorder, options: SourceLoopOptions) {
    this.source = source;
    this.#recorder = recorder;
    this.#options = options;
    this.#readMs = options.firstReadMs;
    let begin = () => {};
    this.begun = new Promise((resolve) => {
      begin = resolve;
    });
    this.over = Promise.race([this.#run(begin).finally(begin), this.#deadline()]).finally(() => {
      this.#ended.abort();
      source.close();
    });
  }

  /** Begins the last reads, because the load has ended. @param isHurried as few as possible. */
  stop(isHurried: boolean): void {
    this.#stopping.abort();
    this.#waking.abort();
    if (isHurried) this.#hurrying.abort();
  }

  /** Reads the source as soon as the current read has ended. Resolves when it was read, or nothing more is read. */
  async readNow(): Promise<void> {
    const read = new Promise<void>((resolve) => this.#asked.push(resolve));
    this.#waking.abort();
    await Promise.race([read, this.over]);
  }

  async #run(begin: () => void): Promise<void> {
    const { delayMs, nowNs } = this.#options;
    const { kind, intervalMs } = this.source;
    if (await this.#read()) await this.#read();
    begin();
    if (this.#isDropped) return;
    const startNs = nowNs() + delayMs * 1e6;
    const intervalNs = intervalMs * 1e6;
    for (;;) {
      const tick = Math.max(0, Math.floor((nowNs() - startNs) / intervalNs) + 1);
      await sleep((startNs + tick * intervalNs - nowNs()) / 1e6, this.#waking.signal);
      if (this.#stopping.signal.aborted || this.#isDropped) break;
      const asked = this.#asked;
      this.#asked = [];
      if (this.#waking.signal.aborted) this.#waking = new AbortController();
      await this.#read();
      for (const resolve of asked) resolve();
    }
    if (this.#isDropped || this.#recorder.scrapes === 0) return;
    await this.#read();
    // Counters of a GPU never rest.
    while (kind === 'server' && !this.#hurrying.signal.aborted && this.failure === undefined) {
      await sleep(SETTLE_EVERY_MS, this.#hurrying.signal);
      await this.#read();
      if (!this.#recorder.countersChanged) break;
    }
  }

  /** Resolves when no time is left after the load. */
  async #deadline(): Promise<void> {
    await sleep(Number.POSITIVE_INFINITY, this.#stopping.signal);
    if (this.failure === undefined) await sleep(SETTLE_MS, this.#hurrying.signal);
    if (this.failure !== undefined || this.#hurrying.signal.aborted)
      await sleep(HURRIED_MS, this.#ended.signal);
  }

  /** @returns whether the page was read. */
  async #read(): Promise<boolean> {
    const { nowNs } = this.#options;
    const { intervalMs } = this.source;
    const startNs = nowNs();
    try {
      await this.#readPage();
      if (this.#ended.signal.aborted) return false;
      this.#noteReturn();
      this.failure = undefined;
      // A page that takes longer than the interval gets the time that it needs.
      const tookMs = Math.round((nowNs() - startNs) / 1e6);
      this.#readMs = Math.min(MAX_READ_MS, Math.max(leastReadMs(intervalMs), 2 * tookMs));
      return true;
    } catch (thrown) {
      if (this.#ended.signal.aborted) return false;
      this.#fail(
        thrown instanceof ReadFailure ? thrown : new ReadFailure('unreadable', messageOf(thrown), true),
      );
      return false;
    }
  }

  /** Where the page is no exposition text, reads the other one. @throws ReadFailure */
  async #readPage(): Promise<void> {
    const reading = await this.source.read(this.#readMs);
    if (this.#ended.signal.aborted || this.#recorder.add(reading)) return;
    const failure = notExposition(reading.page);
    if (!this.source.readOther()) throw failure;
    try {
      await this.#readPage();
    } catch (thrown) {
      if (!(thrown instanceof ReadFailure && isMissing(thrown))) throw thrown;
      this.source.readFirst();
      throw failure;
    }
  }

  #fail(failure: ReadFailure): void {
    const { notices } = this.#options;
    const { kind, url, isDefault, intervalMs } = this.source;
    const isFirst = this.#recorder.scrapes === 0;
    this.failure = failure;
    this.#recorder.fail(failure);
    const leastMs = leastReadMs(intervalMs);
    this.#readMs = failure.reason === 'TimeoutError' ? Math.min(MAX_READ_MS, 2 * this.#readMs) : leastMs;
    this.#isDropped ||= failure.isFinal || (isFirst && isDefault && isMissing(failure));
    if (isFirst && isDefault) {
      notices.note(
        `${url} missing`,
        kind === 'gpu' ? 'DEBUG' : 'INFO',
        `no metrics from ${url}: ${failure.message}`,
        `${url}: no metrics`,
      );
      return;
    }
    const what = isFirst ? 'cannot be read' : 'stopped answering';
    const next = this.#isDropped ? 'it is not read any more' : 'it is tried again';
    notices.note(
      `${url} failed`,
      'WARNING',
      `${url} ${what}: ${failure.message}; ${next}`,
      `${url}: reads failed`,
    );
  }

  #noteReturn(): void {
    const { url } = this.source;
    if (this.failure === undefined) return;
    this.#options.notices.note(
      `${url} returned`,
      'INFO',
      `${url} answers again`,
      `${url}: it answered again`,
    );
  }
}

/** Limit for a read: with it, a read that hangs costs one scrape. */
export function leastReadMs(intervalMs: number): number {
  return Math.max(100, Math.round(1.8 * intervalMs));
}

/** Whether there is no such page, now and later. */
function isMissing({ reason }: ReadFailure): boolean {
  return /^(HTTP 4|ClientConnector|not exposition text)/.test(reason);
}

function notExposition(page: Buffer): ReadFailure {
  const start = excerpt(page.toString('utf8', 0, 1000));
  return new ReadFailure('not exposition text', `it is not Prometheus text: ${start}`);
}
