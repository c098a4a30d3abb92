import type { Timer } from './pacer.js';

/** Settings of the simulated server. Times in milliseconds, lengths in tokens. */
export interface MockServerSettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The model in `/v1/models`, and in responses to requests that name none. */
  readonly model: string;
  /** Refuse requests for other models with 404. */
  readonly strictModel: boolean;
  /** Format of streams: like vLLM, or the minimum that the API allows. */
  readonly dialect: Dialect;
  readonly seed: number;
  /** The model loads for this long after the start: requests are answered with 503. */
  readonly loadMs: number;

  /** From the start of a request in its slot to its first token. */
  readonly ttftMs: number;
  /** Added to TTFT for each prompt token that was not in the prefix cache. */
  readonly ttftPerInputTokenMs: number;
  /** Inter-token latency. */
  readonly itlMs: number;
  /** Each gap is uniform from `itlMs` times 1 - jitter to 1 + jitter; 0 to 1. */
  readonly itlJitter: number;
  readonly timer: Timer;
  /** Concurrent requests; others wait in order of arrival. Undefined: no limit. */
  readonly slots: number | undefined;

  /** UTF-8 bytes per prompt token, if tokens are not counted. */
  readonly bytesPerToken: number;
  /** Counts the tokens of a prompt. Undefined: they are estimated from its bytes, which is free. */
  readonly countTokens: ((text: string) => number) | undefined;
  /** Maximum of prompt and output tokens together. Undefined: no limit. */
  readonly contextLimit: number | undefined;
  readonly prefixCache: boolean;
  /** Tokens that the KV cache holds: requests wait for room in it, and the newest are preempted. Undefined: no limit. */
  readonly kvCacheTokens: number | undefined;

  /** Mean output length unless a request sets `ignore_eos`. Undefined: the request's cap, or 128 tokens without one. */
  readonly outputTokens: number | undefined;
  readonly outputStddev: number;
  /** Number of reasoning tokens at the start of a chat response. */
  readonly reasoningTokens: number;
  readonly tokensPerChunk: number;
  /** `on-request`: in every non-streamed response, and in streams with `stream_options.include_usage`. */
  readonly usage: UsageReport;

  /** Refuse every N-th request. Undefined: none. */
  readonly fail: number | undefined;
  /** Fraction of requests to refuse, 0 to 1. */
  readonly failRate: number;
  readonly failStatus: number;
  /** Cut off every N-th request half-way if it streams. Undefined: none. */
  readonly midfail: number | undefined;

  /** GPUs of the page `/gpu/metrics`; 0: there is no such page. */
  readonly gpus: number;
  /** Power limit of each GPU, watts. */
  readonly gpuPowerLimit: number;
  /** Break the connection in place of the page of the GPUs after this many reads. Undefined: never. */
  readonly gpuFailAfter: number | undefined;
  /** Reads that fail before the page is back. Undefined: all. */
  readonly gpuFailReads: number | undefined;

  /** JSON lines with the send time of every token. Undefined: no log. */
  readonly tokenLog: string | undefined;
}

export type Dialect = 'vllm' | 'plain';
type UsageReport = 'always' | 'on-request' | 'never';

export const defaultSettings: MockServerSettings = {
  host: '127.0.0.1',
  port: 8000,
  model: 'mock',
  strictModel: false,
  dialect: 'vllm',
  seed: 0,
  loadMs: 0,
  ttftMs: 50,
  ttftPerInputTokenMs: 0,
  itlMs: 10,
  itlJitter: 0,
  timer: 'precise',
  slots: undefined,
  bytesPerToken: 4,
  countTokens: undefined,
  contextLimit: undefined,
  prefixCache: false,
  kvCacheTokens: undefined,
  outputTokens: undefined,
  outputStddev: 0,
  reasoningTokens: 0,
  tokensPerChunk: 1,
  usage: 'on-request',
  fail: undefined,
  failRate: 0,
  failStatus: 400,
  midfail: undefined,
  gpus: 0,
  gpuPowerLimit: 700,
  gpuFailAfter: undefined,
  gpuFailReads: undefined,
  tokenLog: undefined,
};
