import type { FinishReason } from './apis/api.js';
import { Histogram } from './exposition.js';

/** How a request ended: `abort`, the client left; `error`, the server broke it off. */
export type EndReason = FinishReason | 'abort' | 'error';

/** vLLM's bucket bounds: seconds, and counts of tokens or of others. */
const ttftBounds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
  2560,
];
const itlBounds = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
const requestBounds = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];
const stepBounds = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384];

/** What the simulated engine counts, in vLLM's terms. */
export class ServerMetrics {
  /** Of prompts whose first token was generated. */
  promptTokens = 0;
  cachedPromptTokens = 0;
  generationTokens = 0;
  prefixQueriedTokens = 0;
  prefixHitTokens = 0;
  preemptions = 0;
  readonly finished: Record<EndReason, number> = { stop: 0, length: 0, abort: 0, error: 0 };
  /** Responses by method, path and class of the status: `POST /v1/completions 2xx`. */
  readonly responses = new Map<string, number>();

  readonly ttftSeconds = new Histogram(ttftBounds);
  readonly itlSeconds = new Histogram(itlBounds);
  readonly tpotSeconds = new Histogram(itlBounds);
  readonly e2eSeconds = new Histogram(requestBounds);
  readonly queueSeconds = new Histogram(requestBounds);
  readonly inferenceSeconds = new Histogram(requestBounds);
  readonly prefillSeconds = new Histogram(requestBounds);
  readonly decodeSeconds = new Histogram(requestBounds);
  readonly requestPromptTokens: Histogram;
  readonly requestComputedTokens: Histogram;
  readonly requestGenerationTokens: Histogram;
  readonly requestMaxTokens: Histogram;
  readonly requestChoices = new Histogram([1, 2, 5, 10, 20]);
  readonly requestPreemptions = new Histogram([1, 2, 3, 4, 5, 10, 20]);
  readonly stepTokens = new Histogram(stepBounds);

  readonly #stepNs: number;
  #stepStartNs = 0;
  #tokensOfStep = 0;

  /**
   * @param contextTokens the longest request: vLLM's bounds of token counts end below it.
   * @param stepNs how long a step of the engine takes: tokens within that time are one step's.
   */
  constructor(contextTokens: number, stepNs: number) {
    const bounds = tokenBounds(contextTokens);
    this.requestPromptTokens = new Histogram(bounds);
    this.requestComputedTokens = new Histogram(bounds);
    this.requestGenerationTokens = new Histogram(bounds);
    this.requestMaxTokens = new Histogram(bounds);
    this.#stepNs = stepNs;
  }

  /** Counts a response. @param handler its path, or `none` for unknown ones. */
  responded(method: string, handler: string, status: number): void {
    const key = `${method} ${handler} ${Math.floor(status / 100)}xx`;
    this.responses.set(key, (this.responses.get(key) ?? 0) + 1);
  }

  /** Adds prompt or generated tokens to the engine's current step. */
  addToStep(tokens: number, nowNs: number): void {
    if (nowNs - this.#stepStartNs >= this.#stepNs) {
      this.endStep();
      this.#stepStartNs = nowNs;
    }
    this.#tokensOfStep += tokens;
  }

  /** Counts the tokens of the current step, so that none is missing from a page. */
  endStep(): void {
    if (this.#tokensOfStep > 0) this.stepTokens.add(this.#tokensOfStep);
    this.#tokensOfStep = 0;
  }
}

/** 1, 2, 5, 10, 20, ... up to `limit`. */
function tokenBounds(limit: number): number[] {
  const bounds: number[] = [];
  for (let power = 1; ; power *= 10) {
    for (const digit of [1, 2, 5]) {
      if (digit * power > limit) return bounds;
      bounds.push(digit * power);
    }
  }
}

/** What is counted about one request, from its arrival to its end. */
export class RequestMetrics {
  preemptions = 0;
  readonly #metrics: ServerMetrics;
  readonly #promptTokens: number;
  readonly #maxTokens: number;
  /** Its tokens count as generated: those of embeddings and the like do not. */
  readonly #generates: boolean;
  readonly #receivedNs: number;
  #startedNs = 0;
  #cachedTokens = 0;
  #firstNs = 0;
  #lastNs = 0;
  #tokens = 0;

  constructor(
    metrics: ServerMetrics,
    request: { promptTokens: number; maxTokens: number; generates: boolean; receivedNs: number },
  ) {
    this.#metrics = metrics;
    this.#promptTokens = request.promptTokens;
    this.#maxTokens = request.maxTokens;
    this.#generates = request.generates;
    this.#receivedNs = request.receivedNs;
  }

  /** Tokens of the prompt and of the response so far. */
  get heldTokens(): number {
    return this.#promptTokens + this.#tokens;
  }

  /** It got its slot. @param cachedTokens of its prompt; undefined: there is no prefix cache. */
  started(cachedTokens: number | undefined, nowNs: number): void {
    this.#startedNs = nowNs;
    if (cachedTokens === undefined) return;
    this.#cachedTokens = cachedTokens;
    this.#metrics.prefixQueriedTokens += this.#promptTokens;
    this.#metrics.prefixHitTokens += cachedTokens;
  }

  /** `tokens` were generated together. */
  generated(tokens: number, nowNs: number): void {
    const metrics = this.#metrics;
    let stepTokens = this.#generates ? tokens : 0;
    metrics.generationTokens += stepTokens;
    if (this.#tokens === 0) {
      this.#firstNs = nowNs;
      metrics.promptTokens += this.#promptTokens;
      metrics.cachedPromptTokens += this.#cachedTokens;
      metrics.ttftSeconds.add((nowNs - this.#receivedNs) / 1e9);
      stepTokens += this.#promptTokens - this.#cachedTokens;
    } else {
      metrics.itlSeconds.add((nowNs - this.#lastNs) / 1e9);
    }
    metrics.addToStep(stepTokens, nowNs);
    this.#tokens += tokens;
    this.#lastNs = nowNs;
  }

  /** It ended. Like vLLM, requests that did not complete are in no histogram of whole requests. */
  ended(reason: EndReason, nowNs: number): void {
    const metrics = this.#metrics;
    metrics.finished[reason]++;
    if (reason === 'abort' || reason === 'error') return;
    const decodeSeconds = (this.#lastNs - this.#firstNs) / 1e9;
    metrics.e2eSeconds.add((nowNs - this.#receivedNs) / 1e9);
    metrics.queueSeconds.add((this.#startedNs - this.#receivedNs) / 1e9);
    metrics.prefillSeconds.add((this.#firstNs - this.#startedNs) / 1e9);
    metrics.decodeSeconds.add(decodeSeconds);
    metrics.inferenceSeconds.add((this.#lastNs - this.#startedNs) / 1e9);
    metrics.tpotSeconds.add(this.#tokens > 1 ? decodeSeconds / (this.#tokens - 1) : 0);
    metrics.requestPromptTokens.add(this.#promptTokens);
    metrics.requestComputedTokens.add(this.#promptTokens - this.#cachedTokens);
    metrics.requestGenerationTokens.add(this.#generates ? this.#tokens : 0);
    metrics.requestMaxTokens.add(this.#maxTokens);
    metrics.requestChoices.add(1);
    metrics.requestPreemptions.add(this.preemptions);
  }
}
