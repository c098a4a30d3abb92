import { MetricStore } from '../metrics/metric-store.js';
import { outputSequenceLength, requestLatency, timeToFirstToken } from '../metrics/request-metrics.js';
import type { StoredRequest } from '../metrics/stored-request.js';
import type { Trends } from '../metrics/trends.js';
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
      const ttftMs = 300 * Math.exp(random.normal(0, 0.4)) * slower * cold;
      const osl = 10 + random.integer(40);
      const latencyMs = ttftMs + (osl - 1) * 10 * Math.exp(random.normal(0, 0.1)) * slower;
      store.addStored(request(at, ttftMs, latencyMs, osl));
      at += latencyMs / 1000;
    }
  }
  return store.summary().sliced?.trends;
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
