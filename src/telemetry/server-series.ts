import type { Labels } from './time-series.js';

/** Kinds of families that are kept. */
export type FamilyKind = 'counter' | 'gauge' | 'histogram' | 'unknown';

/** A metric as a page declares it. */
export interface MetricFamily {
  /** Without `_total`, `_bucket`, `_sum`, `_count`. */
  readonly name: string;
  readonly kind: FamilyKind;
  readonly help: string;
  /** A gauge whose name ends in `_info`: its labels are the information. */
  readonly isInfo: boolean;
}

/** One page and when it was read. All times are ns since the clock's origin, ascending, an entry for each successful scrape. */
export interface ScrapedSource {
  /** As given or derived, secrets masked; the page that was read in the end. */
  readonly url: string;
  /** What it is a page of. */
  readonly of: SourceKind;
  /** Derived from `--url` or a built-in default, not asked for by name. */
  readonly isDefault: boolean;
  readonly sentNs: Float64Array;
  readonly firstByteNs: Float64Array;
  readonly receivedNs: Float64Array;
  /** 1 where a value differs from the scrape before. */
  readonly changed: Uint8Array;
  /** Failed scrapes by their reason. */
  readonly failures: ReadonlyMap<string, number>;
}

/** What a source describes. */
export type SourceKind = 'server' | 'gpu';

/** What identifies one series of a page. */
export interface SeriesHead {
  readonly source: ScrapedSource;
  readonly family: MetricFamily;
  /** Without `le`, in the order of the page. */
  readonly labels: Labels;
  /** Upper bounds of a histogram as the page writes them, `+Inf` last; empty for other kinds. */
  readonly bounds: readonly string[];
}

/** One series of a page over the scrapes in which it appeared. */
export interface ServerSeries extends SeriesHead {
  /** Indices into the source's times, ascending. */
  readonly scrapes: Uint32Array;
  /**
   * One value per scrape; of a histogram `bounds.length + 2`: cumulative buckets, sum, count. They may be overwritten when
   * the next series is taken.
   */
  readonly values: Float64Array;
}

/** One successful scrape with all its values. */
export interface Scrape {
  readonly source: ScrapedSource;
  /** Index into the source's times. */
  readonly index: number;
  /** The series that the page had, by first appearance; the values are as in `ServerSeries` and are overwritten by the next scrape. */
  readonly samples: readonly { readonly series: SeriesHead; readonly values: Float64Array }[];
}

/** Everything that was scraped; series come one at a time so that memory stays bounded. */
export interface ScrapedSeries {
  /** All configured sources; those that were never reached have no times. */
  readonly sources: readonly ScrapedSource[];
  /** What series there are, by source, then by first appearance. */
  heads(): Iterable<SeriesHead>;
  /** Series that are wanted, by default all, in the same order. Each call reads the disk, the faster the fewer are wanted. */
  series(isWanted?: (head: SeriesHead) => boolean): Iterable<ServerSeries>;
  /** By source, then by time. Each call reads the disk again. */
  scrapes(): Iterable<Scrape>;
}
