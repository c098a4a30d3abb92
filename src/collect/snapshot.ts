import type { PhasePlan } from '../load/plan.js';
import type { PhaseProgress } from '../load/source.js';
import type { Metric } from '../metrics/metric.js';
import type { RunSummary } from '../metrics/metric-store.js';
import { interTokenLatency, requestLatency, timeToFirstToken } from '../metrics/request-metrics.js';
import { statsOf } from '../metrics/results.js';
import { benchmarkDuration, requestThroughput } from '../metrics/run-metrics.js';
import type { PhaseName } from '../records/record.js';
import type { CollectorFigures, ErrorKind, LatencyFigures, LiveLatencies } from './live-figures.js';
import type { ThreadHealth } from './thread-health.js';

/** Progress and figures of a phase: plain data, the same for every screen, page and exporter. */
export interface Snapshot {
  readonly phase: PhaseName;
  /** From the start of the phase to the end of the load; at the end of the run, the duration of the result. */
  readonly elapsedSeconds: number;
  /** Of the phase. Undefined if unknown. */
  readonly etaSeconds: number | undefined;
  readonly requests: RequestCounts;
  /** Completed requests per second over the whole phase; at the end of the run, that of the result. */
  readonly requestsPerSecond: number;
  readonly lastSecond: Rates;
  /** At the end of the run, those of the result. */
  readonly latencies: LiveLatencies;
  /** The most frequent first. */
  readonly errors: readonly ErrorKind[];
  /** Returned requests whose records still wait in the spool. */
  readonly backlog: number;
  /** Set after the load, while the records that are left are processed. */
  readonly processing: Processing | undefined;
  readonly threads: readonly ThreadHealth[];
}

/** Requests of a phase. */
interface RequestCounts {
  /** Undefined if unknown in advance. */
  readonly planned: number | undefined;
  readonly issued: number;
  readonly inFlight: number;
  /** All ended requests: the sum of the four below. */
  readonly returned: number;
  readonly completed: number;
  readonly failed: number;
  /** Cancelled as planned. */
  readonly cancelled: number;
  /** Dropped because the run ended. */
  readonly dropped: number;
}

/** How far the records of all phases are processed after the load. */
export interface Processing {
  readonly records: number;
  readonly total: number;
  /** Since the load ended. */
  readonly elapsedSeconds: number;
  /** Undefined if unknown. */
  readonly etaSeconds: number | undefined;
  /** Records per second since the load ended. */
  readonly recordsPerSecond: number;
}

/** Per second; tokens are those of processed records. */
export interface Rates {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A phase that snapshots are taken of. */
export interface WatchedPhase extends Pick<PhasePlan, 'name' | 'expectedRequests'> {
  /** Ns since the clock's origin. */
  readonly startNs: number;
}

/** Inputs of snapshots. */
export interface SnapshotSources {
  nowNs(): number;
  /** Current counts of the load threads; failed requests include dropped ones. */
  progress(): Pick<PhaseProgress, 'issued' | 'returned' | 'failed' | 'cancelled'>;
  /** Requests that have returned, of all phases. */
  returned(): number;
  /** Latest figures of the collector; undefined before the first. */
  figures(): CollectorFigures | undefined;
}

/** Totals from which rates are computed. */
interface Totals extends Rates {
  readonly seconds: number;
}

/** Takes snapshots of a phase. */
export class SnapshotTaker {
  readonly #phase: WatchedPhase;
  readonly #sources: SnapshotSources;
  /** Totals of the snapshots in the last second, and of the one before. */
  #past: readonly Totals[] = [{ seconds: 0, requests: 0, inputTokens: 0, outputTokens: 0 }];
  /** When the load ended, and the records processed by then. */
  #load: { readonly endNs: number; readonly records: number } | undefined = undefined;

  constructor(phase: WatchedPhase, sources: SnapshotSources) {
    this.#phase = phase;
    this.#sources = sources;
  }

