import { randomUUID } from 'node:crypto';
import { Answer, type AnswerOptions } from '../endpoint/answer.js';
import type { AssistantMessage, Endpoint } from '../endpoint/endpoint.js';
import type { HeaderMaker } from '../endpoint/headers.js';
import { knownInputTokens, type Payload } from '../endpoint/payload.js';
import type { PhaseName, RecordError, RequestRecord } from '../records/record.js';
import { safeError } from '../records/safe-record.js';
import { readUsage } from '../records/usage.js';
import type { Signer } from '../transport/sigv4.js';
import {
  type ConnectionEnds,
  type Exchange,
  type ResponseHandler,
  type ResponseHead,
  type Transport,
  type TransportError,
  WireTimes,
} from '../transport/transport.js';
import { sha256 } from '../util/byte-pieces.js';
import { messageOf } from '../util/errors.js';
import type { JsonObject } from '../util/json.js';
import { httpTrace, rawExchange } from './exchange-details.js';
import { followUpRequest, jobTimeout } from './follow-up.js';
import type { Indexed } from './indexed-set.js';
import { mediaFacts } from './media-facts.js';
import type { LoadPlan } from './plan.js';
import { isSuccess, ResponseBody } from './response-body.js';
import {
  excessOf,
  shortened,
  statusError,
  unreadableResponse,
  unrecordable,
  wireError,
} from './response-errors.js';
import type { Session } from './session.js';
import type { TimerEntry, TimerQueue } from './timer-queue.js';

/** Options that all requests of a thread share. */
export interface SendingOptions
  extends Pick<LoadPlan, 'body' | 'countsTokens' | 'keepTrace' | 'requestTimeoutMs'> {
  readonly phase: PhaseName;
  readonly endpoint: Endpoint;
  readonly headers: HeaderMaker;
  readonly answer: AnswerOptions;
  /** Limit for one message of a stream, or for a whole body. */
  readonly maxMessageBytes: number;
  readonly transport: Transport;
  /** Signs each request; undefined: none is. */
  readonly sign?: Signer | undefined;
  readonly nowNs: () => number;
  /** Called for every read of a body. */
  readonly onActivity: () => void;
  /** Whether a timestamp may be late; false for NaN. */
  readonly mayBeLate: (atNs: number) => boolean;
}

/** Facts of one request. */
export interface RequestRunOptions {
  /** Number of the request in its phase, by order of release. */
  readonly number: number;
  readonly dueNs: number;
  /** Cancel the request this long after it was sent completely; undefined: never. */
  readonly cancelAfterNs: number | undefined;
  readonly timers: TimerQueue;
  /** Called once, when the first content arrives or the request ends without any. */
  readonly onPrefilled: (() => void) | undefined;
  /** Called exactly once. */
  readonly onReturn: (run: RequestRun, record: RequestRecord, answer: AssistantMessage | undefined) => void;
}

// A cancellation counts from when the request was sent completely. Without a request timeout, this bounds the sending.
const SEND_TIMEOUT_S = 300;

/** One request, from its payload to its record. The transport calls it for each event of the exchange. */
export class RequestRun implements ResponseHandler, Indexed {
  readonly session: Session;
  index = -1;
  readonly #options: SendingOptions;
  readonly #facts: RequestRunOptions;
  readonly #requestId = randomUUID();
  readonly #answer: Answer;
  #cancelTimer: TimerEntry | undefined = undefined;
  /** Set when the payload could not be made. */
  #failing: NodeJS.Immediate | undefined = undefined;
  #sent = false;
  #returned = false;
  #prefilling: boolean;
  /** Undefined until it is made, and if it cannot be. */
  #payload: Payload | undefined = undefined;
  #headers: string[] = [];
  #startNs = Number.NaN;
  #ackNs = Number.NaN;
  #exchange: Exchange | undefined = undefined;
  /** Times of the request itself, where others follow it up. */
  #firstWire: WireTimes | undefined = undefined;
  #head: ResponseHead | undefined = undefined;
  #ends: ConnectionEnds | undefined = undefined;
  #response: ResponseBody | undefined = undefined;

  constructor(session: Session, options: SendingOptions, facts: RequestRunOptions) {
    this.session = session;
    this.#options = options;
    this.#facts = facts;
    this.#prefilling = facts.onPrefilled !== undefined;
    this.#answer = new Answer(options.answer, this.#prefilling ? () => this.#endPrefill() : undefined);
  }

