import { closeSync, openSync, readSync } from 'node:fs';
import { type EventLoopUtilization, PerformanceObserver, performance } from 'node:perf_hooks';

import { LATE_NS, type Stall, type StallCause, type ThreadReport } from '../fidelity/thread-report.js';
import { CLIENT, clientMetrics } from '../telemetry/client-metrics.js';
import type { Observation, SeriesMetric } from '../telemetry/time-series.js';
import { QuantileSketch } from '../util/quantile-sketch.js';

const TICK_MS = 5;
const TICK_NS = TICK_MS * 1e6;
// Reading the scheduler's statistics costs 2 µs.
const TICKS_PER_ACCOUNT = 10;
// Above this number the shortest stalls are dropped; their time still counts.
const MAX_STALLS = 10_000;
// Reads kept of a sampled turn: the last ones of a turn with more.
const MAX_LAGS = 4096;
const MIN_TURN_NS = 20e3;
const OBSERVED_EVERY_NS = 1e9;

/** A stretch of time, ns since the clock's origin. */
interface Stretch {
  readonly startNs: number;
  readonly endNs: number;
}

interface SeenStall extends Stretch {
  /** By the scheduler's statistics; undefined without them. */
  readonly cause: StallCause | undefined;
}

/**
 * Monitors the event loop of a load thread during a phase: while a 5 ms timer is late, sockets are not read either.
 * Costs about 0.5 % of a core.
 */
export class EventLoopMonitor {
  readonly #nowNs: () => number;
  readonly #thread: number;
  readonly #onObservation: (observation: Observation) => void;
  readonly #account = openAccount();
  #loopDelay = new QuantileSketch();
  #readLag = new QuantileSketch();
  /** Lags of the reads in the sampled turn. */
  readonly #lags = new Float64Array(MAX_LAGS);
  #lagCount = 0;
  readonly #pauses: Stretch[] = [];
  #gcNs = 0;
  readonly #stalls: SeenStall[] = [];
  #observer: PerformanceObserver | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startNs = Number.NaN;
  /** When the next tick is due; Infinity between phases. */
  #dueNs = Number.POSITIVE_INFINITY;
  #lateNs = 0;
  #ticks = 0;
  #sampling = false;
  #wokenNs = 0;
  #utilization: EventLoopUtilization | undefined;
  #first: Account | undefined;
  #last: Account | undefined;
  #observationDueNs = 0;
  /** Maximum since the last observation. */
  #longestDelayNs = 0;
  #longestLagNs = 0;

  /** @param onObservation called when a phase begins, each second, and when it ends. */
  constructor(nowNs: () => number, thread: number, onObservation: (observation: Observation) => void) {
    this.#nowNs = nowNs;
    this.#thread = thread;
    this.#onObservation = onObservation;
  }

  /** Reads the scheduler's statistics before a phase, to determine the cause of a late start. */
  prepare(): void {
    this.#last = this.#account?.read();
  }

  /** @param plannedNs due time of the phase: a later start counts as delay, like a late tick. */
  begin(plannedNs: number): void {
    const nowNs = this.#nowNs();
    this.#startNs = plannedNs;
    this.#loopDelay = new QuantileSketch();
    this.#readLag = new QuantileSketch();
    this.#stalls.length = 0;
    this.#pauses.length = 0;
    this.#gcNs = 0;
    this.#lateNs = 0;
    this.#longestDelayNs = 0;
    this.#longestLagNs = 0;
    this.#ticks = 0;
    this.#dueNs = plannedNs;
    if (nowNs - plannedNs > LATE_NS) this.#settle(nowNs);
    this.#utilization = performance.eventLoopUtilization();
    this.#first = this.#account?.read();
    this.#last = this.#first;
    const zeroNs = nowNs - performance.now() * 1e6;
    this.#observer = new PerformanceObserver((list) => this.#takePauses(list.getEntries(), zeroNs));
    this.#observer.observe({ entryTypes: ['gc'] });
    this.#observationDueNs = nowNs + OBSERVED_EVERY_NS;
    this.#observe(nowNs);
    this.#dueNs = nowNs + TICK_NS;
    this.#timer = setTimeout(this.#tick, TICK_MS);
  }

