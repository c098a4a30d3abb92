import type { MessagePort } from 'node:worker_threads';
import type { CacheBust } from '../dataset/cache-bust.js';
import type { DatasetPlan, PromptPlan } from '../dataset/plan.js';
import type { SamplingStrategy } from '../dataset/sampling.js';
import type { BodyOptions } from '../endpoint/endpoint.js';
import type { EndpointType } from '../endpoint/endpoints.js';
import type { HeaderOptions } from '../endpoint/headers.js';
import type { RequestTarget } from '../endpoint/url.js';
import type { ThreadReport } from '../fidelity/thread-report.js';
import type { PhaseName } from '../records/record.js';
import type { ArrivalPattern } from '../schedule/arrivals.js';
import type { FixedSchedule, StreamedSchedule } from '../schedule/fixed-schedule.js';
import type { RampedLimit } from '../schedule/ramp.js';
import type { RatePoint } from '../schedule/rate-series.js';
import type { FailureLimit } from '../schedule/stop.js';
import type { SigningOptions } from '../transport/sigv4.js';
import type { TransportOptions } from '../transport/transport.js';
import type { ClockOrigin } from '../util/clock.js';
import type { JoinPoint } from './join.js';
import type { PhasePart } from './parts.js';
import type { SourceShare, ThreadShare } from './quota.js';

/** Everything from which a load thread derives its share of the load: plain data, sent once at the start. */
export interface LoadPlan {
  readonly dataset: DatasetPlan;
  readonly prompts: PromptPlan;
  readonly sampling: SamplingStrategy;
  /** Text that sets sessions apart; undefined: none. */
  readonly cacheBust?: CacheBust | undefined;
  readonly endpoint: EndpointType;
  readonly body: BodyOptions;
  readonly headers: HeaderOptions;
  /** Keys that every request is signed with; undefined: none is. */
  readonly signing?: SigningOptions | undefined;
  /** Servers; sessions use them in turn. */
  readonly targets: readonly RequestTarget[];
  readonly streamEnd: 'marked' | 'any';
  /** Keep requests and answers for the raw export. */
  readonly keepRaw: boolean;
  /** Keep headers and addresses for the HTTP trace. */
  readonly keepTrace: boolean;
  /** The client counts tokens, so records carry text of unknown token count. */
  readonly countsTokens: boolean;
  readonly transport: 'http' | 'undici';
  readonly transportOptions: Omit<TransportOptions, 'nowNs' | 'connect'>;
  readonly requestTimeoutMs: number;
  /** In the order in which they run. */
  readonly phases: readonly PhasePlan[];
}

/** How one phase issues requests, and when it ends. Infinity means "no limit". */
export interface PhasePlan {
  readonly name: PhaseName;
  readonly issuing: Issuing;
  /** Most requests and sessions, over all threads. */
  readonly requestLimit: number;
  readonly sessionLimit: number;
  /** The phase ends with the last conversation of a streamed dataset, whose number is not known before; absent: it repeats. */
  readonly endsWithDataset?: boolean | undefined;
  /** Nothing that is due from this time since the start on is issued. */
  readonly durationNs: number;
  /** Requests in flight are dropped this long after the duration. */
  readonly graceNs: number;
  readonly prefill: RampedLimit | undefined;
  readonly cancellation: { readonly percent: number; readonly delayNs: number } | undefined;
  /** Ends the run if more requests fail; undefined: none. */
  readonly failureLimit?: FailureLimit | undefined;
  /** Requests that it sends if nothing ends it early; undefined if unknown. */
  readonly expectedRequests: number | undefined;
  /** Maximum sessions in flight by the options; undefined: no limit. */
  readonly concurrency: number | undefined;
}

/** The load mode of a phase, with its parameters. */
export type Issuing =
  | { readonly kind: 'closed-loop'; readonly concurrency: RampedLimit }
  | {
      readonly kind: 'rate';
      readonly pattern: ArrivalPattern;
      readonly ratePerSecond: number;
      /** A rate that changes; its first value is `ratePerSecond`. */
      readonly series?: readonly RatePoint[] | undefined;
      readonly smoothness: number;
      readonly rampNs: number;
      readonly rampStepNs: number;
      readonly catchUpNs: number;
      readonly ceiling: RampedLimit | undefined;
      /** Every conversation is a single turn. */
      readonly singleTurns: boolean;
    }
  | {
      readonly kind: 'fixed-schedule';
      readonly schedule: FixedSchedule | StreamedSchedule;
      readonly ceiling: RampedLimit | undefined;
    }
  | {
      readonly kind: 'user-centric';
      readonly users: number;
      readonly ratePerSecond: number;
      readonly turns: number;
      readonly ceiling: RampedLimit | undefined;
    };

/** Start data of one load thread. */
export interface LoadThreadData extends ThreadShare {
  readonly plan: LoadPlan;
  readonly origin: ClockOrigin;
  readonly share: SourceShare;
  /** What the source plays of each phase; undefined: all of it. */
  readonly parts: readonly (PhasePart | undefined)[];
  /** Memory of the counters that the threads of the source share, one per phase. */
  readonly counters: readonly SharedArrayBuffer[];
  readonly workerId: string;
  /** Folder that finished records are spooled to; undefined: no spool. */
  readonly spool: string | undefined;
  /** Memory of the gate that the threads of the source share. */
  readonly gate: SharedArrayBuffer;
  /** Closed when the last record is spooled; receives the batches that cannot be spooled. */
  readonly records: MessagePort;
  /** To the preparation thread; undefined: there is none. */
  readonly preparation: MessagePort | undefined;
}

/** Message of the main thread to a load thread. */
export type LoadCommand =
  | {
      readonly kind: 'start';
      /** Index into the plan's phases. */
      readonly phase: number;
      readonly startNs: number;
      /** Number of the phase's first session among all sessions of the run. */
      readonly firstSession: number;
      /** Where the source joins the phase; undefined: at its start. */
      readonly join: JoinPoint | undefined;
    }
  /** Drop all requests in flight, with `why` in their records, and send nothing more. */
  | { readonly kind: 'interrupt'; readonly why: string }
  /** No phase follows: hand over the last records and exit. */
  | { readonly kind: 'finish' };

/** Message of a load thread to the main thread. */
export type LoadEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'phase-done'; readonly report: ThreadReport }
  /** Its records are posted from memory from now on. */
  | { readonly kind: 'spool-failed'; readonly message: string }
  /** More than so many bytes of its records wait in memory for the disk of the spool. */
  | { readonly kind: 'spool-slow'; readonly bytes: number }
  | { readonly kind: 'finished' };
