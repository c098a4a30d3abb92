import {
  bucketMembers,
  shortUrl,
  sortedLabels,
  sourceInfo,
  statMembers,
} from '../../export/server-metrics.js';
import { type ServerResult, serverResult } from '../../metrics/server-results.js';
import { filesIn } from '../../run/files.js';
import { type LeftScrapes, leftScrapes } from '../../telemetry/left-scrapes.js';
import type { Printable } from '../../util/python-json.js';
import type { WatchedRun } from '../messages.js';
import { serverFigures } from './current-figures.js';
import { epochNs } from './progress.js';
import type { ApiState, WatchedPhase } from './state.js';

/** Reading all scrapes of a long run takes a while: at most this share of the time goes into it. */
const MAX_SHARE = 0.1;
const LEAST_MS = 1000;

/** Makes `/api/server-metrics` of what the telemetry thread has stored of the pages of servers: it is some seconds old. */
export class ServerMetrics {
  readonly #nowMs: () => number;
  #folder = '';
  #summaries: Printable | undefined;
  #nextMs = 0;

  /** @param nowMs a monotonic clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  body({ run, phases }: Pick<ApiState, 'run' | 'phases'>): Printable {
    const phase = phases.at(-1);
    if (run !== undefined && phase !== undefined) this.#update(run, phase);
    if (this.#summaries === undefined) {
      return { endpoint_summaries: {}, message: 'No server metrics have been read yet.' };
    }
    const figures = serverFigures(phase?.snapshot.telemetry?.servers ?? []);
    return {
      endpoint_summaries: this.#summaries,
      snapshot: Object.fromEntries(figures.map(({ tag, statistics }) => [tag, statistics.current])),
    };
  }

  #update(run: WatchedRun, { startMs }: WatchedPhase): void {
    const nowMs = this.#nowMs();
    const folder = filesIn(run.folder, undefined).telemetrySpool;
    const isNew = folder !== this.#folder;
    if (!isNew && nowMs < this.#nextMs) return;
    this.#folder = folder;
    const left = leftScrapes(folder);
    // At the end of the run the files take the place of what was stored.
    if (left !== undefined || isNew) this.#summaries = left && summariesOf(left, startMs);
    this.#nextMs = this.#nowMs() + Math.max(LEAST_MS, (this.#nowMs() - nowMs) / MAX_SHARE);
  }
}

/** @param startMs of the phase, ms since 1970. */
function summariesOf({ scraped, origin }: LeftScrapes, startMs: number): Printable | undefined {
  const sources = scraped.sources.filter(({ of }) => of === 'server');
  if (sources.length === 0) return undefined;
  const fromNs = Number(epochNs(startMs) - origin.epochNs);
  const results: ServerResult[] = [];
  for (const series of scraped.series(({ source }) => source.of === 'server')) {
    const result = serverResult(series, { fromNs, toNs: Number.POSITIVE_INFINITY });
    if (result !== undefined) results.push(result);
  }
  return Object.fromEntries(
    sources.map((source) => [
      shortUrl(source.url),
      {
        endpoint_url: source.url,
        info: sourceInfo(source, origin),
        metrics: metricsOf(results.filter(({ head }) => head.source === source)),
      },
    ]),
  );
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
