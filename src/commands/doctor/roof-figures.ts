import type { Roof, StoredRoof } from '../../fidelity/roof.js';
import { LATE_NS } from '../../fidelity/thread-report.js';
import { percentile } from '../../metrics/statistics.js';

/** A stream of the stub server; ns of CLOCK_MONOTONIC, a value for each event. */
interface StampedStream {
  /** When the server wrote the event. */
  readonly writtenNs: readonly number[];
  /** When the client read it. */
  readonly stampedNs: readonly number[];
}

/** What load threads did in a phase against the stub server. Failed requests count only as such. */
export interface PhaseSample {
  readonly threads: number;
  /** Requests in flight. */
  readonly concurrency: number;
  /** From the start to the last response. */
  readonly seconds: number;
  /** Of the load threads. */
  readonly cpuSeconds: number;
  readonly requests: number;
  readonly failed: number;
  readonly reads: number;
  /** ns of CLOCK_MONOTONIC. */
  readonly startNs: number;
  /** Empty streams of requests that do not stream. */
  readonly streams: readonly StampedStream[];
}

/** A phase of streams at a steady rate. */
export interface StreamFigures {
  readonly threads: number;
  /** Written to all streams together. */
  readonly eventsPerSecond: number;
  /** From the server's write to the client's timestamp, ns. */
  readonly delayNs: { readonly p50: number; readonly p99: number };
  /** Reads per second of the load threads' CPU time. */
  readonly couldPerSecond: number;
  /** The server wrote at the rate asked for. */
  readonly keptPace: boolean;
  /** It did, and the client's timestamps kept up. */
  readonly isTimely: boolean;
}

// At the start of a phase connections are opened, which delays events.
const SKIPPED_SHARE = 0.25;
const KEPT_PACE = 0.95;

/**
 * Figures of a phase of streams.
 * @param askedPerSecond events/s that the server was asked for.
 */
export function streamFigures(sample: PhaseSample, askedPerSecond: number): StreamFigures {
  const { threads, concurrency, streams, failed, reads, cpuSeconds, startNs, seconds } = sample;
  const fromNs = startNs + SKIPPED_SHARE * seconds * 1e9;
  const delays: number[] = [];
  let perStream = 0;
  for (const { writtenNs, stampedNs } of streams) {
    const lengthNs = (writtenNs.at(-1) ?? 0) - (writtenNs[0] ?? 0);
    if (lengthNs > 0) perStream += ((writtenNs.length - 1) * 1e9) / lengthNs / streams.length;
    for (const [i, ns] of writtenNs.entries())
      if (ns >= fromNs) delays.push((stampedNs[i] ?? Number.NaN) - ns);
  }
  const sorted = Float64Array.from(delays).sort();
  const eventsPerSecond = perStream * concurrency;
  const delayNs = { p50: percentile(sorted, 50), p99: percentile(sorted, 99) };
  const keptPace = failed === 0 && eventsPerSecond >= KEPT_PACE * askedPerSecond;
  return {
    threads,
    eventsPerSecond,
    delayNs,
    couldPerSecond: reads / cpuSeconds,
    keptPace,
    isTimely: keptPace && delayNs.p99 <= LATE_NS,
  };
}

/** Requests per second of the load threads' CPU time, and those reached. */
export function requestFigures({ requests, seconds, cpuSeconds }: PhaseSample): RequestFigures {
  return { couldPerSecond: requests / cpuSeconds, reachedPerSecond: requests / seconds };
}

export interface RequestFigures {
  readonly couldPerSecond: number;
  readonly reachedPerSecond: number;
}

/** What `aiperf doctor --roof` measured. */
export interface RoofFigures {
  readonly requests: RequestFigures;
  /** Streams of one load thread at a moderate rate, then at rising rates. */
  readonly moderate: StreamFigures;
  readonly rising: readonly StreamFigures[];
  /** At the moderate rate with as many load threads as the machine may use; undefined: it may use one. */
  readonly manyThreads: StreamFigures | undefined;
}

/** Whether no rate was too high for the client, so that it may keep up with more. */
export function isLowerBound({ moderate, rising }: RoofFigures): boolean {
  return [moderate, ...rising].every(({ delayNs }) => delayNs.p99 <= LATE_NS);
}

/** The timely phase with the highest rate; if none is timely, the one at the moderate rate. */
export function fastestTimely({ moderate, rising }: RoofFigures): StreamFigures {
  return rising.reduce(
    (best, next) => (next.isTimely && next.eventsPerSecond > best.eventsPerSecond ? next : best),
    moderate,
  );
}

/** The measured roof: what a load thread could do at the highest rate at which it kept up. */
export function roofOf(
  figures: RoofFigures,
): Roof & Pick<StoredRoof, 'timelyEventsPerSecond' | 'stampDelays'> {
  const { requests, moderate, manyThreads } = figures;
  const fastest = fastestTimely(figures);
  return {
    requestsPerSecond: Math.round(requests.couldPerSecond),
    eventsPerSecond: Math.round(fastest.couldPerSecond),
    timelyEventsPerSecond: fastest.isTimely ? Math.round(fastest.eventsPerSecond) : 0,
    stampDelays: [moderate, ...(manyThreads === undefined ? [] : [manyThreads])].map(
      ({ threads, eventsPerSecond, delayNs }) => ({
        threads,
        eventsPerSecond: Math.round(eventsPerSecond),
        unit: 'ms',
        p50: Math.round(delayNs.p50 / 1e3) / 1e3,
        p99: Math.round(delayNs.p99 / 1e3) / 1e3,
      }),
    ),
  };
}
