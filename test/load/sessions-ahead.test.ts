import { once } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { Conversation, Turn } from '../../src/dataset/conversation.js';
import { endpoints } from '../../src/endpoint/endpoints.js';
import { makePayload } from '../../src/endpoint/payload.js';
import { SharedCounters } from '../../src/load/counters.js';
import { FixedReplay } from '../../src/load/fixed-schedule.js';
import { OpenLoop } from '../../src/load/open-loop.js';
import { prepareSessions } from '../../src/load/prepare-sessions.js';
import { openReplay } from '../../src/load/replay-sessions.js';
import { SessionsAhead, type WantedSession } from '../../src/load/sessions-ahead.js';
import { fixedSchedule } from '../../src/schedule/fixed-schedule.js';
import { joined } from '../../src/util/byte-pieces.js';
import { bodyOptions, datasetOf, stage } from './phase-environment.js';

const MS = 1e6;
const hashing = { ...bodyOptions, hashesBodies: true };
const chat = { endpoint: 'chat', body: hashing, countsTokens: true } as const;

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** The two ends of a channel: a load thread's, and the preparation thread's. */
function channel() {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  return { port1, port2 };
}

/** Sessions prepared from conversations by code that runs in this thread. */
function ahead(conversations: readonly Conversation[], plan: Parameters<typeof prepareSessions>[0] = chat) {
  const { port1, port2 } = channel();
  const conversation = (index: number) => {
    const found = conversations[index];
    if (found === undefined) throw new Error(`there is no conversation ${index}`);
    return found;
  };
  prepareSessions(plan, { size: conversations.length, conversation }, [port2]);
  return new SessionsAhead(port1, 1);
}

/** Gives the first turns of these conversations, as sessions 100, 101 … */
function firstTurns(count: number): () => WantedSession | undefined {
  let next = 0;
  return () => (next < count ? { number: 100 + next, conversation: next++, turn: 0 } : undefined);
}

const allMessagesTravelled = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function of(turns: readonly Partial<Turn>[], more: Partial<Conversation> = {}): Conversation {
  return {
    sessionId: 's',
    history: 'live-answers',
    turns: turns.map((turn) => ({ role: 'user', texts: [], model: 'm', ...turn })),
    ...more,
  };
}

const says = (text: string): Partial<Turn> => ({ texts: [{ name: 'text', contents: [text] }] });

describe('a session prepared by another thread', () => {
  const conversations: [string, Conversation][] = [
    ['ASCII', of([says('hello')])],
    ['UTF-8 and a lone surrogate', of([says('möre 😀 \ud800')])],
    ['a long text', of([says('word '.repeat(20_000))])],
    ['a known length', of([{ ...says('hello'), inputTokens: 1, maxTokens: 7 }])],
    ['system text', of([{ ...says('hello'), inputTokens: 1 }], { systemMessage: 'be brief' })],
    [
      'recorded messages',
      of([{ messages: [{ role: 'user', content: 'hi' }], tools: [{ type: 'function' }] }]),
    ],
    ['a recorded body', of([{ payload: { model: 'other', prompt: 'x', max_tokens: 3, api_key: 'k' } }])],
    ['two turns', of([says('one'), { ...says('two'), delayMs: 5 }])],
  ];

  it.each(conversations)(
    'sends the same bytes, and leaves the same to its record: %s',
    async (_name, conversation) => {
      const prepared = ahead([conversation]);
      prepared.begin(firstTurns(1));
      await allMessagesTravelled();
      const script = prepared.take(100);
      const payload = script?.payloads?.get(0);
      const [turn] = conversation.turns;
      if (payload === undefined || script === undefined || turn === undefined)
        throw new Error('not prepared');
      const own = makePayload(endpoints.chat, { conversation, turn, past: [] }, hashing);
      expect(payload.data).toBeInstanceOf(Uint8Array);
      expect(joined(payload.data).equals(joined(own.data))).toBe(true);
      for (const key of ['byteLength', 'contentType', 'sha256', 'model', 'outputCap'] as const)
        expect(payload[key]).toBe(own[key]);
      expect(payload.body()).toEqual(own.body());
      expect(payload.secrets()).toEqual(own.secrets());
      const isLengthKnown = turn.inputTokens !== undefined && conversation.systemMessage === undefined;
      expect(payload.inputText()).toBe(isLengthKnown ? '' : own.inputText());
      // The texts of a single turn have been sent; later turns need those of earlier ones.
      const single = { ...turn, texts: [], messages: undefined, tools: undefined, payload: undefined };
      expect(script.conversation).toEqual(
        conversation.turns.length > 1 ? conversation : { ...conversation, turns: [single] },
      );
      expect(script.payloads?.get(1)).toBeUndefined();
      expect(prepared.take(100)).toBeUndefined();
    },
  );
});

