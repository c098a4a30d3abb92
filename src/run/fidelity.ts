import type { Span } from '../fidelity/spans.js';
import type { Spread } from '../fidelity/thread-report.js';
import {
  achievedLoad,
  type Evidence,
  type Fidelity,
  type JudgedThread,
  type Utilization,
} from '../fidelity/verdict.js';
import { array, boolean, float, object, plainNumber, string, type ValueOf } from '../util/codec.js';

const spread = object({ unit: string, p50: float, p99: float, max: float });

/** The member `fidelity` of a summary file; times in ms, instants in seconds since the load was due to start. */
export const fidelityCodec = object({
  verdict: string,
  reasons: array(
    object({
      level: string,
      reason: string,
      spans: array(object({ startSeconds: float, endSeconds: float, stalled: float })),
    }),
  ),
  clientLimitedCount: plainNumber,
  sendDelay: spread,
  connections: object({
    opened: plainNumber,
    reused: plainNumber,
    refused: plainNumber,
    portStarved: plainNumber,
  }),
  load: object({ kind: string, mayQueue: boolean, unit: string, requested: float, achieved: float }),
  cpuThrottled: float,
  cpuStolen: float,
  utilization: object({
    share: float,
    basis: string,
    requestsPerSecond: plainNumber,
    eventsPerSecond: plainNumber,
  }),
  threads: array(
    object({
      /** The machine that it ran on; absent: there was one. */
      shard: plainNumber,
      thread: plainNumber,
      eventLoopDelay: spread,
      readLag: spread,
      gcPauses: object({ unit: string, count: plainNumber, total: float, max: float }),
      late: float,
      busyShare: float,
      cpuShare: float,
      coreWaitShare: float,
    }),
  ),
});

/** The stored verdict on the client of a run, with reasons and evidence. */
export type ClientFidelity = ValueOf<typeof fidelityCodec>;

/** Converts a verdict to its stored form. */
export function recordedFidelity(fidelity: Fidelity): ClientFidelity {
  const { throttled, stolenNs, threads } = fidelity.evidence;
  return {
    verdict: fidelity.verdict,
    reasons: fidelity.reasons.map(({ level, sentence, spans }) => ({
      level,
      reason: sentence,
      spans: spans.map((span) => spanSeconds(span, fidelity.startNs)),
    })),
    ...recordedRequests(fidelity.evidence),
    cpuThrottled: throttled && ms(throttled.throttledNs),
    cpuStolen: stolenNs && ms(stolenNs),
    utilization: fidelity.utilization && recordedUtilization(fidelity.utilization),
    threads: threads.map(recordedThread),
  };
}

/** What the requests tell of the client. */
export function recordedRequests({
  sends,
  load,
  mayQueue,
  sendDelayNs,
}: Pick<Evidence, 'sends' | 'load' | 'mayQueue' | 'sendDelayNs'>) {
  return {
    clientLimitedCount: sends.limited,
    sendDelay: sendDelayNs && milliseconds(sendDelayNs),
    connections: {
      opened: sends.opened,
      reused: sends.reused,
      refused: sends.refused,
      portStarved: sends.starved,
    },
    load: {
      kind: load.kind,
      mayQueue,
      unit: load.kind === 'concurrency' ? 'requests in flight' : 'requests/sec',
      requested: load.requested,
      achieved: achievedLoad({ load, sends }),
    },
  };
}

function recordedUtilization({ share, roof }: Utilization) {
  return { share, basis: roof === undefined ? 'busy' : 'roof', ...roof };
}

function recordedThread({ thread, loopDelayNs, readLagNs, gc, ...report }: JudgedThread) {
  return {
    thread,
    eventLoopDelay: loopDelayNs && milliseconds(loopDelayNs),
    readLag: readLagNs && milliseconds(readLagNs),
    gcPauses: gc && { unit: 'ms', count: gc.count, total: ms(gc.totalNs), max: ms(gc.maxNs) },
    late: ms(report.lateNs),
    busyShare: report.busyShare,
    cpuShare: report.cpuShare,
    coreWaitShare: report.waitShare,
  };
}

function spanSeconds({ startNs, endNs, stalledNs }: Span, zeroNs: number) {
  return {
    startSeconds: (startNs - zeroNs) * 1e-9,
    endSeconds: (endNs - zeroNs) * 1e-9,
    stalled: ms(stalledNs),
  };
}

function milliseconds({ p50, p99, max }: Spread) {
  return { unit: 'ms', p50: ms(p50), p99: ms(p99), max: ms(max) };
}

function ms(ns: number): number {
  return ns * 1e-6;
}
