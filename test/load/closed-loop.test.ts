import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Conversation } from '../../src/dataset/conversation.js';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { ClosedLoop } from '../../src/load/closed-loop.js';
import { SharedCounters } from '../../src/load/counters.js';
import { share } from '../../src/load/threads.js';
import type { RequestRecord } from '../../src/records/record.js';
import {
  type HttpRequest,
  type ResponseHandler,
  type Transport,
  WireTimes,
} from '../../src/transport/transport.js';

/** A transport that answers when told to, on a clock that the test moves. */
function stage() {
  let nowNs = 0;
  const open: { request: HttpRequest; handler: ResponseHandler; destroyed: boolean }[] = [];
  const sent: HttpRequest[] = [];
  const transport: Transport = {
    send(request, handler) {
      const exchange = { request, handler, destroyed: false };
      open.push(exchange);
      sent.push(request);
      const destroy = () => {
        exchange.destroyed = true;
      };
      return { times: new WireTimes(), destroy };
    },
    close() {},
  };
  const answer = (at: number, text = 'ok', status = 200) => {
    const [exchange] = open.splice(at, 1);
    if (exchange === undefined) throw new Error('nothing is open');
    nowNs += 10;
    const bytes = Buffer.from(
      JSON.stringify({ object: 'chat.completion', choices: [{ message: { content: text } }] }),
    );
    exchange.handler.onHead(
      { status, reason: status === 200 ? 'OK' : 'Bad Request', header: () => undefined },
      nowNs,
    );
    exchange.handler.onBody(bytes, 0, bytes.length, nowNs);
    exchange.handler.onEnd(nowNs);
  };
  const advance = (ns: number) => {
    nowNs += ns;
  };
  return { transport, open, sent, answer, now: () => nowNs, advance };
}

function conversations(turns: number, delayMs?: number): (index: number) => Conversation {
  return (index) => ({
    sessionId: `s${index}`,
    history: 'live-answers',
    turns: Array.from({ length: turns }, (_, t) => ({
      role: 'user',
      texts: [{ name: 'text', contents: [`${index}.${t}`] }],
      model: 'm',
      ...(t > 0 && delayMs !== undefined ? { delayMs } : {}),
    })),
  });
}

function loop(options: {
  slots: number;
  requests?: number;
  sessions?: number;
  turns?: number;
  delayMs?: number;
  counters?: SharedCounters;
}) {
  const on = stage();
  const records: RequestRecord[] = [];
  let done = 0;
  const counters = options.counters ?? new SharedCounters();
  const closedLoop = new ClosedLoop({
    slots: options.slots,
    requestLimit: options.requests ?? Number.POSITIVE_INFINITY,
    sessionLimit: options.sessions ?? Number.POSITIVE_INFINITY,
    counters,
    dataset: { size: 100, conversation: conversations(options.turns ?? 1, options.delayMs) },
    sample: (session) => session % 100,
    targets: [
      { protocol: 'http:', host: 'a', port: 1, path: '/' },
      { protocol: 'http:', host: 'b', port: 1, path: '/' },
    ],
    sending: {
      phase: 'profiling',
      endpoint: endpoints.chat,
      body: { streaming: false, extraInputs: {}, legacyMaxTokens: false },
      headers: () => [],
      answer: { endpoint: endpoints.chat, streamEnd: 'marked', keepUnits: false },
      countsTokens: true,
      requestTimeoutMs: 0,
      transport: on.transport,
      nowNs: on.now,
    },
    onRecord: (record) => records.push(record),
    onDone: () => void done++,
  });
  return { ...on, closedLoop, records, counters, done: () => done };
}

const prompts = (sent: readonly HttpRequest[]) =>
  sent.map((request) => {
    const body: { messages: { content: string }[] } = JSON.parse(request.body);
    return body.messages.map((message) => message.content).join('|');
  });

