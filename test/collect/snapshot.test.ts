import { expect, it } from 'vitest';
import { LiveFiguresCollector } from '../../src/collect/live-figures.js';
import { type SnapshotSources, SnapshotTaker, type WatchedPhase } from '../../src/collect/snapshot.js';
import { ThreadHealthCollector } from '../../src/collect/thread-health.js';
import { fourRequests, storeOf } from '../metrics/records.js';

function figuresOf(records = fourRequests) {
  const live = new LiveFiguresCollector(() => 0);
  const store = storeOf([]);
  for (const one of records) live.add({ record: one.record, metrics: store.add(one) });
  return live.figures;
}

const issuing = { kind: 'closed-loop', concurrency: { limit: 4, rampNs: 0 } } as const;
const phase: WatchedPhase = {
  ...{ name: 'profiling', expectedRequests: 20, durationNs: Number.POSITIVE_INFINITY },
  ...{ startNs: 1e9, issuing },
};

const progress = { sessions: 11, endedSessions: 7, issued: 12, returned: 8, failed: 2, cancelled: 1 };

/** Two seconds after the start. */
const sources: SnapshotSources = {
  nowNs: () => 3e9,
  unixMs: () => 1_800_000_000_000,
  plannedLoad: () => ({ plannedPerSecond: undefined, plannedInFlight: 4, due: undefined }),
  fidelity: () => undefined,
  telemetry: () => undefined,
  progress: () => progress,
  returned: () => 8,
  figures: () => undefined,
};

it('before the first records are processed, the counts of the load threads', () => {
  expect(new SnapshotTaker(phase, sources).take()).toEqual({
    phase: 'profiling',
    unixMs: 1_800_000_000_000,
    elapsedSeconds: 2,
    share: 0.4,
    // 12 are left, and 8 returned in 2 s.
    etaSeconds: 3,
    sessions: { started: 11, ended: 7 },
    requests: {
      ...{ planned: 20, issued: 12, inFlight: 4, returned: 8 },
      ...{ completed: 5, failed: 2, cancelled: 1, dropped: 0 },
    },
    requestsPerSecond: 2.5,
    lastSecond: { requests: 2.5, inputTokens: 0, outputTokens: 0 },
    latencies: { ttft: undefined, itl: undefined, request: undefined },
    errors: [],
    backlog: 8,
    processing: undefined,
    threads: [],
    load: {
      mode: 'closed-loop',
      ...{ plannedPerSecond: undefined, plannedInFlight: 4, due: undefined },
      // 12 in 2 s.
      ...{ sentPerSecond: 6, latenessMs: undefined },
    },
    metrics: [],
    ...{ slo: undefined, fidelity: undefined, telemetry: undefined },
  });
});

it('after the load, how the records that are left are processed', () => {
  let nowNs = 3e9;
  const of = (records: number) => ({ ...figuresOf([]), records });
  let records = { warmup: 5, profiling: 1 };
  const taker = new SnapshotTaker(phase, {
    ...sources,
    nowNs: () => nowNs,
    // With the warm-up's 8.
    returned: () => 16,
    figures: () => ({
      warmup: of(records.warmup),
      profiling: of(records.profiling),
      threads: [],
      client: undefined,
    }),
  });
  taker.endLoad();
  expect(taker.take().processing).toEqual({
    ...{ records: 6, total: 16, elapsedSeconds: 0, etaSeconds: undefined, recordsPerSecond: 0 },
  });
  nowNs = 5e9;
  records = { warmup: 8, profiling: 4 };
  // 6 records in 2 s, and 4 are left; the phase took 2 s.
  expect(taker.take()).toMatchObject({
    ...{ elapsedSeconds: 2, requestsPerSecond: 2.5, backlog: 4 },
    processing: { records: 12, total: 16, elapsedSeconds: 2, etaSeconds: 4 / 3, recordsPerSecond: 3 },
  });
});

