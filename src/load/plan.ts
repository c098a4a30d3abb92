import type { MessagePort } from 'node:worker_threads';
import type { CorpusIndex } from '../dataset/corpus.js';
import type { DatasetPlan } from '../dataset/plan.js';
import type { SamplingStrategy } from '../dataset/sampling.js';
import type { TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import type { BodyOptions } from '../endpoint/endpoint.js';
import type { EndpointType } from '../endpoint/endpoints.js';
import type { HeaderOptions } from '../endpoint/headers.js';
import type { RequestTarget } from '../endpoint/url.js';
import type { Phase } from '../records/record.js';
import type { TransportOptions } from '../transport/transport.js';
import type { ClockOrigin } from '../util/clock.js';

/** Where prompts come from, as plain data. */
export interface PromptPlan {
  readonly corpus: CorpusIndex;
  readonly seed: number;
  /** Given where prompts must be re-encoded to be exact. */
  readonly corrector: TokenizerSource | undefined;
}

/** All that a load thread needs to work out its own share of a phase: plain data, sent once, at the start. */
export interface LoadPlan {
  readonly origin: ClockOrigin;
  readonly phase: Phase;
  readonly dataset: DatasetPlan;
  readonly prompts: PromptPlan;
  readonly sampling: SamplingStrategy;
  readonly endpoint: EndpointType;
  readonly body: BodyOptions;
  readonly headers: HeaderOptions;
  /** Servers, taken in turn by session. */
  readonly targets: readonly RequestTarget[];
  readonly streamEnd: 'marked' | 'any';
  /** Keep requests and answers for the raw export. */
  readonly keepRaw: boolean;
  /** The client counts tokens, so text of unknown length goes with the record. */
  readonly countsTokens: boolean;
  readonly transport: 'http' | 'undici';
  readonly transportOptions: Omit<TransportOptions, 'nowNs'>;
  readonly requestTimeoutMs: number;
  /** Most requests and sessions of the phase, over all threads; Infinity: no limit. */
  readonly requestLimit: number;
  readonly sessionLimit: number;
  readonly counters: SharedArrayBuffer;
}

/** One thread's own part of the plan. */
export interface LoadThreadData {
  readonly plan: LoadPlan;
  readonly workerId: string;
  /** Sessions that this thread keeps in flight: its part of the concurrency. */
  readonly slots: number;
  /** Where batches of finished records go. */
  readonly records: MessagePort;
}

/** What the main thread tells a load thread. */
export type LoadCommand = { readonly kind: 'start' } | { readonly kind: 'interrupt' };

/** What a load thread tells the main thread. */
export type LoadEvent = { readonly kind: 'ready' } | { readonly kind: 'done' };
