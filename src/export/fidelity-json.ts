import type { Span } from '../fidelity/spans.js';
import type { Spread, ThreadReport } from '../fidelity/thread-report.js';
import type { Fidelity } from '../fidelity/verdict.js';
import { Float, type Printable } from './python-json.js';

/** The summary file's member `fidelity`; times in ms, instants in seconds since the load was due to start. */
export function fidelityJson(fidelity: Fidelity): { readonly [key: string]: Printable | undefined } {
  const { sends, load, mayQueue, sendDelayNs, throttled, threads } = fidelity.evidence;
  return {
    verdict: fidelity.verdict,
    reasons: fidelity.reasons.map(({ level, words, spans }) => ({
      level,
      reason: words,
      spans: spans.map((span) => spanJson(span, fidelity.startNs)),
    })),
    client_limited_count: sends.limited,
    send_delay: sendDelayNs && spreadJson(sendDelayNs),
    connections: {
      opened: sends.opened,
      reused: sends.reused,
      refused: sends.refused,
      port_starved: sends.starved,
    },
    load: {
      kind: load.kind,
      may_queue: mayQueue,
      unit: load.kind === 'concurrency' ? 'requests in flight' : 'requests/sec',
      requested: load.asked === undefined ? undefined : new Float(load.asked),
      achieved: fidelity.achieved === undefined ? undefined : new Float(fidelity.achieved),
    },
    cpu_throttled: throttled && milliseconds(throttled.throttledNs),
    threads: threads.map(threadJson),
  };
}

function threadJson({ thread, loopDelayNs, readLagNs, gc, ...report }: ThreadReport): Printable {
  return {
    thread,
    event_loop_delay: spreadJson(loopDelayNs),
    read_lag: spreadJson(readLagNs),
    gc_pauses: { unit: 'ms', count: gc.count, total: milliseconds(gc.totalNs), max: milliseconds(gc.maxNs) },
    late: milliseconds(report.lateNs),
    busy_share: new Float(report.busyShare),
    cpu_share: report.cpuShare === undefined ? undefined : new Float(report.cpuShare),
    core_wait_share: report.waitShare === undefined ? undefined : new Float(report.waitShare),
  };
}

function spanJson({ startNs, endNs, stalledNs }: Span, zeroNs: number): Printable {
  return {
    start_seconds: new Float((startNs - zeroNs) * 1e-9),
    end_seconds: new Float((endNs - zeroNs) * 1e-9),
    stalled: milliseconds(stalledNs),
  };
}

function spreadJson({ p50, p99, max }: Spread): Printable {
  return { unit: 'ms', p50: milliseconds(p50), p99: milliseconds(p99), max: milliseconds(max) };
}

function milliseconds(ns: number): Float {
  return new Float(ns * 1e-6);
}
