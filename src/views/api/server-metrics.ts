import {
  bucketMembers,
  shortUrl,
  sortedLabels,
  sourceInfo,
  statMembers,
} from '../../export/server-metrics.js';
import type { Window } from '../../metrics/request-table.js';
import { type ServerResult, serverResult } from '../../metrics/server-results.js';
import { type LeftScrapes, leftScrapes } from '../../telemetry/left-scrapes.js';
import type { Printable } from '../../util/python-json.js';

/** Reading all scrapes of a long run takes a while: at most this share of the time goes into it. */
const MAX_SHARE = 0.1;
const LEAST_MS = 1000;

/** Statistics of the pages of servers so far, from what the telemetry thread has stored of them. */
export class ServerMetrics {
  readonly #nowMs: () => number;
  #folder = '';
  #summaries: Printable | undefined;
  #nextMs = 0;

  /** @param nowMs a monotonic clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /**
   * The member `endpoint_summaries`; undefined before the first scrape. It is some seconds old.
   * @param folder where scrapes are stored until the run has ended. @param startMs of the phase, ms since 1970.
   */
  summaries(folder: string, startMs: number): Printable | undefined {
    if (folder !== this.#folder) this.#nextMs = 0;
    const nowMs = this.#nowMs();
    if (nowMs < this.#nextMs) return this.#summaries;
    const left = leftScrapes(folder);
    // The files of the run take their place at its end.
    if (left !== undefined || folder !== this.#folder) this.#summaries = left && summariesOf(left, startMs);
    this.#folder = folder;
    this.#nextMs = this.#nowMs() + Math.max(LEAST_MS, (this.#nowMs() - nowMs) / MAX_SHARE);
    return this.#summaries;
  }
}

function summariesOf({ scraped, origin }: LeftScrapes, startMs: number): Printable | undefined {
  const window = {
    fromNs: Number(BigInt(Math.round(startMs)) * 1_000_000n - origin.epochNs),
    toNs: Infinity,
  };
  const sources = scraped.sources.filter(({ of }) => of === 'server');
  const found = seriesIn({ scraped, origin }, window);
  if (sources.length === 0) return undefined;
  return Object.fromEntries(
    sources.map((source) => [
      shortUrl(source.url),
      {
        endpoint_url: source.url,
        info: sourceInfo(source, origin),
        metrics: metricsOf(found.filter(({ head }) => head.source === source)),
      },
    ]),
  );
}

function seriesIn({ scraped }: LeftScrapes, window: Window): ServerResult[] {
  const results: ServerResult[] = [];
  for (const series of scraped.series(({ source }) => source.of === 'server')) {
    const result = serverResult(series, window);
    if (result !== undefined) results.push(result);
  }
  return results;
}

function metricsOf(results: readonly ServerResult[]): Printable {
  const metrics = new Map<string, { type: string; description: string; series: Printable[] }>();
  for (const { head, stats, buckets } of results) {
    const { name, kind: type, help: description } = head.family;
    const metric = metrics.get(name) ?? { type, description, series: [] };
    metrics.set(name, metric);
    metric.series.push({
      labels: new Map(sortedLabels(head.labels)),
      stats: Object.fromEntries(statMembers(stats)),
      buckets: buckets && bucketMembers(head.bounds, buckets),
    });
  }
  return metrics;
}
