import { Heap } from '../util/heap.js';
import { CompensatedSum } from './compensated-sum.js';

/** When a request ran and what it carried; times in ns since the clock's origin. */
export interface RequestSpan {
  readonly startNs: number;
  /** Its last response unit, or the failure. */
  readonly endNs: number;
  /** Start to the first content chunk; NaN where that is not known (failed, not streamed). */
  readonly ttftNs: number;
  /** NaN where it is not known. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of neighbouring content chunks. */
  readonly gapsNs: ArrayLike<number>;
}

/** Spans in the order of their starts; an array of them is one. */
export type RequestSpans = Pick<readonly RequestSpan[], 'length' | 'at'>;

/** What is in flight between two moments. */
export interface SweepState {
  /** Requests sent and not ended, failed ones included. */
  readonly requests: number;
  /** Those of them that wait for their first content chunk, and those behind it. */
  readonly prefilling: number;
  readonly decoding: number;
  /**
   * Tokens a second. Input tokens are spread evenly from start to first chunk. Of output tokens but the first, each
   * gap between chunks carries an equal share.
   */
  readonly prefillRate: number;
  readonly decodeRate: number;
  /** Prefill, and output tokens but the first spread evenly from first chunk to end. */
  readonly totalRate: number;
  /** Input tokens of the requests in flight and their output so far. */
  readonly tokens: number;
}

/** Called for each stretch of time in which nothing changes; `state` is the sweep's own, and changes afterwards. */
export type VisitStretch = (state: SweepState, fromNs: number, toNs: number) => void;

/**
 * Goes through time from one change to the next, over all requests at once: the step curves of concurrency, token
 * rates and tokens in flight. Memory grows with the requests in flight.
 *
 * Gaps of zero belong to the gap before, or to the first chunk: their chunks came with the same read. Spans without a
 * duration are passed over.
 */
export class RequestSweep implements SweepState {
  readonly #spans: RequestSpans;
  #nextSpan = 0;
  #open = new Heap(isDueBefore);
  #nowNs = Number.NEGATIVE_INFINITY;
  requests = 0;
  prefilling = 0;
  decoding = 0;
  prefillRate = 0;
  decodeRate = 0;
  totalRate = 0;
  tokens = 0;
  #prefillRate = new CompensatedSum();
  #decodeRate = new CompensatedSum();
  #evenRate = new CompensatedSum();
  #tokens = new CompensatedSum();

  constructor(spans: RequestSpans) {
    this.#spans = spans;
  }