  /** Makes the payload, unless it was prepared, and passes it to the transport. */
  send(): void {
    const { session } = this;
    const { endpoint, body, headers, transport, sign, requestTimeoutMs, nowNs } = this.#options;
    let payload: Payload;
    try {
      payload = session.takePayload(endpoint, body);
    } catch (thrown) {
      const atNs = nowNs();
      this.#startNs = atNs;
      // Deferred: a request that is sent because this one failed may itself fail immediately, without end.
      this.#failing = setImmediate(() =>
        this.#finish(atNs, { type: 'ValueError', message: messageOf(thrown) }),
      );
      return;
    }
    this.#payload = payload;
    this.#headers = headers(this.#requestId, session.correlationId, payload.contentType);
    if (sign !== undefined) {
      const { target } = session;
      const bodySha256 = payload.sha256 ?? sha256(payload.data);
      sign({ method: 'POST', origin: target, path: target.path, bodySha256 }, this.#headers);
    }
    this.#startNs = nowNs();
    this.#exchange = transport.send(
      {
        method: 'POST',
        origin: session.target,
        path: session.target.path,
        headers: this.#headers,
        body: payload.data,
        bodyBytes: payload.byteLength,
        timeoutMs: requestTimeoutMs,
        connectionKey: session.correlationId,
        lastOfKey: session.isLastTurn,
      },
      this,
    );
    const { cancelAfterNs, timers } = this.#facts;
    if (cancelAfterNs !== undefined && requestTimeoutMs === 0)
      this.#cancelTimer = timers.at(this.#startNs + SEND_TIMEOUT_S * 1e9, () => this.#giveUpSending());
  }

  /** Ends the request because the phase or the run ends. @param why for its record. */
  drop(why: string): void {
    this.#cancel(`Request cancelled: ${why}`, true);
  }

  #cancel(message: string, dropped: boolean): void {
    this.#exchange?.settle();
    if (this.#returned) return;
    this.#exchange?.destroy();
    const atNs = this.#options.nowNs();
    this.#finish(atNs, { code: 499, type: 'RequestCancellationError', message }, { atNs, dropped });
  }

  onSent(atNs: number): void {
    this.#sent = true;
    if (this.#options.keepTrace) this.#ends = this.#exchange?.ends();
    const { cancelAfterNs, timers } = this.#facts;
    if (cancelAfterNs === undefined) return;
    timers.cancel(this.#cancelTimer);
    const message = `Request cancelled ${(cancelAfterNs / 1e9).toFixed(3)}s after being sent`;
    this.#cancelTimer = timers.at(atNs + cancelAfterNs, () => this.#cancel(message, false));
  }

  onHead(head: ResponseHead, atNs: number): void {
    this.#head = head;
    if (isSuccess(head) && Number.isNaN(this.#ackNs)) this.#ackNs = atNs;
    this.#response = new ResponseBody(head, this.#answer, this.#options.maxMessageBytes);
  }

  onBody(bytes: Buffer, start: number, end: number, atNs: number): void {
    this.#options.onActivity();
    this.#response?.feed(bytes, start, end, atNs);
  }

  onEnd(atNs: number): void {
    let error: RecordError | undefined;
    try {
      error = this.#readEnd(atNs);
      if (error === undefined && this.#follow(atNs)) return;
    } catch (thrown) {
      error = unreadableResponse(thrown);
    }
    const { lastUnitNs } = this.#answer;
    this.#finish(Number.isNaN(lastUnitNs) ? atNs : lastUnitNs, error);
  }

  /** Reads the rest of a complete response. @returns its error, if it is or contains one. */
  #readEnd(atNs: number): RecordError | undefined {
    const head = this.#head;
    const text = this.#response?.end(atNs) ?? '';
    if (head !== undefined && !isSuccess(head)) return statusError(head, text);
    if (this.#answer.followUp !== undefined) return undefined;
    return this.#answer.error ?? unrecordable(this.#answer);
  }

  /** Asks for the rest of the answer, if it comes later. @returns whether it does */
  #follow(atNs: number): boolean {
    const followUp = this.#answer.takeFollowUp();
    if (followUp === undefined) return false;
    const waitNs = this.#firstWire === undefined ? 0 : followUp.everyMs * 1e6;
    this.#cancelTimer = this.#facts.timers.at(atNs + waitNs, () => this.#ask(followUp.path));
    return true;
  }

  #ask(path: string): void {
    const { transport, requestTimeoutMs, nowNs } = this.#options;
    const leftMs = requestTimeoutMs === 0 ? 0 : requestTimeoutMs - (nowNs() - this.#startNs) / 1e6;
    if (leftMs < 0) {
      this.#finish(nowNs(), jobTimeout(`The job was not done within ${requestTimeoutMs} ms`));
      return;
    }
    this.#firstWire ??= this.#exchange?.times;
    const { session } = this;
    const request = followUpRequest({ session, headers: this.#headers, path, timeoutMs: leftMs });
    this.#exchange = transport.send(request, this);
  }

  onError(error: TransportError, atNs: number): void {
    if (error.type === 'TimeoutError' && this.#facts.cancelAfterNs !== undefined && !this.#sent) {
      this.#failSending(error.message, atNs);
      return;
    }
    const isLate = this.#firstWire !== undefined && error.type === 'TimeoutError';
    this.#finish(atNs, isLate ? jobTimeout(error.message) : wireError(error));
  }

  #giveUpSending(): void {
    this.#exchange?.settle();
    if (this.#returned) return;
    this.#exchange?.destroy();
    this.#failSending(
      `The request was not sent completely within ${SEND_TIMEOUT_S} s`,
      this.#options.nowNs(),
    );
  }

  #failSending(message: string, atNs: number): void {
    this.#finish(atNs, { code: 0, type: 'RequestSendTimeout', message });
  }

  #endPrefill(): void {
    if (!this.#prefilling) return;
    this.#prefilling = false;
    this.#facts.onPrefilled?.();
  }

  #finish(
    endNs: number,
    error: RecordError | undefined,
    cancellation?: { readonly atNs: number; readonly dropped: boolean },
  ): void {
    this.#returned = true;
    this.#facts.timers.cancel(this.#cancelTimer);
    clearImmediate(this.#failing);
    this.#endPrefill();
    const failed = error !== undefined;
    const { mayBeLate, endpoint } = this.#options;
    const { session } = this;
    const answer = this.#answer;
    const payload = this.#payload;
    const { turn, past, conversation } = session;
    const known = turn && knownInputTokens(endpoint, { conversation, turn, past }, this.#options.body);
    const counted = known === undefined && this.#options.countsTokens ? payload : undefined;
    const inputText = counted?.inputText() || undefined;
    const { dueNs } = this.#facts;
    const contentNs = failed ? new Float64Array(0) : answer.contentNs;
    const clientLimited =
      mayBeLate(dueNs) ||
      mayBeLate(contentNs[0] ?? Number.NaN) ||
      mayBeLate(contentNs[contentNs.length - 1] ?? endNs);
    // Secrets of this request, which the server may echo.
    const secrets = failed || this.#options.keepTrace ? (payload?.secrets() ?? []) : [];
    const record: RequestRecord = {
      phase: this.#options.phase,
      sessionNum: this.#facts.number,
      requestId: this.#requestId,
      correlationId: session.correlationId,
      conversationId: session.conversation.sessionId,
      turnIndex: session.turnIndex,
      isFinalTurn: session.isFinalTurn,
      agent: session.tree?.factsOf(session),
      workerId: '',
      model: payload?.model ?? session.turn?.model ?? '',
      dueNs,
      startNs: this.#startNs,
      ackNs: cancellation ? Number.NaN : this.#ackNs,
      endNs,
      contentNs,
      firstOutputNs: failed ? Number.NaN : answer.firstOutputNs,
      wire: this.#firstWire ?? this.#exchange?.times ?? new WireTimes(),
      text: failed ? undefined : answer.output,
      reasoning: failed ? undefined : answer.reasoning,
      usage: failed && excessOf(answer.usage) !== undefined ? undefined : answer.usage,
      firstChunkTokens: this.#options.body.perChunkUsage ? completionTokens(answer.firstUsage) : undefined,
      finishReason: answer.finishReason,
      unread: answer.unread && Object.fromEntries(answer.unread),
      inputTokens: known ?? (inputText === undefined ? counted?.inputIds() || undefined : undefined),
      inputText,
      batchSize: payload?.batchSize,
      ...mediaFacts(turn, past),
      answerAudioSeconds: failed ? undefined : answer.audioSeconds,
      requestedOsl: payload?.outputCap,
      error: error && shortened(safeError(error, secrets)),
      cancelledNs: cancellation?.atNs,
      dropped: cancellation?.dropped ?? false,
      clientLimited,
      raw: this.#options.answer.keepUnits
        ? rawExchange(this.#headers, payload?.body() ?? {}, this.#head, answer.units ?? [])
        : undefined,
      trace: this.#options.keepTrace
        ? httpTrace(session.target, this.#headers, this.#head, this.#ends, secrets)
        : undefined,
    };
    this.#facts.onReturn(this, record, failed ? undefined : answer.message);
  }
}

function completionTokens(usage: JsonObject | undefined): number | undefined {
  return usage && readUsage(usage).completion;
}
