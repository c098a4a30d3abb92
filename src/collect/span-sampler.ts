import { inputSequenceLength, outputSequenceLength } from '../metrics/request-metrics.js';
import { failureOf } from '../records/failure.js';
import type { PhaseName, RecordError, RequestRecord } from '../records/record.js';
import { type ClockOrigin, wallNs } from '../util/clock.js';
import { mix } from '../util/random.js';
import type { MeasuredRecord } from './record-processor.js';

/** A request as a span of a trace: plain data. */
export interface RequestSpan {
  readonly requestId: string;
  readonly correlationId: string;
  readonly phase: PhaseName;
  readonly sessionNum: number;
  readonly turnIndex: number;
  readonly workerId: string;
  readonly model: string;
  /** Wall-clock ns since 1970. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** Times of chunks with content: the first ones and the last one. */
  readonly chunks: readonly { readonly index: number; readonly atNs: bigint }[];
  /** Of all, those without a time included. */
  readonly chunkCount: number;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly requestedOsl: number | undefined;
  readonly finishReason: string | undefined;
  readonly wasCancelled: boolean;
  readonly error: RecordError | undefined;
}

/** Spans since the last ones, and how many were left out because there were too many. */
export interface SpanBatch {
  readonly spans: readonly RequestSpan[];
  readonly dropped: number;
}

/** Which requests are sent as spans. */
export interface SpanSampling {
  /** Of all requests, 0 to 1. */
  readonly share: number;
  readonly seed: number;
}

/** Spans between two batches: a bound on memory and on what a collector gets. */
const MOST_SPANS = 1000;
const MOST_CHUNKS = 64;
const phaseSalt: Readonly<Record<PhaseName, number>> = { profiling: 0, warmup: 1 };

/** Whether a request is sampled: the same for every run of the same seed. */
export function isSampled(
  { share, seed }: SpanSampling,
  { phase, sessionNum }: Pick<RequestRecord, 'phase' | 'sessionNum'>,
): boolean {
  return mix(mix(seed, phaseSalt[phase]), sessionNum) < share * 2 ** 32;
}

/** Keeps the sampled requests until they are taken. */
export class SpanSampler {
  readonly #sampling: SpanSampling;
  readonly #origin: ClockOrigin;
  #spans: RequestSpan[] = [];
  #dropped = 0;

  constructor(sampling: SpanSampling, origin: ClockOrigin) {
    this.#sampling = sampling;
    this.#origin = origin;
  }

  add(measured: MeasuredRecord): void {
    if (!isSampled(this.#sampling, measured.record)) return;
    if (this.#spans.length < MOST_SPANS) this.#spans.push(spanOf(measured, this.#origin));
    else this.#dropped++;
  }

  take(): SpanBatch {
    const batch = { spans: this.#spans, dropped: this.#dropped };
    this.#spans = [];
    this.#dropped = 0;
    return batch;
  }
}

function spanOf({ record, metrics }: MeasuredRecord, origin: ClockOrigin): RequestSpan {
  const { contentNs } = record;
  const wall = (atNs: number) => wallNs(origin, atNs);
  const numberOf = (tag: string) => {
    const value = metrics.find(([name]) => name === tag)?.[1];
    return typeof value === 'number' ? value : undefined;
  };
  const shown = [...contentNs.keys()].filter(
    (index) => index < MOST_CHUNKS - 1 || index === contentNs.length - 1,
  );
  return {
    requestId: record.requestId,
    correlationId: record.correlationId,
    phase: record.phase,
    sessionNum: record.sessionNum,
    turnIndex: record.turnIndex,
    workerId: record.workerId,
    model: record.model,
    startNs: wall(record.startNs),
    endNs: wall(record.endNs),
    chunks: shown.map((index) => ({ index, atNs: wall(contentNs[index] ?? 0) })),
    chunkCount: contentNs.length,
    inputTokens: numberOf(inputSequenceLength.tag),
    outputTokens: numberOf(outputSequenceLength.tag),
    requestedOsl: record.requestedOsl,
    finishReason: record.finishReason,
    wasCancelled: record.cancelledNs !== undefined,
    error: failureOf(record),
  };
}