describe('SessionsAhead', () => {
  /** Answers nothing by itself. */
  function silent(threads: number) {
    const { port1, port2 } = channel();
    const asked: number[] = [];
    port2.on('message', (wanted: readonly WantedSession[]) =>
      asked.push(...wanted.map(({ number }) => number)),
    );
    const sessions = new SessionsAhead(port1, threads);
    const answer = async (number: number, bytes: number) => {
      const data = Uint8Array.from([number]);
      const facts = { model: undefined, outputCap: undefined, sha256: undefined, secrets: [] };
      const payload = { ...facts, data, contentType: 't' };
      const made = { conversation: of([{}]), payload: { ...payload, inputText: undefined, body: {} } };
      port2.postMessage({ number, conversation: number, turn: 0, made, bytes });
      await once(port1, 'message');
      await allMessagesTravelled();
    };
    return { sessions, asked, answer };
  }

  it('wants 8 at a time, as long as those that wait take less than its share of 32 MB', async () => {
    const { sessions, asked, answer } = silent(2);
    sessions.begin(firstTurns(1000));
    await allMessagesTravelled();
    expect(asked).toEqual([100, 101, 102, 103, 104, 105, 106, 107]);
    await answer(100, 15_999_999);
    expect(asked.at(-1)).toBe(108);
    await answer(101, 1);
    expect(asked.at(-1)).toBe(108);
    expect(sessions.take(101)?.payloads?.get(0)?.byteLength).toBe(1);
    await allMessagesTravelled();
    expect(asked.slice(8)).toEqual([108, 109]);
  });

  it('asks no further ahead for sessions that are left to the load thread', async () => {
    const { port1, port2 } = channel();
    const picture = { kind: 'image', name: 'image_url', value: () => '', seconds: () => undefined } as const;
    const withMedia = of([{ media: [picture] }]);
    prepareSessions(chat, { size: 1000, conversation: () => withMedia }, [port2]);
    // A share of 32,000 bytes has room for 16 sessions of 2,000.
    const sessions = new SessionsAhead(port1, 1000);
    let asked = 0;
    const all = firstTurns(1000);
    sessions.begin(() => {
      asked++;
      return all();
    });
    for (let messages = 0; messages < 30; messages++) await allMessagesTravelled();
    expect(asked).toBeGreaterThanOrEqual(16);
    expect(asked).toBeLessThan(16 + 8);
    const before = asked;
    for (let number = 100; number < 110; number++) expect(sessions.take(number)).toBeUndefined();
    for (let messages = 0; messages < 30; messages++) await allMessagesTravelled();
    expect(asked - before).toBe(10);
  });

  it('drops a session that was due before it arrived, and one of an ended phase', async () => {
    const { sessions, asked, answer } = silent(1);
    sessions.begin(firstTurns(9));
    expect(sessions.take(100)).toBeUndefined();
    await answer(100, 32_000_000);
    // It takes no room: the ninth is wanted.
    expect([sessions.take(100), asked.at(-1)]).toEqual([undefined, 108]);
    sessions.end();
    await answer(101, 1);
    expect([sessions.take(101), asked.length]).toEqual([undefined, 9]);
  });
});

