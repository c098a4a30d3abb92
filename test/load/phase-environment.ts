import type { Conversation, Dataset, Turn } from '../../src/dataset/conversation.js';
import type { TurnTiming } from '../../src/dataset/turn-timings.js';
import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { ConversationCache } from '../../src/load/conversation-cache.js';
import { SharedCounters } from '../../src/load/counters.js';
import { type Issuer, type PhaseOptions, PhaseRunner } from '../../src/load/phase-runner.js';
import type { TimerEntry, TimerQueue } from '../../src/load/timer-queue.js';
import type { PhaseName, RequestRecord } from '../../src/records/record.js';
import {
  type HttpRequest,
  type ResponseHandler,
  type Transport,
  TransportError,
  WireTimes,
} from '../../src/transport/transport.js';
import { UserError } from '../../src/util/errors.js';

/** A clock that only the test moves, with the alarm that rings on it. */
class HandClock implements TimerQueue {
  nowNs = 0;
  #entries: TimerEntry[] = [];
  #made = 0;

  at(dueNs: number, act: () => void): TimerEntry {
    const entry: TimerEntry = { dueNs, order: this.#made++, act };
    this.#entries.push(entry);
    return entry;
  }

  cancel(entry: TimerEntry | undefined): void {
    if (entry !== undefined) entry.act = undefined;
  }

  close(): void {
    this.#entries = [];
  }

  /** Goes on to `toNs`, ringing on the way. */
  advanceTo(toNs: number): void {
    for (;;) {
      const due = this.#entries.filter((entry) => entry.dueNs <= toNs);
      const [first] = due.sort((a, b) => a.dueNs - b.dueNs || a.order - b.order);
      if (first === undefined) break;
      this.#entries = this.#entries.filter((entry) => entry !== first);
      this.nowNs = Math.max(this.nowNs, first.dueNs);
      const { act } = first;
      first.act = undefined;
      act?.();
    }
    this.nowNs = Math.max(this.nowNs, toNs);
  }
}

export interface StageOptions extends Partial<Omit<PhaseOptions, 'sending' | 'conversations'>> {
  readonly turns?: number;
  readonly delayMs?: number;
  /** No body can be made. */
  readonly unsayable?: true;
  /** Absent: chat. */
  readonly endpoint?: Endpoint;
  /** What each turn says; absent: its conversation's and its own number. */
  readonly texts?: Turn['texts'];
  /** Turns of each conversation with their times, in place of `turns` and `delayMs`. */
  readonly timings?: readonly (readonly TurnTiming[])[];
  /** Every conversation, in place of all those. */
  readonly conversation?: Conversation;
  /** In place of all those. */
  readonly dataset?: Dataset;
  /** Records hold the request. */
  readonly keepRaw?: true;
  /** Absent: profiling. */
  readonly name?: PhaseName;
}

export const bodyOptions = { streaming: true, extraInputs: {}, legacyMaxTokens: false };

interface OpenExchange {
  readonly request: HttpRequest;
  readonly handler: ResponseHandler;
  readonly sentNs: number;
  destroyed: boolean;
}

/** A phase on a clock and a transport that do what the test says. */
export function stage(options: StageOptions, issuerOf: (phase: PhaseRunner) => Issuer) {
  const clock = new HandClock();
  const open: OpenExchange[] = [];
  const sent: (HttpRequest & { readonly atNs: number })[] = [];
  const records: RequestRecord[] = [];
  let done = 0;
  const transport: Transport = {
    send(request, handler) {
      const exchange = { request, handler, sentNs: clock.nowNs, destroyed: false };
      open.push(exchange);
      sent.push({ ...request, atNs: clock.nowNs });
      const destroy = () => {
        exchange.destroyed = true;
        open.splice(open.indexOf(exchange), 1);
      };
      return { times: new WireTimes(), ends: () => undefined, settle() {}, destroy };
    },
    close() {},
  };
  const endless = Number.POSITIVE_INFINITY;
  const body = () => {
    throw new UserError('cannot be said');
  };
  const endpoint = options.endpoint ?? (options.unsayable ? { ...endpoints.chat, body } : endpoints.chat);
  const counters = options.counters ?? new SharedCounters();
  const phase = new PhaseRunner({
    startNs: 0,
    fromNs: options.startNs ?? 0,
    issueUntilNs: endless,
    cutAtNs: endless,
    cutReason: 'cut',
    requestLimit: endless,
    sessionLimit: endless,
    firstSession: 0,
    counters,
    quota: counters,
    sample: (session) => session % 100,
    targets: [
      { protocol: 'http:', host: 'a', port: 1, path: '/' },
      { protocol: 'http:', host: 'b', port: 1, path: '/' },
    ],
    cancellation: undefined,
    prefill: undefined,
    onRecord: (record) => records.push(record),
    onDone: () => void done++,
    ...options,
    conversations: new ConversationCache(options.dataset ?? datasetOf(options), 0),
    timers: clock,
    sending: {
      phase: options.name ?? 'profiling',
      endpoint,
      body: bodyOptions,
      headers: (_requestId, _correlationId, contentType) => ['Content-Type', contentType],
      answer: { endpoint, streamEnd: 'any', keepUnits: options.keepRaw ?? false },
      countsTokens: true,
      keepTrace: false,
      requestTimeoutMs: 0,
      maxMessageBytes: 2 ** 20,
      transport,
      nowNs: () => clock.nowNs,
      onActivity: () => {},
      mayBeLate: () => false,
    },
  });
  phase.run(issuerOf(phase));
  clock.advanceTo(0);

  const take = (at: number) => {
    const [exchange] = open.splice(at, 1);
    if (exchange === undefined) throw new Error('nothing is open');
    return exchange.handler;
  };
  const head = (status: number, type: string) => ({
    status,
    reason: status === 200 ? 'OK' : 'Bad Request',
    header: (name: string) => (name === 'content-type' ? type : undefined),
    headers: () => [['content-type', type] as const],
  });
  const respond = (at: number, text: string, status: number) =>
    respondWith(
      at,
      JSON.stringify({ object: 'chat.completion', choices: [{ message: { content: text } }] }),
      status,
    );
  const respondWith = (at: number, body: string, status = 200) => {
    const handler = take(at);
    const bytes = Buffer.from(body);
    handler.onHead(head(status, 'application/json'), clock.nowNs);
    handler.onBody(bytes, 0, bytes.length, clock.nowNs);
    handler.onEnd(clock.nowNs);
  };
  return {
    phase,
    counters,
    open,
    sent,
    records,
    done: () => done,
    advanceTo: (ns: number) => clock.advanceTo(ns),
    /** The thread is busy until `ns`, and rings what was due meanwhile only then. */
    busyUntil(ns: number) {
      clock.nowNs = ns;
      clock.advanceTo(ns);
    },
    /** The request of place `at` among the open ones is answered now. */
    answer(at: number, text = 'ok', status = 200) {
      respond(at, text, status);
      clock.advanceTo(clock.nowNs);
    },
    /** The same with a whole body. */
    respondWith,
    /** So many are answered by what one look at the sockets finds; gives how many were sent in between. */
    answerAtOnce(count: number): number {
      const before = sent.length;
      for (let n = 0; n < count; n++) respond(0, 'ok', 200);
      const inBetween = sent.length - before;
      clock.advanceTo(clock.nowNs);
      return inBetween;
    },
    /** Its first token comes, and no more yet. */
    firstToken(at: number) {
      const handler = open[at]?.handler;
      const bytes = Buffer.from('data: {"choices":[{"delta":{"content":"x"}}]}\n\n');
      handler?.onHead(head(200, 'text/event-stream'), clock.nowNs);
      handler?.onBody(bytes, 0, bytes.length, clock.nowNs);
    },
    /** All that is open was handed over, and what is due to be cancelled is. */
    handOverAll() {
      for (const { handler } of open) handler.onSent(clock.nowNs);
      clock.advanceTo(clock.nowNs);
    },
    /** Its request was handed to the kernel whole. */
    handedOver(at: number) {
      open[at]?.handler.onSent(clock.nowNs);
    },
    timeOut(at: number) {
      take(at).onError(new TransportError('TimeoutError', 'too slow'), clock.nowNs);
      clock.advanceTo(clock.nowNs);
    },
    /** Everything that is open is answered now, and what is sent because of it. */
    answerAll() {
      while (open.length > 0) this.answer(0);
    },
    /** What was sent when, the last message of each. */
    sends: () =>
      sent.map((request) => {
        const body: { messages: { content: string }[] } = JSON.parse(String(request.body));
        return [request.atNs, body.messages.at(-1)?.content];
      }),
    /** Contents of the messages of every request, joined. */
    prompts: () =>
      sent.map((request) => {
        const body: { messages: { content: string }[] } = JSON.parse(String(request.body));
        return body.messages.map((message) => message.content).join('|');
      }),
  };
}

/** The conversations of a stage. */
export function datasetOf(
  options: Pick<StageOptions, 'turns' | 'delayMs' | 'texts' | 'timings' | 'conversation'>,
): Dataset {
  const { conversation } = options;
  if (conversation !== undefined) return { size: 100, conversation: () => conversation };
  return {
    size: options.timings?.length ?? 100,
    conversation: conversations((index) => options.timings?.[index] ?? evenTurns(options), options.texts),
  };
}

function evenTurns({ turns = 1, delayMs }: Pick<StageOptions, 'turns' | 'delayMs'>): TurnTiming[] {
  return Array.from({ length: turns }, (_, t) => (t > 0 && delayMs !== undefined ? { delayMs } : {}));
}

/** Conversation i has the turns `i.0`, `i.1` … */
function conversations(
  timingsOf: (index: number) => readonly TurnTiming[],
  texts?: Turn['texts'],
): (index: number) => Conversation {
  return (index) => ({
    sessionId: `s${index}`,
    history: 'live-answers',
    turns: timingsOf(index).map((timing, t) => ({
      role: 'user',
      texts: texts ?? [{ name: 'text', contents: [`${index}.${t}`] }],
      model: 'm',
      ...timing,
    })),
  });
}
