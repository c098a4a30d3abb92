import type { StallCause } from '../fidelity/thread-report.js';
import type { JudgedThread } from '../fidelity/verdict.js';
import { clientMetrics } from '../telemetry/client-metrics.js';
import type { Observation } from '../telemetry/time-series.js';

/** Beyond this number, the first stalls are dropped; their time still counts. */
const MAX_STALLS = 1000;

/** What a load thread observed of itself, ns. */
interface Observed {
  readonly atNs: number;
  readonly lateNs: number;
  readonly busyNs: number;
  readonly gcNs: number;
  /** Undefined without system statistics. */
  readonly cpuNs: number | undefined;
  readonly waitNs: number | undefined;
}

interface WatchedThread {
  first: Observed;
  last: Observed;
  readonly stalls: JudgedThread['stalls'][number][];
}

/** Evidence on the load threads in the current phase, from what they observe each second. */
export class ThreadEvidenceCollector {
  readonly #threads = new Map<number, WatchedThread>();

  observe(thread: number, observation: Observation): void {
    const now = observed(observation);
    const known = this.#threads.get(thread);
    // The counters start again at each phase.
    if (known === undefined || now.busyNs < known.last.busyNs || now.lateNs < known.last.lateNs) {
      this.#threads.set(thread, { first: now, last: now, stalls: [] });
      return;
    }
    const lateNs = now.lateNs - known.last.lateNs;
    if (lateNs > 0) {
      known.stalls.push({
        startNs: known.last.atNs,
        endNs: now.atNs,
        cause: causeOf(known.last, now, lateNs),
      });
      if (known.stalls.length > MAX_STALLS) known.stalls.shift();
    }
    known.last = now;
  }

  /** Threads that have observed themselves twice. */
  get threads(): readonly JudgedThread[] {
    return [...this.#threads].flatMap(([thread, { first, last, stalls }]) => {
      const lengthNs = last.atNs - first.atNs;
      if (lengthNs <= 0) return [];
      return [
        {
          ...{ thread, startNs: first.atNs, endNs: last.atNs, lateNs: last.lateNs, stalls },
          busyShare: (last.busyNs - first.busyNs) / lengthNs,
          waitShare:
            last.waitNs === undefined || first.waitNs === undefined
              ? undefined
              : (last.waitNs - first.waitNs) / lengthNs,
        },
      ];
    });
  }
}

function observed({ atNs, samples }: Observation): Observed {
  const ns = ({ name }: { readonly name: string }) => {
    const ms = samples.find(({ metric }) => metric.name === name)?.value;
    return ms === undefined ? undefined : ms * 1e6;
  };
  return {
    atNs,
    lateNs: ns(clientMetrics.late) ?? 0,
    busyNs: ns(clientMetrics.busy) ?? 0,
    gcNs: ns(clientMetrics.gc) ?? 0,
    cpuNs: ns(clientMetrics.cpu),
    waitNs: ns(clientMetrics.coreWait),
  };
}

/** The cause of most of a second's delay. */
function causeOf(before: Observed, now: Observed, lateNs: number): StallCause {
  const waitedNs = (now.waitNs ?? 0) - (before.waitNs ?? 0);
  if (waitedNs >= lateNs / 2) return 'no core';
  if (now.gcNs - before.gcNs >= lateNs / 2) return 'garbage collection';
  if (now.cpuNs === undefined || before.cpuNs === undefined) return 'own work';
  const ranNs = now.cpuNs - before.cpuNs;
  return now.busyNs - before.busyNs - ranNs - waitedNs >= lateNs / 2 ? 'blocked' : 'own work';
}
