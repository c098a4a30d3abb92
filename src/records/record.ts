import type { Packet } from '../transport/event-stream.js';
import { type ConnectionEnds, WireTimes } from '../transport/transport.js';
import type { JsonObject } from '../util/json.js';

export type PhaseName = 'warmup' | 'profiling';

/** Why a request failed, as the record file names it. */
export interface RecordError {
  /** HTTP status, 499 for a cancellation; absent for transport failures. */
  readonly code?: number;
  /** Reason phrase of a status, or name of the failure. */
  readonly type: string;
  readonly message: string;
  readonly cause?: string;
  readonly causeChain?: readonly string[];
}

/** One response unit as received, kept only for the raw export. */
export interface RawUnit {
  readonly atNs: number;
  readonly packets?: readonly Packet[];
  readonly text?: string;
  readonly contentType?: string;
}

/** The raw export's part of a record. */
export interface RawExchange {
  readonly status?: number;
  /** Secrets already replaced. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly payload: JsonObject;
  readonly units: readonly RawUnit[];
}

/** The HTTP trace's part of a record. */
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

/** The part of a record that belongs to a conversation graph. Ids are those of sessions, `correlationId`. */
export interface AgentFacts {
  /** Agents above it: 0 for the conversation itself. */
  readonly depth: number;
  /** The agent that started it; absent for the conversation itself. */
  readonly parent?: string;
  readonly root: string;
  /** Request ids of the turns of other agents that it waited for; absent: none. */
  readonly waitsFor?: readonly string[];
}

/**
 * What happened to one request: facts only, nothing derived. Times are ns since the run's clock origin; NaN for events
 * that did not happen.
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
  /** No other request of its session follows. */
  readonly isFinalTurn: boolean;
  /** Undefined unless the conversation has several agents. */
  readonly agent: AgentFacts | undefined;
  readonly workerId: string;
  /** Number of the shard that sent it; absent: of none, or of that of all records. */
  readonly shard?: number | undefined;
  readonly model: string;
  /** When the request was due. */
  readonly dueNs: number;
  /** Dispatch, immediately before the HTTP call. */
  readonly startNs: number;
  /** When a 2xx head was received. */
  readonly ackNs: number;
  /** Time of the last response unit (including `[DONE]`), or when the failure was detected. */
  readonly endNs: number;
  /** Times of the units with content, in order. */
  readonly contentNs: Float64Array;
  /** Time of the first unit with text other than reasoning. */
  readonly firstOutputNs: number;
  readonly wire: WireTimes;
  /** All content and tool text, joined; undefined without any. */
  readonly text: string | undefined;
  readonly reasoning: string | undefined;
  /** The last non-empty usage object. */
  readonly usage: JsonObject | undefined;
  /** Output tokens that the unit with the first content reports; undefined unless asked for, or without. */
  readonly firstChunkTokens: number | undefined;
  /** Why the server ended the answer, as it reports it (`stop`, `length`, …). */
  readonly finishReason: string | undefined;
  /** Number of response units by the path of a field that looks like content and was not read. */
  readonly unread: Readonly<Record<string, number>> | undefined;
  /** Tokens of the request's text if known when it was made. */
  readonly inputTokens: number | undefined;
  /** All text of the body joined by single spaces, if there is any and the input tokens must be counted from it. */
  readonly inputText: string | undefined;
  /** Items of a batch in the request: texts to embed, passages to rank; undefined for APIs without batches. */
  readonly batchSize: number | undefined;
  /** Images in the request, those of its history included. */
  readonly images: number;
  /** Length of all audio in the request; undefined without audio, or if a length is not known. */
  readonly audioSeconds: number | undefined;
  /** Length of the audio in the answer; undefined without audio, or if its length is not known. */
  readonly answerAudioSeconds: number | undefined;
  /** The output token cap that was sent. */
  readonly requestedOsl: number | undefined;
  readonly error: RecordError | undefined;
  /** When the client cancelled the request; undefined for all others. */
  readonly cancelledNs: number | undefined;
  /** The request was cancelled because the run ended, not because it was chosen for cancellation. */
  readonly dropped: boolean;
  /** The load thread was delayed around one of its timestamps, which may be more than 10 ms late. */
  readonly clientLimited: boolean;
  readonly raw: RawExchange | undefined;
  /** Kept only for the HTTP trace of the per-record file. */
  readonly trace: HttpTrace | undefined;
}

/** A record without any event. */
export function blankRecord(): RequestRecord {
  return {
    phase: 'profiling',
    sessionNum: 0,
    requestId: '',
    correlationId: '',
    conversationId: '',
    turnIndex: 0,
    isFinalTurn: true,
    agent: undefined,
    workerId: '',
    shard: undefined,
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
    firstChunkTokens: undefined,
    finishReason: undefined,
    unread: undefined,
    inputTokens: undefined,
    inputText: undefined,
    batchSize: undefined,
    images: 0,
    audioSeconds: undefined,
    answerAudioSeconds: undefined,
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

/** The failed record of a request whose response could not be recorded, without the response. */
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

/** Token counts of a record; undefined for missing text. */
export interface TokenCounts {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly reasoning: number | undefined;
}

/** A record with its token counts: the input of all metrics. */
export interface CountedRecord {
  readonly record: RequestRecord;
  readonly tokens: TokenCounts;
}