it('with the figures of the records so far', () => {
  const live = { ...figuresOf(), dropped: 1 };
  const threads = new ThreadHealthCollector([{}, {}]).now([7, 8]);
  const snapshot = new SnapshotTaker(phase, {
    ...sources,
    figures: () => ({ warmup: figuresOf([]), profiling: live, threads, client: undefined }),
  }).take();
  expect(snapshot).toMatchObject({
    requests: { completed: 5, failed: 1, cancelled: 1, dropped: 1 },
    lastSecond: { requests: 2.5, inputTokens: 39, outputTokens: 6.5 },
    backlog: 4,
  });
  expect(snapshot.latencies).toEqual(live.latencies);
  expect(snapshot.errors).toEqual(live.errors);
  expect(snapshot.threads).toEqual(threads);
});

it('nothing is known at the start, and there is no NaN', () => {
  const counts = { sessions: 0, endedSessions: 0, issued: 0, returned: 0, failed: 0, cancelled: 0 };
  const early = { ...sources, progress: () => counts, nowNs: () => 0 };
  expect(new SnapshotTaker(phase, early).take()).toMatchObject({
    elapsedSeconds: 0,
    etaSeconds: undefined,
    requestsPerSecond: 0,
    lastSecond: { requests: 0, inputTokens: 0, outputTokens: 0 },
  });
  const endless = { ...phase, expectedRequests: undefined };
  expect(new SnapshotTaker(endless, sources).take()).toMatchObject({
    share: undefined,
    etaSeconds: undefined,
  });
});

it('a phase ends by its requests or by its duration, whichever comes first', () => {
  // 2 s have passed; 8 of 20 requests have returned, and the other 12 take 3 s.
  const doneOf = (changes: Partial<WatchedPhase>) => {
    const { share, etaSeconds } = new SnapshotTaker({ ...phase, ...changes }, sources).take();
    return { share, etaSeconds };
  };
  expect(doneOf({ durationNs: 10e9 })).toEqual({ share: 0.4, etaSeconds: 3 });
  expect(doneOf({ durationNs: 4e9 })).toEqual({ share: 0.5, etaSeconds: 2 });
  expect(doneOf({ durationNs: 10e9, expectedRequests: undefined })).toEqual({ share: 0.2, etaSeconds: 8 });
  // Responses are awaited after the duration.
  expect(doneOf({ durationNs: 1e9, expectedRequests: undefined })).toEqual({ share: 1, etaSeconds: 0 });
});

it('rates are those of the last second, however often a snapshot is taken', () => {
  let now = 0;
  const taker = new SnapshotTaker(phase, {
    ...sources,
    nowNs: () => phase.startNs + now * 1e9,
    progress: () => ({
      sessions: 100,
      endedSessions: 90,
      issued: 100,
      returned: Math.round(returnedAt(now)),
      failed: 0,
      cancelled: 0,
    }),
  });
  // One request every 100 ms for 2 s, then one every 50 ms.
  const returnedAt = (seconds: number) => (seconds <= 2 ? 10 * seconds : 20 + 20 * (seconds - 2));
  const rateAt = (seconds: number) => {
    now = seconds;
    return taker.take().lastSecond.requests;
  };
  for (const seconds of [0.25, 0.5, 0.7, 1, 1.25, 1.5, 1.75]) rateAt(seconds);
  // From 1 to 2 s, from 1.5 to 2.5 s, and from 2 to 3 s.
  expect([rateAt(2), rateAt(2.5), rateAt(3)]).toEqual([10, 15, 20]);
});

it('at the end, the figures of the result', () => {
  const summary = storeOf(fourRequests).summary();
  const taker = new SnapshotTaker(phase, sources);
  const final = taker.final(summary);
  expect(final).toMatchObject({
    etaSeconds: 0,
    requests: { ...taker.take().requests, completed: 3, failed: 1, cancelled: 0, dropped: 0 },
    latencies: { ttft: { mean: 110, p50: 100 }, itl: { mean: 27.5 } },
    backlog: 0,
    processing: undefined,
  });
  const average = (tag: string) => summary.results.find((result) => result.tag === tag)?.statistics.avg;
  expect(final.elapsedSeconds).toBe(average('benchmark_duration'));
  expect(final.requestsPerSecond).toBe(average('request_throughput'));
  expect(taker.final(storeOf([]).summary())).toMatchObject({
    elapsedSeconds: 0,
    requestsPerSecond: 0,
    latencies: { ttft: undefined },
  });
});
