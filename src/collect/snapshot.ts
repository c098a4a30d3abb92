import type { Spread } from '../fidelity/thread-report.js';
import type { Fidelity } from '../fidelity/verdict.js';
import type { Issuing, PhasePlan } from '../load/plan.js';
import type { LiveShard, PhaseProgress } from '../load/source.js';
import type { SloAttainment } from '../metrics/live-results.js';
import type { Metric } from '../metrics/metric.js';
import type { RunSummary } from '../metrics/metric-store.js';
import { interTokenLatency, requestLatency, timeToFirstToken } from '../metrics/request-metrics.js';
import { type Results, statsOf } from '../metrics/results.js';
import { benchmarkDuration, requestThroughput } from '../metrics/run-metrics.js';
import type { PhaseName } from '../records/record.js';
import type { LiveTelemetry } from '../telemetry/live-telemetry.js';
import type { CollectorFigures, ErrorKind, LatencyFigures, LiveLatencies } from './live-figures.js';
import type { ThreadHealth } from './thread-health.js';

/** Progress and figures of a phase: plain data, the same for every screen, page and exporter. */
export interface Snapshot {
  readonly phase: PhaseName;
  /** Wall clock, ms since 1970. */
  readonly unixMs: number;
  /** From the start of the phase to the end of the load; at the end of the run, the duration of the result. */
  readonly elapsedSeconds: number;
  /** How much of the phase is done, by requests or by time, 0 to 1; undefined where its end is unknown. */
  readonly share: number | undefined;
  /** Of the phase. Undefined if unknown. */
  readonly etaSeconds: number | undefined;
  readonly requests: RequestCounts;
  readonly sessions: { readonly started: number; readonly ended: number };
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
  /** Planned and actual load. */
  readonly load: LoadFigures;
  /** Metrics of the phase so far, in the order of the console; empty unless a view shows them. Percentiles are estimates. */
  readonly metrics: Results;
  /** Undefined without `--goodput`. */
  readonly slo: SloAttainment | undefined;
  /** The verdict on the client as far as it is known; undefined in a warm-up and unless a view shows it. */
  readonly fidelity: LiveFidelity | undefined;
  /** Latest values of servers and GPUs; undefined if none is read. */
  readonly telemetry: LiveTelemetry | undefined;
  /** The machines that send the load; absent: it is this one. */
  readonly shards?: readonly JudgedShard[];
}

/** A machine that sends a share of the load. */
interface JudgedShard extends LiveShard {
  /** As that of the run: the verdict on the client of this machine. */
  readonly fidelity: LiveFidelity | undefined;
}

/** Planned and actual load of a phase. */
export interface LoadFigures {
  /** The load mode. */
  readonly mode: Issuing['kind'];
  /** Planned at this moment, with ramps and rate series; undefined where requests follow responses or a schedule. */
  readonly plannedPerSecond: number | undefined;
  /** Requests sent, over the last second. */
  readonly sentPerSecond: number;
  /** Requests or sessions that should be, or at most may be, in flight at this moment; undefined: no limit. */
  readonly plannedInFlight: number | undefined;
  /** Of a fixed schedule: requests due so far; undefined for other modes and where it is not known in advance. */
  readonly due: number | undefined;
  /** Sent − due, of the requests that ended in the last 5 to 10 seconds; undefined without any. */
  readonly latenessMs: Spread | undefined;
}

/** The verdict on the client so far, by the rules of the final one that can be evaluated during the run. */
export type LiveFidelity = Pick<Fidelity, 'verdict'> & {
  /** A sentence each, the most serious first. */
  readonly reasons: readonly { readonly level: 'strained' | 'limited'; readonly sentence: string }[];
};

