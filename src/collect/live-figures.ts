import type { Spread } from '../fidelity/thread-report.js';
import type { Evidence } from '../fidelity/verdict.js';
import type { LiveResults, SloAttainment } from '../metrics/live-results.js';
import {
  inputSequenceLength,
  interTokenLatency,
  outputSequenceLength,
  requestLatency,
  timeToFirstToken,
} from '../metrics/request-metrics.js';
import type { Results } from '../metrics/results.js';
import { failureOf, outcomeOf } from '../records/failure.js';
import type { PhaseName, RecordError } from '../records/record.js';
import { cut } from '../util/cut.js';
import { oneLine } from '../util/plain-text.js';
import { QuantileSketch } from '../util/quantile-sketch.js';
import type { MeasuredRecord } from './record-processor.js';
import type { ThreadHealth } from './thread-health.js';

/** Current figures of the collector on records and load threads. */
export interface CollectorFigures extends Readonly<Record<PhaseName, LiveFigures>> {
  readonly threads: readonly ThreadHealth[];
  /** Evidence on the client in the current phase; undefined unless the run is watched. */
  readonly client: ClientEvidence | undefined;
}

/** What is known of the client during a run. */
interface ClientEvidence extends Pick<Evidence, 'threads' | 'sends'> {
  /** By machine; empty where one sends the load. */
  readonly shardSends: ReadonlyMap<number, Evidence['sends']>;
}

/** Estimates of a phase from its records so far, for live views: plain data. Results are computed from all values. */
export interface LiveFigures {
  /** Records that were processed. */
  readonly records: number;
  /** Processed records dropped because the run ended. */
  readonly dropped: number;
  /** Of completed requests. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly latencies: LiveLatencies;
  /** The most frequent first. */
  readonly errors: readonly ErrorKind[];
  /** The following are there only if the run is watched. Empty: not, or no request was processed. */
  readonly metrics: Results;
  readonly slo: SloAttainment | undefined;
  /** Sent − due, of the requests of the last 5 to 10 seconds; undefined without any. */
  readonly latenessMs: Spread | undefined;
}

/** Undefined without any request that has the latency. */
export interface LiveLatencies {
  readonly ttft: LatencyFigures | undefined;
  readonly itl: LatencyFigures | undefined;
  readonly request: LatencyFigures | undefined;
}

/** Milliseconds. */
export interface LatencyFigures extends LivePercentiles {
  readonly mean: number;
  /** Of the last 5 to 10 seconds; undefined without a value. */
  readonly recent: LivePercentiles | undefined;
}

/** Estimated by a sketch: at most 4.4 % too large. */
interface LivePercentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Failures of one code and type. Texts contain no secrets. */
export interface ErrorKind {
  readonly code: number | undefined;
  readonly type: string;
  readonly count: number;
  readonly lastMessage: string;
}

const NS_PER_MS = 1e6;
const RECENT_NS = 5e9;
/** Metrics are computed at most this often. */
const METRICS_EVERY_NS = 1e9;
// The number of types that servers invent is unlimited.
const MAX_KINDS = 100;
const MAX_MESSAGE_LENGTH = 500;

