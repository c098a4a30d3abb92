import type { ScrapeTimes } from './scrape-log.js';
import type { SourceKind } from './server-series.js';

/** Larger pages are refused: the largest known ones have some 5 MB. */
export const MAX_PAGE_BYTES = 64 << 20;

/** A page and when it was read. */
export interface Reading extends ScrapeTimes {
  /** Prometheus text or OpenMetrics. The source overwrites it when it reads the page after the next one. */
  readonly page: Buffer;
  /** Its last line is cut off. */
  readonly isCut?: boolean;
}

/** Something that can be read again and again: a page of a server, or a tool whose output is made into such a page. */
export interface TelemetrySource {
  readonly kind: SourceKind;
  /** The page in files and logs, secrets masked; may change while it is not reached. */
  readonly url: string;
  /** Derived from `--url` or a built-in default: not there is not worth a warning. */
  readonly isDefault: boolean;
  /** Between two reads. */
  readonly intervalMs: number;
  /** @param limitMs for the whole read. @throws ReadFailure */
  read(limitMs: number): Promise<Reading>;
  /**
   * Called when a page is no exposition text. @returns whether there is another page to try, which `read` reads from
   * now on.
   */
  readOther(): boolean;
  /** Reads the first page again: the other one is missing. */
  readFirst(): void;
  close(): void;
}

/** Why a source could not be read. */
export class ReadFailure extends Error {
  override readonly name = 'ReadFailure';
  /** Short, the same for all failures of this kind: `HTTP 404`, `TimeoutError`. */
  readonly reason: string;
  /** Reading it again makes no sense. */
  readonly isFinal: boolean;

  constructor(reason: string, message: string, isFinal = false) {
    super(message);
    this.reason = reason;
    this.isFinal = isFinal;
  }
}
