import {
  inputSequenceLength,
  interTokenLatency,
  outputSequenceLength,
  requestLatency,
  timeToFirstToken,
} from '../metrics/request-metrics.js';
import { failureOf, outcomeOf } from '../records/failure.js';
import type { PhaseName, RecordError } from '../records/record.js';
import { cut } from '../util/cut.js';
import { QuantileSketch } from '../util/quantile-sketch.js';
import type { MeasuredRecord } from './record-processor.js';
import type { ThreadHealth } from './thread-health.js';

/** Current figures of the collector on records and load threads. */
export interface CollectorFigures extends Readonly<Record<PhaseName, LiveFigures>> {
  readonly threads: readonly ThreadHealth[];
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
  /** @param nowNs a monotonic clock. */
  constructor(nowNs: () => number) {
    this.#nowNs = nowNs;
    this.#recentSinceNs = nowNs();
  }

  add({ record, metrics }: MeasuredRecord): void {
    this.#records++;
    if (record.dropped) this.#dropped++;
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
      for (const sketch of [this.#ttft, this.#itl, this.#requestLatency]) sketch.forgetOlder();
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
    };
  }

  #addError({ code, type, message }: RecordError): void {
    const kind = `${code} ${type}`;
    const isOther = this.#errors.size >= MAX_KINDS && !this.#errors.has(kind);
    const key = isOther ? '' : kind;
    this.#errors.set(key, {
      ...(isOther ? { code: undefined, type: 'OtherErrors' } : { code, type }),
      count: (this.#errors.get(key)?.count ?? 0) + 1,
      lastMessage: cut(message, MAX_MESSAGE_LENGTH),
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

/** Latencies of a phase, and of its last seconds. A value is added to one sketch only; figures merge them. */
class LatencySketch {
  readonly #past = new QuantileSketch();
  #older = new QuantileSketch();
  #newer = new QuantileSketch();
  #sumMs = 0;
  #count = 0;

  add(ms: number): void {
    this.#sumMs += ms;
    this.#count++;
    this.#newer.add(ms * NS_PER_MS);
  }

  forgetOlder(): void {
    this.#past.addAll(this.#older);
    this.#older = this.#newer;
    this.#newer = new QuantileSketch();
  }

  get figures(): LatencyFigures | undefined {
    if (this.#count === 0) return undefined;
    const merged = new QuantileSketch();
    merged.addAll(this.#older);
    merged.addAll(this.#newer);
    const recent = merged.isEmpty ? undefined : percentilesOf(merged);
    merged.addAll(this.#past);
    return { mean: this.#sumMs / this.#count, ...percentilesOf(merged), recent };
  }
}

function percentilesOf(sketch: QuantileSketch): LivePercentiles {
  const ms = (share: number) => sketch.quantile(share) / NS_PER_MS;
  return { p50: ms(0.5), p90: ms(0.9), p99: ms(0.99) };
}
