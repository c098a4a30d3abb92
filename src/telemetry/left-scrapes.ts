import { existsSync, readdirSync } from 'node:fs';
import type { ClockOrigin } from '../util/clock.js';
import { ScrapeLogReader } from './scrape-log.js';
import { scrapeLogPath } from './scrape-logs.js';
import { type LoggedSource, openScrapedSeries } from './scraped-series.js';
import type { ScrapedSeries } from './server-series.js';

/** What a run has read, and the origin of its times. */
export interface LeftScrapes {
  readonly scraped: ScrapedSeries;
  readonly origin: ClockOrigin;
}

/**
 * Reads the logs that a killed run left. How often reads of a page failed is not in them.
 * @returns undefined where no page was read. @throws the file system's error.
 */
export function leftScrapes(folder: string): LeftScrapes | undefined {
  if (!existsSync(folder)) return undefined;
  const numbers = readdirSync(folder).flatMap((name) => /^(\d+)\.spool$/.exec(name)?.[1] ?? []);
  const left = numbers
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((number) => loggedIn(scrapeLogPath(folder, number)) ?? []);
  const [first] = left;
  return first && { scraped: openScrapedSeries(left.map(({ logged }) => logged)), origin: first.origin };
}

function loggedIn(log: string): { readonly logged: LoggedSource; readonly origin: ClockOrigin } | undefined {
  const reader = new ScrapeLogReader(log);
  const times: [sent: number, firstByte: number, received: number][] = [];
  const changed: number[] = [];
  try {
    while (reader.nextScrape()) {
      const { sentNs, firstByteNs, receivedNs } = reader.times;
      times.push([sentNs, firstByteNs, receivedNs]);
      let changes = 0;
      while (reader.nextChange()) changes++;
      changed.push(changes > 0 ? 1 : 0);
    }
  } finally {
    reader.close();
  }
  if (reader.head === undefined || times.length === 0) return undefined;
  const { url, of, isDefault, epochNs, monotonicNs } = reader.head;
  const column = (part: 0 | 1 | 2) => Float64Array.from(times, (scrape) => scrape[part]);
  const source = {
    ...{ url, of, isDefault, changed: Uint8Array.from(changed), failures: new Map<string, number>() },
    ...{ sentNs: column(0), firstByteNs: column(1), receivedNs: column(2) },
  };
  return {
    logged: { source, samples: reader.samples, log },
    origin: { epochNs: BigInt(epochNs), monotonicNs: BigInt(monotonicNs) },
  };
}
