import type { Timer } from './pacer.js';

/** How the simulated server behaves. Times in milliseconds, lengths in tokens. */
export interface MockServerSettings {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** The model that `/v1/models` lists, and that answers name when the request names none. */
  readonly model: string;
  /** Whether a request for another model is refused with 404. */
  readonly strictModel: boolean;
  /** How streams are written: as vLLM does, or the least that the API allows. */
  readonly dialect: Dialect;
  readonly seed: number;

  /** From the start of a request in its slot to its first token. */
  readonly ttftMs: number;
  /** Added to it for each prompt token that was not in the prefix cache. */
  readonly ttftPerInputTokenMs: number;
  /** From one token to the next. */
  readonly itlMs: number;
  /** Each gap is drawn evenly from `itlMs` times 1 - jitter to 1 + jitter; 0 to 1. */
  readonly itlJitter: number;
  readonly timer: Timer;
  /** Requests that run at once; further ones wait in order of arrival. Undefined: no limit. */
  readonly slots: number | undefined;

  /** Bytes of UTF-8 that make one prompt token, where nothing counts them. */
  readonly bytesPerToken: number;
  /** Counts the tokens of a prompt. Undefined: they are estimated from its bytes, which costs no time. */
  readonly countTokens: ((text: string) => number) | undefined;
  /** Prompt and answer together may not be longer. Undefined: no limit. */
  readonly contextLimit: number | undefined;
  readonly prefixCache: boolean;

  /**
   * Mean length at which the simulated model stops by itself, unless a request says `ignore_eos`.
   * Undefined: it goes on up to the request's cap, and stops after 128 tokens where there is none.
   */
  readonly outputTokens: number | undefined;
  readonly outputStddev: number;
  /** So many tokens at the start of a chat answer are reasoning. */
  readonly reasoningTokens: number;
  readonly tokensPerChunk: number;
  /** `on-request`: in every whole answer, and in streams that ask with `stream_options.include_usage`. */
  readonly usage: UsageReport;

  /** Every N-th request is refused. Undefined: none. */
  readonly fail: number | undefined;
  /** Share of requests that are refused, 0 to 1. */
  readonly failRate: number;
  readonly failStatus: number;
  /** Every N-th request, if it streams, is cut off half-way. Undefined: none. */
  readonly midfail: number | undefined;

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
  outputTokens: undefined,
  outputStddev: 0,
  reasoningTokens: 0,
  tokensPerChunk: 1,
  usage: 'on-request',
  fail: undefined,
  failRate: 0,
  failStatus: 400,
  midfail: undefined,
  tokenLog: undefined,
};
