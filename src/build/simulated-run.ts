import { MetricStore } from '../metrics/metric-store.js';
import { outputSequenceLength, requestLatency, timeToFirstToken } from '../metrics/request-metrics.js';
import type { RequestTable } from '../metrics/request-table.js';
import type { StoredRequest } from '../metrics/stored-request.js';
import type { Trends } from '../metrics/trends.js';
import { serverMetrics } from '../telemetry/server-metrics.js';
import type { TimeSeries } from '../telemetry/time-series.js';
import { type Random, randomStream } from '../util/random.js';

/** Behavior of a simulated server over time. */
export interface SimulatedServer {
  readonly seconds: number;
  /** TTFT is doubled for requests that start within this many seconds. */
  readonly coldSeconds: number;
  /** Growth of all times over the run, as a fraction. */
  readonly drift?: number;
  /** Times between `from` and `to`, in seconds, are longer by `share`. */
  readonly episode?: { readonly from: number; readonly to: number; readonly share: number };
  /** Added to the TTFT of requests that start at this second, in ms. */
  readonly waitMs?: (at: number) => number;
}

const CLIENTS = 16;
const START_NS = 1_767_225_600_000_000_000n;
/** Interval of the noise that all requests share: a first-order autoregressive process. */
const COMMON_SECONDS = 0.25;
const COMMON_LIKENESS = 0.5;
const COMMON_SPREAD = 0.04;

/**
 * Trends of a simulated run in slices of a second: 16 clients in a closed loop, TTFT 300 ms (log-normal, sigma 0.4),
 * responses of 10 to 49 tokens at 10 ms each, and a slow noise shared by all requests.
 */
export function simulatedTrends(seed: number, server: SimulatedServer): Trends | undefined {
  return simulatedStore(seed, server).summary().sliced?.trends;
}

/** The requests of such a run, on a clock whose origin is its start. */
export function simulatedRequests(seed: number, server: SimulatedServer): RequestTable {
  return simulatedStore(seed, server).table;
}

/**
 * Waiting requests of a server that have nothing to do with the simulated run, three times a second: a first-order
 * autoregressive process. @param likeness of neighbouring samples. @param growth over the run, in its deviations.
 */
export function simulatedQueue(seed: number, seconds: number, likeness: number, growth = 0): TimeSeries {
  const random = randomStream(seed, 'simulated-queue');
  const count = Math.ceil(seconds * 3);
  const spread = Math.sqrt(1 - likeness ** 2);
  const values = new Float64Array(count);
  let state = random.normal(0, 1);
  for (let i = 0; i < count; i++) {
    values[i] = Math.max(0, Math.round(10 + 4 * (state + (growth * i) / count)));
    state = likeness * state + random.normal(0, spread);
  }
  return {
    metric: serverMetrics.waiting,
    source: 'simulated',
    labels: {},
    times: values.map((_, i) => (i / 3) * 1e9),
    values,
  };
}

function simulatedStore(seed: number, server: SimulatedServer): MetricStore {
  const random = randomStream(seed, 'simulated-run');
  const common = commonNoise(random, server.seconds);
  const store = new MetricStore(
    {
      streaming: true,
      producesTokens: true,
      tokenizesInput: true,
      serverTokenCounts: false,
      sliceSeconds: 1,
    },
    { oslMismatchPct: 5, oslMismatchTokens: 50, usageDiffPct: 10 },
    { epochNs: START_NS, monotonicNs: 0n },
  );
  for (let client = 0; client < CLIENTS; client++) {
    for (let at = random.uniform() * 0.05; at < server.seconds; ) {
      const slower = slowness(at, server) * (common[Math.floor(at / COMMON_SECONDS)] ?? 1);
      const cold = at < server.coldSeconds ? 2 : 1;
      const ttftMs = 300 * Math.exp(random.normal(0, 0.4)) * slower * cold + (server.waitMs?.(at) ?? 0);
      const osl = 10 + random.integer(40);
      const latencyMs = ttftMs + (osl - 1) * 10 * Math.exp(random.normal(0, 0.1)) * slower;
      store.addStored(request(at, ttftMs, latencyMs, osl));
      at += latencyMs / 1000;
    }
  }
  return store;
}

function slowness(at: number, { seconds, drift = 0, episode }: SimulatedServer): number {
  const inEpisode = episode !== undefined && at >= episode.from && at < episode.to;
  return (1 + drift * (at / seconds)) * (inEpisode ? 1 + episode.share : 1);
}

function commonNoise(random: Random, seconds: number): number[] {
  const spread = COMMON_SPREAD * Math.sqrt(1 - COMMON_LIKENESS ** 2);
  const noise = [random.normal(0, COMMON_SPREAD)];
  for (let i = 1; i * COMMON_SECONDS <= seconds; i++) {
    noise.push(COMMON_LIKENESS * (noise[i - 1] ?? 0) + random.normal(0, spread));
  }
  return noise.map(Math.exp);
}

function request(atSeconds: number, ttftMs: number, latencyMs: number, osl: number): StoredRequest {
  const startNs = START_NS + BigInt(Math.round(atSeconds * 1e9));
  return {
    startNs,
    dueNs: startNs,
    endNs: startNs + BigInt(Math.round(latencyMs * 1e6)),
    error: undefined,
    cancelled: false,
    dropped: false,
    values: new Map([
      [timeToFirstToken.tag, ttftMs],
      [requestLatency.tag, latencyMs],
      [outputSequenceLength.tag, osl],
    ]),
  };
}