  /** Notes the timestamp of a read. */
  noteRead(atNs: number): void {
    if (!this.#sampling) return;
    this.#lags[this.#lagCount % MAX_LAGS] = atNs - this.#wokenNs;
    this.#lagCount++;
  }

  /** Whether a timestamp of the current phase may be more than 10 ms late; false for NaN. */
  mayBeLate(atNs: number): boolean {
    if (atNs > this.#dueNs + LATE_NS) return true;
    for (let i = this.#stalls.length - 1; i >= 0; i--) {
      const stall = this.#stalls[i];
      if (stall === undefined || atNs > stall.endNs) return false;
      if (atNs > stall.startNs + LATE_NS) return true;
    }
    return false;
  }

  /** Ends the phase, which may have been cancelled before its start. */
  end(): ThreadReport {
    const endNs = this.#nowNs();
    if (Number.isNaN(this.#startNs)) return unbegun(this.#thread, endNs);
    this.#settle(endNs);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueNs = Number.POSITIVE_INFINITY;
    const zeroNs = endNs - performance.now() * 1e6;
    this.#takePauses(this.#observer?.takeRecords() ?? [], zeroNs);
    this.#observer?.disconnect();
    const startNs = this.#startNs;
    this.#observe(endNs);
    this.#startNs = Number.NaN;
    const lengthNs = Math.max(1, endNs - startNs);
    const now = this.#account?.read();
    const share = (part: keyof Account) =>
      now === undefined || this.#first === undefined ? undefined : (now[part] - this.#first[part]) / lengthNs;
    return {
      thread: this.#thread,
      startNs,
      endNs,
      loopDelayNs: this.#loopDelay.spread,
      readLagNs: this.#readLag.spread,
      gc: {
        count: this.#pauses.length,
        totalNs: this.#gcNs,
        maxNs: this.#pauses.reduce((longest, pause) => Math.max(longest, pause.endNs - pause.startNs), 0),
      },
      busyShare: performance.eventLoopUtilization(this.#utilization).utilization,
      cpuShare: share('cpuNs'),
      waitShare: share('waitNs'),
      stalls: this.#stalls.map((stall) => this.#explained(stall)),
      lateNs: this.#lateNs,
    };
  }

  /** Releases the scheduler's statistics. */
  close(): void {
    clearTimeout(this.#timer);
    this.#observer?.disconnect();
    this.#account?.close();
  }

  readonly #tick = (): void => {
    const nowNs = this.#nowNs();
    this.#settle(nowNs);
    this.#ticks++;
    if (this.#ticks % TICKS_PER_ACCOUNT === 0) this.#last = this.#account?.read();
    // Everything read from here to the next check phase was pending when the loop woke up.
    this.#sampling = true;
    this.#wokenNs = this.#nowNs();
    setImmediate(this.#stopSampling);
    this.#dueNs = nowNs + TICK_NS;
    this.#timer?.refresh();
    if (nowNs >= this.#observationDueNs) {
      this.#observationDueNs +=
        OBSERVED_EVERY_NS * Math.ceil((nowNs - this.#observationDueNs + 1) / OBSERVED_EVERY_NS);
      this.#observe(nowNs);
    }
  };

  #observe(atNs: number): void {
    const labels = { thread: String(this.#thread) };
    const sample = (metric: SeriesMetric, ns: number) => ({
      metric,
      labels,
      value: Math.round(ns / 1e3) / 1e3,
    });
    const { loopDelay, readLag, late, busy, gc, cpu, coreWait } = clientMetrics;
    const account = this.#account?.read();
    this.#onObservation({
      source: CLIENT,
      atNs,
      samples: [
        sample(loopDelay, this.#longestDelayNs),
        sample(readLag, this.#longestLagNs),
        sample(late, this.#lateNs),
        sample(busy, performance.eventLoopUtilization(this.#utilization).active * 1e6),
        sample(gc, this.#gcNs),
        ...(account && this.#first
          ? [
              sample(cpu, account.cpuNs - this.#first.cpuNs),
              sample(coreWait, account.waitNs - this.#first.waitNs),
            ]
          : []),
      ],
    });
    this.#longestDelayNs = 0;
    this.#longestLagNs = 0;
  }

  /** Ticks sample long turns more often than short ones, so each turn is weighted by the inverse of its length. */
  readonly #stopSampling = (): void => {
    this.#sampling = false;
    const lags = this.#lags.subarray(0, Math.min(this.#lagCount, MAX_LAGS));
    const longestNs = lags.reduce((longest, lag) => Math.max(longest, lag), 0);
    if (longestNs > this.#longestLagNs) this.#longestLagNs = longestNs;
    const turnNs = Math.max(MIN_TURN_NS, longestNs);
    for (const lag of lags) this.#readLag.add(lag, Math.max(1, TICK_NS / turnNs));
    this.#lagCount = 0;
  };

  /** Records the delay of the tick that is due. */
  #settle(nowNs: number): void {
    const lateNs = nowNs - this.#dueNs;
    if (lateNs < 0) return;
    if (lateNs > this.#longestDelayNs) this.#longestDelayNs = lateNs;
    // A late tick replaces the skipped ticks after it, each 5 ms less late.
    for (let ns = lateNs; ns >= 0; ns -= TICK_NS) this.#loopDelay.add(ns);
    if (lateNs <= LATE_NS) return;
    this.#lateNs += lateNs - LATE_NS;
    const before = this.#last;
    this.#last = this.#account?.read();
    const cause = before && this.#last && causeOf(before, this.#last, lateNs);
    if (this.#stalls.length >= MAX_STALLS) forgetShortest(this.#stalls);
    this.#stalls.push({ startNs: this.#dueNs, endNs: nowNs, cause });
  }

  #takePauses(entries: readonly { startTime: number; duration: number }[], zeroNs: number): void {
    for (const { startTime, duration } of entries) {
      const startNs = zeroNs + startTime * 1e6;
      if (startNs < this.#startNs) continue;
      this.#pauses.push({ startNs, endNs: startNs + duration * 1e6 });
      this.#gcNs += duration * 1e6;
    }
  }

  #explained({ startNs, endNs, cause }: SeenStall): Stall {
    const collecting = this.#pauses.reduce(
      (sum, pause) => sum + Math.max(0, Math.min(endNs, pause.endNs) - Math.max(startNs, pause.startNs)),
      0,
    );
    const isCollection = (cause ?? 'own work') === 'own work' && collecting >= (endNs - startNs) / 2;
    return { startNs, endNs, cause: isCollection ? 'garbage collection' : (cause ?? 'own work') };
  }
}

/** The report on a phase that was ended before its start: what the thread observed was not of it. */
function unbegun(thread: number, atNs: number): ThreadReport {
  const none = { p50: 0, p99: 0, max: 0 };
  return {
    ...{ thread, startNs: atNs, endNs: atNs, loopDelayNs: none, readLagNs: none },
    ...{ gc: { count: 0, totalNs: 0, maxNs: 0 }, busyShare: 0, cpuShare: undefined, waitShare: undefined },
    ...{ stalls: [], lateNs: 0 },
  };
}

/** The cause of most of the delay. */
function causeOf(before: Account, after: Account, lateNs: number): StallCause {
  const ranNs = after.cpuNs - before.cpuNs;
  const waitedNs = after.waitNs - before.waitNs;
  if (waitedNs >= lateNs / 2) return 'no core';
  return ranNs >= lateNs / 2 ? 'own work' : 'blocked';
}

function forgetShortest(stalls: Stretch[]): void {
  let shortest = 0;
  const length = (i: number) => (stalls[i]?.endNs ?? 0) - (stalls[i]?.startNs ?? 0);
  for (let i = 1; i < stalls.length; i++) if (length(i) < length(shortest)) shortest = i;
  stalls.splice(shortest, 1);
}

/** CPU time of this thread, and time runnable without a core; ns since its start. */
interface Account {
  readonly cpuNs: number;
  readonly waitNs: number;
}

/** Opens the scheduler's statistics of this thread; undefined if the system has none. */
function openAccount(): { read(): Account; close(): void } | undefined {
  let file: number;
  try {
    file = openSync('/proc/thread-self/schedstat', 'r');
  } catch {
    return undefined;
  }
  const bytes = Buffer.alloc(64);
  return {
    read: () => {
      const [cpuNs = 0, waitNs = 0] = bytes
        .toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0))
        .split(' ', 2)
        .map(Number);
      return { cpuNs, waitNs };
    },
    close: () => closeSync(file),
  };
}