describe('ClosedLoop', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('keeps exactly its slots in flight and sends exactly the asked requests', () => {
    const run = loop({ slots: 3, requests: 5 });
    run.closedLoop.start();
    expect(run.open.length).toBe(3);
    run.answer(1);
    expect(run.open.length).toBe(3);
    run.answer(0);
    expect(run.open.length).toBe(3);
    run.answer(0);
    expect(run.open.length).toBe(2);
    run.answer(0);
    expect(run.done()).toBe(0);
    run.answer(0);
    expect(run.done()).toBe(1);
    expect(prompts(run.sent)).toEqual(['0.0', '1.0', '2.0', '3.0', '4.0']);
    expect(run.records.map((record) => record.sessionNum)).toEqual([1, 0, 2, 3, 4]);
    expect([run.counters.issued, run.counters.returned]).toEqual([5, 5]);
  });

  it('frees the slot of a failed request, and takes servers in turn by session', () => {
    const run = loop({ slots: 1, requests: 3 });
    run.closedLoop.start();
    run.answer(0, 'x', 400);
    run.answer(0);
    run.answer(0);
    expect(run.records.map((record) => record.error?.code)).toEqual([400, undefined, undefined]);
    expect(run.sent.map((request) => request.origin.host)).toEqual(['a', 'b', 'a']);
    expect(run.done()).toBe(1);
  });

  it('plays a session to its end before the next, with live answers in the history', () => {
    const run = loop({ slots: 1, sessions: 2, turns: 2 });
    run.closedLoop.start();
    run.answer(0, 'A');
    run.answer(0, 'B');
    run.answer(0, 'ignored', 500);
    run.answer(0, 'D');
    expect(prompts(run.sent)).toEqual(['0.0', '0.0|A|0.1', '1.0', '1.0|1.1']);
    expect(run.sent.map((request) => request.origin.host)).toEqual(['a', 'a', 'b', 'b']);
    expect(run.sent.map((request) => request.lastOfKey)).toEqual([false, true, false, true]);
    expect(run.done()).toBe(1);
  });

  it('cuts a conversation short when the requests are used up', () => {
    const run = loop({ slots: 1, requests: 3, turns: 2 });
    run.closedLoop.start();
    run.answer(0);
    run.answer(0);
    run.answer(0);
    expect(prompts(run.sent).map((prompt) => prompt.split('|').at(-1))).toEqual(['0.0', '0.1', '1.0']);
    expect(run.done()).toBe(1);
  });

  it('holds the slot through a delay, counted from the return', () => {
    const run = loop({ slots: 1, sessions: 1, turns: 2, delayMs: 500 });
    run.closedLoop.start();
    run.answer(0);
    expect([run.open.length, run.done()]).toEqual([0, 0]);
    vi.advanceTimersByTime(499);
    expect(run.open.length).toBe(0);
    vi.advanceTimersByTime(1);
    expect(run.open.length).toBe(1);
    run.answer(0);
    // returned at 10 ns, due 500 ms later
    expect(run.records[1]?.dueNs).toBe(10 + 500e6);
    expect(run.done()).toBe(1);
  });

  it('is due when the slot became free', () => {
    const run = loop({ slots: 1, requests: 2 });
    run.advance(7);
    run.closedLoop.start();
    run.answer(0);
    run.answer(0);
    expect(run.records.map((record) => record.dueNs)).toEqual([7, 17]);
  });

  it('drops what is in flight at an interrupt, a record each, and sends nothing more', () => {
    const run = loop({ slots: 2, requests: 10 });
    run.closedLoop.start();
    run.answer(0);
    run.counters.stop();
    run.advance(90);
    run.closedLoop.interrupt();
    expect(run.open.every((exchange) => exchange.destroyed)).toBe(true);
    expect(
      run.records
        .slice(1)
        .map(({ error, cancelledNs, endNs, ackNs }) => [error?.code, error?.type, cancelledNs, endNs, ackNs]),
    ).toEqual([
      [499, 'RequestCancellationError', 100, 100, Number.NaN],
      [499, 'RequestCancellationError', 100, 100, Number.NaN],
    ]);
    expect([run.counters.issued, run.counters.returned, run.done()]).toEqual([3, 3, 1]);
  });

  it('drops a turn whose delay has not passed at an interrupt', () => {
    const run = loop({ slots: 1, sessions: 1, turns: 2, delayMs: 500 });
    run.closedLoop.start();
    run.answer(0);
    run.counters.stop();
    run.closedLoop.interrupt();
    vi.advanceTimersByTime(1000);
    expect([run.sent.length, run.done()]).toEqual([1, 1]);
  });

  it('hands out every request once over several loops', () => {
    const counters = new SharedCounters();
    const loops = [loop({ slots: 2, requests: 7, counters }), loop({ slots: 1, requests: 7, counters })];
    for (const { closedLoop } of loops) closedLoop.start();
    while (loops.some(({ open }) => open.length > 0))
      for (const { open, answer } of loops) if (open.length > 0) answer(0);
    expect(loops.map(({ done }) => done())).toEqual([1, 1]);
    expect(loops.flatMap(({ sent }) => prompts(sent)).sort()).toEqual([
      '0.0',
      '1.0',
      '2.0',
      '3.0',
      '4.0',
      '5.0',
      '6.0',
    ]);
  });
});

describe('share', () => {
  it('cuts a concurrency evenly', () => {
    expect([0, 1, 2].map((i) => share(8, 3, i))).toEqual([3, 3, 2]);
    expect([0, 1].map((i) => share(1, 2, i))).toEqual([1, 0]);
  });
});