  /** An independent sweep that continues from here. */
  fork(): RequestSweep {
    const fork = new RequestSweep(this.#spans);
    fork.#nextSpan = this.#nextSpan;
    fork.#open = this.#open.copy((open) => ({ ...open }));
    fork.#nowNs = this.#nowNs;
    fork.requests = this.requests;
    fork.prefilling = this.prefilling;
    fork.decoding = this.decoding;
    fork.#prefillRate = this.#prefillRate.copy();
    fork.#decodeRate = this.#decodeRate.copy();
    fork.#evenRate = this.#evenRate.copy();
    fork.#tokens = this.#tokens.copy();
    return fork;
  }

  /** Goes on to `toNs`. The first stretch of a sweep starts at its first request, or where it was taken to before. */
  advance(toNs: number, visit?: VisitStretch): void {
    let span = this.#spans.at(this.#nextSpan);
    for (;;) {
      const { first } = this.#open;
      const startNs = span === undefined ? Number.POSITIVE_INFINITY : span.startNs;
      const changeNs = Math.min(startNs, first === undefined ? Number.POSITIVE_INFINITY : first.dueNs);
      const untilNs = Math.min(changeNs, toNs);
      if (untilNs > this.#nowNs) {
        if (visit !== undefined && this.#nowNs !== Number.NEGATIVE_INFINITY) {
          this.#addUp();
          visit(this, this.#nowNs, untilNs);
        }
        this.#nowNs = untilNs;
      }
      // What changes at `toNs` belongs to the next stretch.
      if (changeNs >= toNs) return;
      if (span !== undefined && startNs === changeNs) {
        if (span.endNs > span.startNs) this.#start(span);
        // `at` counts negative places from the end; this one is never negative.
        span = this.#spans.at(++this.#nextSpan);
      } else if (first !== undefined) {
        this.#change(first);
      }
    }
  }

  /** Removes rounding errors: nothing in flight is exactly 0, and nothing is negative. */
  #addUp(): void {
    this.prefillRate = this.prefilling === 0 ? 0 : Math.max(0, this.#prefillRate.value);
    this.decodeRate = this.decoding === 0 ? 0 : Math.max(0, this.#decodeRate.value);
    this.totalRate = this.prefillRate + (this.decoding === 0 ? 0 : Math.max(0, this.#evenRate.value));
    this.tokens = this.requests === 0 ? 0 : Math.max(0, this.#tokens.value);
  }

  #start(span: RequestSpan): void {
    const { startNs, endNs, ttftNs, inputTokens } = span;
    this.requests++;
    const streamed = ttftNs >= 0;
    const prefillRate = streamed && inputTokens > 0 && ttftNs > 0 ? (inputTokens / ttftNs) * 1e9 : 0;
    const tokens = streamed && inputTokens > 0 ? inputTokens : 0;
    if (streamed) this.prefilling++;
    this.#prefillRate.add(prefillRate);
    this.#tokens.add(tokens);
    const stage: Stage = streamed ? 'prefill' : 'last';
    const dueNs = streamed ? startNs + ttftNs : endNs;
    const rates = { prefillRate, decodeRate: 0, evenRate: 0 };
    this.#open.push({ span, stage, dueNs, gap: 0, brought: 0, tokens, ...rates } satisfies OpenRequest);
  }

  /** What happens to a request when its time has come. */
  #change(open: OpenRequest): void {
    switch (open.stage) {
      case 'prefill':
        this.#beginDecode(open);
        break;
      case 'gap':
        this.#receive(open, open.brought);
        break;
      case 'last':
        this.#end(open);
        return;
    }
    this.#nextGap(open);
    this.#open.sinkFirst();
  }

  #beginDecode(open: OpenRequest): void {
    const { endNs, outputTokens } = open.span;
    this.prefilling--;
    this.decoding++;
    this.#prefillRate.add(-open.prefillRate);
    if (outputTokens >= 1) this.#receive(open, 1 + this.#withoutGap(open));
    open.evenRate =
      outputTokens > 1 && endNs > open.dueNs ? ((outputTokens - 1) / (endNs - open.dueNs)) * 1e9 : 0;
    this.#evenRate.add(open.evenRate);
  }

  #receive(open: OpenRequest, tokens: number): void {
    open.tokens += tokens;
    this.#tokens.add(tokens);
  }

  /** Takes up the next gap and the zero gaps behind it. */
  #nextGap(open: OpenRequest): void {
    const { gapsNs, outputTokens, endNs } = open.span;
    this.#decodeRate.add(-open.decodeRate);
    if (open.gap === gapsNs.length) {
      open.stage = 'last';
      open.decodeRate = 0;
      open.dueNs = Math.max(endNs, open.dueNs);
      return;
    }
    const lengthNs = gapsNs[open.gap++] ?? 0;
    const share = outputTokens > 1 ? (outputTokens - 1) / gapsNs.length : 0;
    open.stage = 'gap';
    open.brought = share + this.#withoutGap(open);
    open.decodeRate = (open.brought / lengthNs) * 1e9;
    open.dueNs += lengthNs;
    this.#decodeRate.add(open.decodeRate);
  }

  /** Passes over gaps of zero; gives the tokens that they bring. */
  #withoutGap(open: OpenRequest): number {
    const { gapsNs, outputTokens } = open.span;
    const from = open.gap;
    while (open.gap < gapsNs.length && gapsNs[open.gap] === 0) open.gap++;
    return open.gap === from ? 0 : (Math.max(0, outputTokens - 1) / gapsNs.length) * (open.gap - from);
  }

  #end(open: OpenRequest): void {
    this.requests--;
    if (open.span.ttftNs >= 0) this.decoding--;
    this.#evenRate.add(-open.evenRate);
    this.#tokens.add(-open.tokens);
    this.#open.removeFirst();
  }
}

/** What a request does until its next change. */
type Stage = 'prefill' | 'gap' | 'last';

/** A request in flight: what it adds to the curves, and when that changes. */
interface OpenRequest {
  readonly span: RequestSpan;
  stage: Stage;
  dueNs: number;
  /** Gaps taken up so far. */
  gap: number;
  /** Tokens that the end of the current gap brings. */
  brought: number;
  readonly prefillRate: number;
  decodeRate: number;
  evenRate: number;
  tokens: number;
}

function isDueBefore(a: OpenRequest, b: OpenRequest): boolean {
  return a.dueNs < b.dueNs;
}