/** Keeps the figures of one phase. */
export class LiveFiguresCollector {
  readonly #nowNs: () => number;
  readonly #ttft = new LatencySketch();
  readonly #itl = new LatencySketch();
  readonly #requestLatency = new LatencySketch();
  readonly #inputTokens = new Sum();
  readonly #outputTokens = new Sum();
  readonly #byTag = new Map<string, LatencySketch | Sum>([
    [timeToFirstToken.tag, this.#ttft],
    [interTokenLatency.tag, this.#itl],
    [requestLatency.tag, this.#requestLatency],
    [inputSequenceLength.tag, this.#inputTokens],
    [outputSequenceLength.tag, this.#outputTokens],
  ]);
  readonly #errors = new Map<string, ErrorKind>();
  #records = 0;
  #dropped = 0;
  #recentSinceNs: number;
  readonly #results: LiveResults | undefined;
  readonly #lateness = new RecentSketch();
  #metrics: Results = [];
  #metricsAtNs = Number.NEGATIVE_INFINITY;

  /** @param nowNs a monotonic clock. @param results of the phase, if the run is watched. */
  constructor(nowNs: () => number, results?: LiveResults) {
    this.#nowNs = nowNs;
    this.#recentSinceNs = nowNs();
    this.#results = results;
  }

  add({ record, metrics }: MeasuredRecord): void {
    this.#records++;
    if (record.dropped) this.#dropped++;
    if (this.#results !== undefined) this.#lateness.add(Math.max(0, record.startNs - record.dueNs));
    for (const [tag, value] of metrics) {
      if (typeof value === 'number') this.#byTag.get(tag)?.add(value);
    }
    const failure = failureOf(record);
    if (failure !== undefined && outcomeOf(record) === 'failed') this.#addError(failure);
  }

  get figures(): LiveFigures {
    const nowNs = this.#nowNs();
    if (nowNs - this.#recentSinceNs >= RECENT_NS) {
      this.#recentSinceNs = nowNs;
      for (const sketch of [this.#ttft, this.#itl, this.#requestLatency, this.#lateness])
        sketch.forgetOlder();
      this.#results?.forgetOlder();
    }
    if (this.#results !== undefined && nowNs - this.#metricsAtNs >= METRICS_EVERY_NS) {
      this.#metricsAtNs = nowNs;
      this.#results.update();
      this.#metrics = this.#results.results;
    }
    return {
      records: this.#records,
      dropped: this.#dropped,
      inputTokens: this.#inputTokens.value,
      outputTokens: this.#outputTokens.value,
      latencies: {
        ttft: this.#ttft.figures,
        itl: this.#itl.figures,
        request: this.#requestLatency.figures,
      },
      errors: [...this.#errors.values()].sort((a, b) => b.count - a.count),
      metrics: this.#metrics,
      slo: this.#results?.slo,
      latenessMs: this.#lateness.spreadMs,
    };
  }

  #addError({ code, type: reason, message }: RecordError): void {
    const type = oneLine(reason);
    const kind = `${code} ${type}`;
    const isOther = this.#errors.size >= MAX_KINDS && !this.#errors.has(kind);
    const key = isOther ? '' : kind;
    this.#errors.set(key, {
      ...(isOther ? { code: undefined, type: 'OtherErrors' } : { code, type }),
      count: (this.#errors.get(key)?.count ?? 0) + 1,
      lastMessage: cut(oneLine(message), MAX_MESSAGE_LENGTH),
    });
  }
}

/** A sum of values. */
class Sum {
  value = 0;

  add(value: number): void {
    this.value += value;
  }
}

/** Times of the last 5 to 10 seconds. */
class RecentSketch {
  #older = new QuantileSketch();
  #newer = new QuantileSketch();

  add(ns: number): void {
    this.#newer.add(ns);
  }

  /** @returns what is no longer recent. */
  forgetOlder(): QuantileSketch {
    const forgotten = this.#older;
    this.#older = this.#newer;
    this.#newer = new QuantileSketch();
    return forgotten;
  }

  /** Both halves. */
  get merged(): QuantileSketch {
    const merged = new QuantileSketch();
    merged.addAll(this.#older);
    merged.addAll(this.#newer);
    return merged;
  }

  /** Undefined without values. */
  get spreadMs(): Spread | undefined {
    const { isEmpty, spread } = this.merged;
    const { p50, p99, max } = spread;
    return isEmpty ? undefined : { p50: p50 / NS_PER_MS, p99: p99 / NS_PER_MS, max: max / NS_PER_MS };
  }
}

/** Latencies of a phase, and of its last seconds. A value is added to one sketch only; figures merge them. */
class LatencySketch {
  readonly #past = new QuantileSketch();
  readonly #recent = new RecentSketch();
  #sumMs = 0;
  #count = 0;

  add(ms: number): void {
    this.#sumMs += ms;
    this.#count++;
    this.#recent.add(ms * NS_PER_MS);
  }

  forgetOlder(): void {
    this.#past.addAll(this.#recent.forgetOlder());
  }

  get figures(): LatencyFigures | undefined {
    if (this.#count === 0) return undefined;
    const { merged } = this.#recent;
    const recent = merged.isEmpty ? undefined : percentilesOf(merged);
    merged.addAll(this.#past);
    return { mean: this.#sumMs / this.#count, ...percentilesOf(merged), recent };
  }
}

function percentilesOf(sketch: QuantileSketch): LivePercentiles {
  const ms = (share: number) => sketch.quantile(share) / NS_PER_MS;
  return { p50: ms(0.5), p90: ms(0.9), p99: ms(0.99) };
}