  /** No request is sent any more: from now on snapshots show how the records that are left are processed. */
  endLoad(): void {
    this.#load ??= { endNs: this.#sources.nowNs(), records: this.#processed };
  }

  take(): Snapshot {
    const { name: phase, expectedRequests: planned, startNs } = this.#phase;
    const { issued, returned, failed, cancelled } = this.#sources.progress();
    const figures = this.#sources.figures();
    const live = figures?.[phase];
    const elapsedSeconds = Math.max(0, (this.#load?.endNs ?? this.#sources.nowNs()) - startNs) / 1e9;
    const completed = returned - failed - cancelled;
    const dropped = live?.dropped ?? 0;
    const perSecond = (requests: number) => (elapsedSeconds === 0 ? 0 : requests / elapsedSeconds);
    return {
      phase,
      elapsedSeconds,
      etaSeconds:
        planned === undefined || returned === 0 ? undefined : (planned - returned) / perSecond(returned),
      requests: {
        ...{ planned, issued, inFlight: issued - returned, returned },
        ...{ completed, failed: failed - dropped, cancelled, dropped },
      },
      requestsPerSecond: perSecond(completed),
      lastSecond: this.#rates({
        seconds: elapsedSeconds,
        requests: completed,
        inputTokens: live?.inputTokens ?? 0,
        outputTokens: live?.outputTokens ?? 0,
      }),
      latencies: live?.latencies ?? { ttft: undefined, itl: undefined, request: undefined },
      errors: live?.errors ?? [],
      backlog: returned - (live?.records ?? 0),
      processing: this.#processing,
      threads: figures?.threads ?? [],
    };
  }

  /** The last snapshot of a run, with the figures of its results. */
  final({ results, outcomes }: RunSummary): Snapshot {
    const last = this.take();
    const { planned } = last.requests;
    const latency = (metric: Metric): LatencyFigures | undefined => {
      const { avg: mean, p50, p90, p99 } = statsOf(results, metric) ?? {};
      if (mean === undefined || p50 === undefined || p90 === undefined || p99 === undefined) return undefined;
      return { mean, p50, p90, p99, recent: undefined };
    };
    return {
      ...last,
      elapsedSeconds: statsOf(results, benchmarkDuration)?.avg ?? 0,
      etaSeconds: planned === undefined ? undefined : 0,
      requests: { ...last.requests, ...outcomes },
      requestsPerSecond: statsOf(results, requestThroughput)?.avg ?? 0,
      latencies: {
        ttft: latency(timeToFirstToken),
        itl: latency(interTokenLatency),
        request: latency(requestLatency),
      },
      backlog: 0,
      processing: undefined,
    };
  }

  get #processed(): number {
    const figures = this.#sources.figures();
    return (figures?.warmup.records ?? 0) + (figures?.profiling.records ?? 0);
  }

  get #processing(): Processing | undefined {
    if (this.#load === undefined) return undefined;
    const elapsedSeconds = (this.#sources.nowNs() - this.#load.endNs) / 1e9;
    const total = this.#sources.returned();
    const records = Math.min(total, this.#processed);
    const recordsPerSecond = elapsedSeconds <= 0 ? 0 : (records - this.#load.records) / elapsedSeconds;
    return {
      ...{ records, total, elapsedSeconds, recordsPerSecond },
      etaSeconds: recordsPerSecond <= 0 ? undefined : (total - records) / recordsPerSecond,
    };
  }

  #rates(now: Totals): Rates {
    const recent = this.#past.findIndex(({ seconds }) => seconds > now.seconds - 1);
    this.#past = [...this.#past.slice(recent === -1 ? -1 : Math.max(0, recent - 1)), now];
    const [first = now] = this.#past;
    const seconds = now.seconds - first.seconds;
    const rate = (of: keyof Rates) => (seconds <= 0 ? 0 : (now[of] - first[of]) / seconds);
    return {
      requests: rate('requests'),
      inputTokens: rate('inputTokens'),
      outputTokens: rate('outputTokens'),
    };
  }
}
