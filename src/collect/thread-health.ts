import { LATE_NS } from '../fidelity/thread-report.js';
import type { BatchFeed } from '../load/source.js';
import type { RequestRecord } from '../records/record.js';
import { clientMetrics } from '../telemetry/client-metrics.js';
import type { Observation } from '../telemetry/time-series.js';

/** Health of a load thread, for live views: plain data. */
export interface ThreadHealth {
  readonly thread: number;
  /** The machine that it runs on; absent: there is one. */
  readonly shard?: number;
  /** Maximum event loop delay in the last second, ms; undefined before the first observation. */
  readonly loopDelayMs: number | undefined;
  /** Share of a core over the last second; undefined before the second observation and without system statistics. */
  readonly cpuShare: number | undefined;
  /** Its processed records. */
  readonly records: number;
  /** Processed records that were sent more than 10 ms after they were due. */
  readonly lateSends: number;
  /** Size of its unprocessed records. */
  readonly backlogBytes: number;
}

/** Tracks the health of each load thread. */
export class ThreadHealthCollector {
  readonly #threads: { -readonly [Key in keyof ThreadHealth]: ThreadHealth[Key] }[];
  /** CPU time of each thread when it was last observed. */
  readonly #cpu = new Map<number, { readonly atNs: number; readonly ms: number }>();

  /** @param feeds of the threads. */
  constructor(feeds: readonly Pick<BatchFeed, 'shard'>[]) {
    this.#threads = feeds.map(({ shard }, thread) => ({
      ...{ thread, ...(shard === undefined ? {} : { shard }), loopDelayMs: undefined, cpuShare: undefined },
      ...{ records: 0, lateSends: 0, backlogBytes: 0 },
    }));
  }

  addRecord(thread: number, { dueNs, startNs }: RequestRecord): void {
    const health = this.#threads[thread];
    if (health === undefined) return;
    health.records++;
    if (startNs - dueNs > LATE_NS) health.lateSends++;
  }

  /** Adds an observation of a thread. */
  observe(thread: number, { atNs, samples }: Observation): void {
    const health = this.#threads[thread];
    if (health === undefined) return;
    for (const { metric, value } of samples) {
      if (metric.name === clientMetrics.loopDelay.name) health.loopDelayMs = value;
      if (metric.name !== clientMetrics.cpu.name) continue;
      const before = this.#cpu.get(thread);
      this.#cpu.set(thread, { atNs, ms: value });
      // The counter starts again at each phase.
      health.cpuShare =
        before === undefined || value < before.ms
          ? undefined
          : ((value - before.ms) * 1e6) / (atNs - before.atNs);
    }
  }

  /** @param backlogBytes of each thread. */
  now(backlogBytes: readonly number[]): readonly ThreadHealth[] {
    return this.#threads.map((health, thread) => ({ ...health, backlogBytes: backlogBytes[thread] ?? 0 }));
  }
}