/** Verdicts on the clients so far. */
export interface LiveVerdicts {
  readonly whole: LiveFidelity;
  /** On each machine; empty where one sends the load. */
  readonly shards: ReadonlyMap<number, LiveFidelity>;
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
interface Rates {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A phase that snapshots are taken of. */
export interface WatchedPhase
  extends Pick<PhasePlan, 'name' | 'expectedRequests' | 'durationNs' | 'issuing'> {
  /** Ns since the clock's origin. */
  readonly startNs: number;
}

/** Inputs of snapshots. */
export interface SnapshotSources {
  nowNs(): number;
  /** The wall clock, ms since 1970. */
  unixMs(): number;
  /** Current counts of the load threads; failed requests include dropped ones. */
  progress(): Pick<
    PhaseProgress,
    'sessions' | 'endedSessions' | 'issued' | 'returned' | 'failed' | 'cancelled'
  >;
  /** Requests that have returned, of all phases. */
  returned(): number;
  /** State of each machine; absent: there is one. */
  readonly shards?: (() => readonly LiveShard[]) | undefined;
  /** Planned load at a time since the start of the phase. */
  plannedLoad(elapsedNs: number): Pick<LoadFigures, 'plannedPerSecond' | 'plannedInFlight' | 'due'>;
  /** The verdict on the client so far, from figures of the collector. */
  fidelity(figures: CollectorFigures): LiveVerdicts | undefined;
  /** Latest values of servers and GPUs; undefined if none is read. */
  telemetry(): LiveTelemetry | undefined;
  /** Latest figures of the collector; undefined before the first. */
  figures(): CollectorFigures | undefined;
}

/** Totals from which rates are computed. */
interface Totals extends Rates {
  readonly seconds: number;
  readonly issued: number;
}

/** Takes snapshots of a phase. */
export class SnapshotTaker {
  readonly #phase: WatchedPhase;
  readonly #sources: SnapshotSources;
  /** Totals of the snapshots in the last second, and of the one before. */
  #past: readonly Totals[] = [{ seconds: 0, requests: 0, inputTokens: 0, outputTokens: 0, issued: 0 }];
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
    const { sessions, endedSessions, issued, returned, failed, cancelled } = this.#sources.progress();
    const figures = this.#sources.figures();
    const live = figures?.[phase];
    const elapsedSeconds = Math.max(0, (this.#load?.endNs ?? this.#sources.nowNs()) - startNs) / 1e9;
    const completed = returned - failed - cancelled;
    const dropped = live?.dropped ?? 0;
    const verdicts = figures && this.#sources.fidelity(figures);
    const shards = this.#sources
      .shards?.()
      .map((shard) => ({ ...shard, fidelity: verdicts?.shards.get(shard.shard) }));
    const perSecond = (requests: number) => (elapsedSeconds === 0 ? 0 : requests / elapsedSeconds);
    const lastSecond = this.#rates({
      seconds: elapsedSeconds,
      requests: completed,
      inputTokens: live?.inputTokens ?? 0,
      outputTokens: live?.outputTokens ?? 0,
      issued,
    });
    return {
      phase,
      unixMs: this.#sources.unixMs(),
      elapsedSeconds,
      ...this.#done(returned, elapsedSeconds),
      requests: {
        ...{ planned, issued, inFlight: issued - returned, returned },
        ...{ completed, failed: failed - dropped, cancelled, dropped },
      },
      sessions: { started: sessions, ended: endedSessions },
      requestsPerSecond: perSecond(completed),
      lastSecond: {
        requests: lastSecond.requests,
        inputTokens: lastSecond.inputTokens,
        outputTokens: lastSecond.outputTokens,
      },
      latencies: live?.latencies ?? { ttft: undefined, itl: undefined, request: undefined },
      errors: live?.errors ?? [],
      backlog: returned - (live?.records ?? 0),
      processing: this.#processing,
      threads: figures?.threads ?? [],
      load: {
        mode: this.#phase.issuing.kind,
        ...this.#sources.plannedLoad(elapsedSeconds * 1e9),
        sentPerSecond: lastSecond.issued,
        latenessMs: live?.latenessMs,
      },
      metrics: live?.metrics ?? [],
      slo: live?.slo,
      fidelity: verdicts?.whole,
      telemetry: this.#sources.telemetry(),
      ...(shards === undefined ? {} : { shards }),
    };
  }

  /** The last snapshot of a run, with the figures of its results. */
  final({ results, outcomes }: RunSummary): Snapshot {
    const last = this.take();
    const latency = (metric: Metric): LatencyFigures | undefined => {
      const { avg: mean, p50, p90, p99 } = statsOf(results, metric) ?? {};
      if (mean === undefined || p50 === undefined || p90 === undefined || p99 === undefined) return undefined;
      return { mean, p50, p90, p99, recent: undefined };
    };
    return {
      ...last,
      elapsedSeconds: statsOf(results, benchmarkDuration)?.avg ?? 0,
      etaSeconds: last.share === undefined ? undefined : 0,
      requests: { ...last.requests, ...outcomes },
      requestsPerSecond: statsOf(results, requestThroughput)?.avg ?? 0,
      latencies: {
        ttft: latency(timeToFirstToken),
        itl: latency(interTokenLatency),
        request: latency(requestLatency),
      },
      backlog: 0,
      processing: undefined,
      metrics: results,
    };
  }

  /** What ends the phase is what comes first: its requests, or its duration. */
  #done(returned: number, elapsedSeconds: number): Pick<Snapshot, 'share' | 'etaSeconds'> {
    const { expectedRequests: planned = Number.POSITIVE_INFINITY, durationNs } = this.#phase;
    const seconds = durationNs / 1e9;
    if (!Number.isFinite(planned) && !Number.isFinite(seconds))
      return { share: undefined, etaSeconds: undefined };
    const byRequests = planned === 0 ? 1 : returned / planned;
    const secondsEach = returned === 0 ? Number.POSITIVE_INFINITY : elapsedSeconds / returned;
    const etaSeconds = Math.max(0, Math.min((planned - returned) * secondsEach, seconds - elapsedSeconds));
    return {
      share: Math.min(1, Math.max(byRequests, elapsedSeconds / seconds)),
      etaSeconds: Number.isFinite(etaSeconds) ? etaSeconds : undefined,
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

  #rates(now: Totals): Omit<Totals, 'seconds'> {
    const recent = this.#past.findIndex(({ seconds }) => seconds > now.seconds - 1);
    this.#past = [...this.#past.slice(recent === -1 ? -1 : Math.max(0, recent - 1)), now];
    const [first = now] = this.#past;
    const seconds = now.seconds - first.seconds;
    const rate = (of: Exclude<keyof Totals, 'seconds'>) =>
      seconds <= 0 ? 0 : (now[of] - first[of]) / seconds;
    return {
      requests: rate('requests'),
      inputTokens: rate('inputTokens'),
      outputTokens: rate('outputTokens'),
      issued: rate('issued'),
    };
  }
}