describe('load modes', () => {
  const timings = Array.from({ length: 30 }, (_, i) => [{ timestampMs: 10 * (i % 7) }]);
  const schedule = fixedSchedule({ size: 30, turns: (c) => timings[c] ?? [], nameOf: String });

  /** Runs threads that share a preparation, or none, and gives what was sent by which kind of body. */
  async function play(
    threads: number,
    isAhead: boolean,
    issuerOf: (thread: number) => Parameters<typeof stage>[1],
  ) {
    const counters = new SharedCounters();
    const channels = Array.from({ length: threads }, channel);
    prepareSessions(
      chat,
      datasetOf({ timings }),
      channels.map(({ port2 }) => port2),
    );
    const runs = channels.map(({ port1 }, thread) =>
      stage(
        {
          ...{ timings, counters, requestLimit: 30, firstSession: 60, sample: (session) => session - 60 },
          ahead: isAhead ? new SessionsAhead(port1, threads) : undefined,
        },
        issuerOf(thread),
      ),
    );
    for (let ms = 0; ms <= 70; ms += 10) {
      for (const run of runs) run.advanceTo(ms * MS);
      await allMessagesTravelled();
    }
    for (const run of runs) run.answerAll();
    const sent = runs.flatMap((run) => run.sent);
    return {
      bodies: sent.map(({ body, atNs }) => `${atNs} ${joined(body).toString()}`).sort(),
      prepared: sent.filter(({ body }) => body instanceof Uint8Array).length,
      done: runs.map((run) => run.done()),
    };
  }

  const replay =
    (threads: number) => (thread: number) => (phase: Parameters<Parameters<typeof stage>[1]>[0]) =>
      new FixedReplay(phase, {
        sessions: openReplay(schedule, undefined),
        thread,
        threads,
        ceiling: undefined,
      });

  const rate =
    (threads: number) => (thread: number) => (phase: Parameters<Parameters<typeof stage>[1]>[0]) => {
      let tick = 0;
      return new OpenLoop(phase, {
        nextTickNs: () => Math.floor(tick++ / 5) * 10 * MS,
        ...{ thread, threads, ceiling: undefined, ticksAreSessions: true, catchUpNs: 1e12 },
      });
    };

  it.each([
    ['a fixed schedule', replay],
    ['a request rate', rate],
  ])('%s sends the same on any number of threads, prepared or not', async (_name, issuer) => {
    const own = await play(1, false, issuer(1));
    expect([own.bodies.length, own.prepared]).toEqual([30, 0]);
    for (const threads of [1, 2, 3]) {
      const { bodies, prepared, done } = await play(threads, true, issuer(threads));
      expect(bodies).toEqual(own.bodies);
      // All but the first five, which are due at once.
      expect(prepared).toBe(25);
      expect(done).toEqual(Array(threads).fill(1));
    }
  });

  it('fail a request that cannot be made when it is due', async () => {
    const none = ahead([]);
    const late = [[{ timestampMs: 0 }], [{ timestampMs: 10 }]];
    const two = fixedSchedule({ size: 2, turns: (c) => late[c] ?? [], nameOf: String });
    const run = stage(
      { timings: late, ahead: none, unsayable: true },
      (phase) =>
        new FixedReplay(phase, {
          sessions: openReplay(two, undefined),
          thread: 0,
          threads: 1,
          ceiling: undefined,
        }),
    );
    await allMessagesTravelled();
    run.advanceTo(10 * MS);
    await allMessagesTravelled();
    expect(run.records.map(({ dueNs, error }) => [dueNs, error?.message])).toEqual([
      [0, 'cannot be said'],
      [10 * MS, 'cannot be said'],
    ]);
  });
});
