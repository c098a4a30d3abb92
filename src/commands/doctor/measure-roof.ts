import { join } from 'node:path';
import { usableCpus } from '../../util/cgroup.js';
import { haveV8YieldToLoadThreads } from '../../util/priority.js';
import { startHeapsLarge } from '../../util/v8-heap.js';
import { FILES_OF_OUR_OWN, openFileLimit, threadCount } from '../profile/limits.js';
import { type RoofFigures, requestFigures, type StreamFigures, streamFigures } from './roof-figures.js';
import { openStubLoad, type StubServer, startStubServer } from './stub-load.js';

/** How long and how far to measure. */
export interface RoofMeasurement {
  /** Time of the small requests, ms; their warm-up takes a fifth of it. */
  readonly requestsMs: number;
  /** Events of each stream, one every 10 ms. */
  readonly events: number;
  /** Connections that the limit of open files allows. */
  readonly maxStreams: number;
  /** Load threads that a run may use on this machine. */
  readonly threads: number;
  /** No further rate is tried this long after the start, ms. */
  readonly budgetMs: number;
  readonly nowMs: () => number;
}

/** A measurement of at most 20 s. @param root parent of `/proc`. @param nowMs a monotonic clock. */
export function roofPlan(root: string, nowMs: () => number): RoofMeasurement {
  const proc = join(root, 'proc');
  return {
    ...{ requestsMs: 2500, events: 120, budgetMs: 16_000 },
    // Both ends of a connection are in this process.
    maxStreams: Math.floor((openFileLimit(proc) - FILES_OF_OUR_OWN) / 2),
    threads: threadCount(
      { loadThreads: undefined, workersMax: undefined },
      Number.POSITIVE_INFINITY,
      usableCpus(root),
      proc,
    ),
    nowMs,
  };
}

/** Connections of the small requests, and streams at the moderate rate. */
export const MODERATE = 100;
const INTERVAL_MS = 10;
// The cost of an event falls as the rate rises.
const START_SHARE = 0.75;
const STEP = 1.25;
// From 100 streams to 2,900: 290,000 events/s.
const STEPS = 15;
// The stub server has one thread.
const MAX_THREADS = 4;

/**
 * Measures what a load thread of this machine can do, with the load threads of `aiperf profile` against a stub server on
 * loopback; no file is written.
 */
export async function measureRoof(options: RoofMeasurement): Promise<RoofFigures> {
  haveV8YieldToLoadThreads();
  startHeapsLarge();
  const server = await startStubServer();
  try {
    const untilMs = options.nowMs() + options.budgetMs;
    const requests = await measureRequests(server, options);
    const manyThreads = options.threads === 1 ? undefined : await measureThreads(server, options);
    return { requests, ...(await measureStreams(server, options, untilMs)), manyThreads };
  } finally {
    await server.stop();
  }
}

async function measureRequests(server: StubServer, { requestsMs }: RoofMeasurement) {
  const phase = { concurrency: MODERATE, requests: Number.POSITIVE_INFINITY };
  const phases = [
    { ...phase, durationMs: requestsMs / 5 },
    { ...phase, durationMs: requestsMs },
  ];
  const load = await openStubLoad(server, '/requests', 1, phases);
  try {
    await load.run(0);
    return requestFigures(await load.run(1));
  } finally {
    await load.close();
  }
}

/**
 * Raises the rate from somewhat below what the thread could do. A rate that is not timely is tried again, since another
 * process or the host may have held the CPU; the second time is the end.
 */
async function measureStreams(
  server: StubServer,
  { events, maxStreams, nowMs }: RoofMeasurement,
  untilMs: number,
): Promise<Pick<RoofFigures, 'moderate' | 'rising'>> {
  const steps = Array.from({ length: STEPS }, (_, step) => Math.round(MODERATE * STEP ** (step + 1))).filter(
    (streams) => streams <= maxStreams,
  );
  const phases = [
    streamPhase(2, MODERATE, events),
    ...steps.flatMap((streams) => [streamPhase(1, streams, events), streamPhase(1, streams, events)]),
  ];
  const load = await openStubLoad(server, `/stream/${events}/${INTERVAL_MS}`, 1, phases);
  try {
    const run = async (index: number, streams: number) =>
      streamFigures(await load.run(index), askedPerSecond(streams));
    const moderate = await run(0, MODERATE);
    const rising: StreamFigures[] = [];
    for (const [i, streams] of steps.entries()) {
      if (askedPerSecond(streams) < START_SHARE * moderate.couldPerSecond) continue;
      if (nowMs() > untilMs) break;
      const first = await run(2 * i + 1, streams);
      rising.push(first);
      if (first.isTimely) continue;
      const second = await run(2 * i + 2, streams);
      rising.push(second);
      if (!second.isTimely) break;
    }
    return { moderate, rising };
  } finally {
    await load.close();
  }
}

async function measureThreads(
  server: StubServer,
  { events, maxStreams, threads }: RoofMeasurement,
): Promise<StreamFigures> {
  const used = Math.min(threads, MAX_THREADS, Math.max(1, Math.floor(maxStreams / MODERATE)));
  const streams = used * MODERATE;
  const path = `/stream/${events}/${INTERVAL_MS}`;
  const load = await openStubLoad(server, path, used, [streamPhase(2, streams, events)]);
  try {
    return streamFigures(await load.run(0), askedPerSecond(streams));
  } finally {
    await load.close();
  }
}

/** Waves of streams, with time for a server that is somewhat behind. */
function streamPhase(waves: number, streams: number, events: number) {
  return { concurrency: streams, requests: waves * streams, durationMs: waves * (events + 20) * INTERVAL_MS };
}

function askedPerSecond(streams: number): number {
  return (streams * 1000) / INTERVAL_MS;
}
