import type { ClientCounts } from '../metrics/client-counts.js';
import { checkServer } from '../metrics/server-check.js';
import type { LatencyFigure, ServerFigures } from '../metrics/server-figures.js';
import type { Statistics } from '../metrics/statistics.js';
import {
  anyObject,
  array,
  type Codec,
  float,
  object,
  plainNumber,
  string,
  type ValueOf,
} from '../util/codec.js';
import { isObject } from '../util/json.js';

const bothCounts = object({ server: plainNumber, client: plainNumber });
const gauge = object({ avg: float, max: float });
const time = object({ avg: float, p50: float, p99: float });
const bothTimes = object({ unit: string, server: time, client: time });

/** Counts by a name. */
const countsByName: Codec<Readonly<Record<string, number>>> = {
  read: (json) =>
    isObject(json)
      ? Object.fromEntries(
          Object.entries(json).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
        )
      : undefined,
  write: (counts) => counts,
};

/**
 * A member of `server_view` in a summary file: what the servers of one make counted in the phase, next to what the
 * client did. Shares are 0 to 1; percentiles of servers are estimates from histograms.
 */
const viewOfServer = object({
  server: string,
  urls: array(string),
  requestsFinished: bothCounts,
  finishedByReason: countsByName,
  promptTokens: bothCounts,
  generationTokens: bothCounts,
  preemptions: plainNumber,
  prefixCacheHitRate: float,
  /** Of speculative decoding: tokens of each step with a draft, and the share of drafted tokens that were kept. */
  acceptanceLength: float,
  acceptanceRate: float,
  kvCacheUsage: gauge,
  runningRequests: gauge,
  waitingRequests: gauge,
  timeToFirstToken: bothTimes,
  interTokenLatency: bothTimes,
  requestLatency: bothTimes,
  /** Sentences: what fits, and why the rest differs. */
  explained: array(string),
  /** Sentences: mismatches without a known reason, and what makes the run's figures doubtful. */
  unexplained: array(string),
});

/** The member `server_view` of a summary file. */
export const serverViewCodec = array(viewOfServer);

/** What the servers of one make counted, next to what the client did. */
export type ServerView = ValueOf<typeof viewOfServer>;

/** The member `server_settings` of a summary file: settings by the place where the server shows them. */
export const serverSettingsCodec = array(object({ server: string, url: string, settings: anyObject }));

/** What the servers of a run counted, compared with the client's counts. */
export function serverViews(servers: readonly ServerFigures[], client: ClientCounts): ServerView[] {
  return servers.map((server) => serverView(server, client));
}

function serverView(server: ServerFigures, client: ClientCounts): ServerView {
  const { counts, gauges, latencies, reasons } = server;
  return {
    server: server.name,
    urls: server.urls,
    requestsFinished: both(counts.finished, client.succeeded),
    finishedByReason: Object.keys(reasons).length === 0 ? undefined : reasons,
    promptTokens: both(counts.promptTokens, client.promptTokens?.total),
    generationTokens: both(counts.generationTokens, client.generationTokens?.total),
    preemptions: counts.preemptions,
    prefixCacheHitRate: server.cacheHitRate,
    ...server.speculation,
    kvCacheUsage: gauges.kvCacheUsage && gaugeOf(gauges.kvCacheUsage),
    runningRequests: gauges.running && gaugeOf(gauges.running),
    waitingRequests: gauges.waiting && gaugeOf(gauges.waiting),
    timeToFirstToken: bothSides(latencies.ttft, client.ttft),
    interTokenLatency: bothSides(latencies.itl, client.itl),
    requestLatency: bothSides(latencies.latency, client.latency),
    ...checkServer(server, client),
  };
}

function both(server: number | undefined, client: number | undefined) {
  return server === undefined ? undefined : { server, client };
}

function gaugeOf({ mean, max }: { readonly mean: number; readonly max: number }) {
  return { avg: mean, max };
}

function bothSides(server: LatencyFigure | undefined, client: Statistics | undefined) {
  if (server === undefined) return undefined;
  const { mean, p50, p99 } = server;
  return {
    unit: 'ms',
    server: { avg: mean, p50, p99 },
    client: client && { avg: client.avg, p50: client.p50, p99: client.p99 },
  };
}
