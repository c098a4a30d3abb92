import type { Packet } from '../transport/event-stream.js';
import { type ConnectionEnds, WireTimes } from '../transport/transport.js';
import type { JsonObject } from '../util/json.js';

export type PhaseName = 'warmup' | 'profiling';

/** Why a request failed, in the words of the record file. */
export interface RecordError {
  /** HTTP status, 499 for a cancellation; absent for failures of the wire. */
  readonly code?: number;
  /** Reason phrase of a status, else the failure's name. */
  readonly type: string;
  readonly message: string;
  readonly cause?: string;
  readonly causeChain?: readonly string[];
}

/** One response unit as it came, kept only for the raw export. */
export interface RawUnit {
  readonly atNs: number;
  readonly packets?: readonly Packet[];
  readonly text?: string;
  readonly contentType?: string;
}

/** What the raw export adds to a record. */
export interface RawExchange {
  readonly status?: number;
  /** Secrets already replaced. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly payload: JsonObject;
  readonly units: readonly RawUnit[];
}

/** What the HTTP trace adds to the times of a record. */
export interface HttpTrace {
  /** Name of the server, or its address. */
  readonly host: string;
  /** Secrets already replaced, here and in the response. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly response?: {
    readonly status: number;
    readonly reason: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly ends?: ConnectionEnds;
}

/**
 * What happened to one request: facts only, nothing worked out. Times are ns since the run's clock origin;
 * NaN for what did not happen.
 */
export interface RequestRecord {
  readonly phase: PhaseName;
  /** Number of the request in its phase, from 0, in order of release. */
  readonly sessionNum: number;
  readonly requestId: string;
  /** One id per session. */
  readonly correlationId: string;
  /** The dataset's session id. */
  readonly conversationId: string;
  readonly turnIndex: number;
  readonly workerId: string;
  readonly model: string;
  /** When the request was due. */
  readonly dueNs: number;
  /** Dispatch, immediately before the HTTP call. */
  readonly startNs: number;
  /** A 2xx head was in. */
  readonly ackNs: number;
  /** The last response unit (also `[DONE]`), or the moment the failure was noticed. */
  readonly endNs: number;
  /** Times of the units that carry content, in order. */
  readonly contentNs: Float64Array;
  /** First unit with text other than reasoning. */
  readonly firstOutputNs: number;
  readonly wire: WireTimes;
  /** All content and tool text, joined; undefined when none came. */
  readonly text: string | undefined;
  readonly reasoning: string | undefined;
  /** The last non-empty usage object. */
  readonly usage: JsonObject | undefined;
  /** Why the server ended the answer, in its own word (`stop`, `length`, …). */
  readonly finishReason: string | undefined;
  /** Response units by the path of a field in them that looks like content and was not read. */
  readonly unread: Readonly<Record<string, number>> | undefined;
  /** Tokens of the request's text where they are known from its making. */
  readonly inputTokens: number | undefined;
  /** All text of the body joined by single spaces, where `inputTokens` must be counted from it. */
  readonly inputText: string | undefined;
  /** The output token cap that was sent. */
  readonly requestedOsl: number | undefined;
  readonly error: RecordError | undefined;
  /** When a request was given up by us; undefined for all others. */
  readonly cancelledNs: number | undefined;
  /** True for one that was given up because the run ended around it, not because it was chosen to be cancelled. */
  readonly dropped: boolean;
  /** Our own thread was held up around one of its stamps, which may so be more than 10 ms late. */
  readonly clientLimited: boolean;
  readonly raw: RawExchange | undefined;
  /** Kept only for the HTTP trace of the per-record file. */
  readonly trace: HttpTrace | undefined;
}

/** A record in which nothing has happened yet. */
export function blankRecord(): RequestRecord {
  return {
    phase: 'profiling',
    sessionNum: 0,
    requestId: '',
    correlationId: '',
    conversationId: '',
    turnIndex: 0,
    workerId: '',
    model: '',
    dueNs: Number.NaN,
    startNs: Number.NaN,
    ackNs: Number.NaN,
    endNs: Number.NaN,
    contentNs: noTimes,
    firstOutputNs: Number.NaN,
    wire: new WireTimes(),
    text: undefined,
    reasoning: undefined,
    usage: undefined,
    finishReason: undefined,
    unread: undefined,
    inputTokens: undefined,
    inputText: undefined,
    requestedOsl: undefined,
    error: undefined,
    cancelledNs: undefined,
    dropped: false,
    clientLimited: false,
    raw: undefined,
    trace: undefined,
  };
}

const noTimes = new Float64Array(0);

/** The record of a request whose response could not be recorded: failed, and without what the response held. */
export function withoutResponse(record: RequestRecord, why: string): RequestRecord {
  return {
    ...record,
    contentNs: noTimes,
    firstOutputNs: Number.NaN,
    text: undefined,
    reasoning: undefined,
    usage: undefined,
    unread: undefined,
    raw: record.raw && { ...record.raw, units: [] },
    error: record.error ?? {
      code: 502,
      type: 'UnreadableResponseError',
      message: `The response could not be recorded: ${why}`,
    },
  };
}

/** Token counts of a record; undefined for what is not there. */
export interface TokenCounts {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly reasoning: number | undefined;
}

/** A record with its tokens counted: all that metrics are made from. */
export interface CountedRecord {
  readonly record: RequestRecord;
  readonly tokens: TokenCounts;
}
