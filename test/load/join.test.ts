import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dueRequests } from '../../src/load/due-requests.js';
import { isBeforeJoin, type JoinPoint, type PartBefore, partBefore } from '../../src/load/join.js';
import { datasetOf, plannedLoad, playPart } from './playing.js';

const folder = mkdtempSync(join(tmpdir(), 'join-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, rows: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

/** 10 sessions, one every 400 ms, whose second turn is due a second after the first. */
const schedule = file(
  'schedule.jsonl',
  Array.from({ length: 10 }, (_, i) => ({
    session_id: `r${i}`,
    turns: [
      { text: `row ${i}`, timestamp: 400 * i },
      { text: `later ${i}`, timestamp: 400 * i + 1000 },
    ],
  })),
);
/** 12 conversations of two turns. */
const conversations = file(
  'conversations.jsonl',
  Array.from({ length: 12 }, (_, i) => ({
    session_id: `c${i}`,
    turns: [{ text: `${i}.0` }, { text: `${i}.1` }],
  })),
);

interface Sent {
  /** Conversation and turn. */
  readonly what: string;
  /** `session_num`. */
  readonly number: number;
  readonly dueMs: number;
}

interface Rejoined {
  readonly before: PartBefore;
  /** What has a record, of the first process and of the one in its place. */
  readonly first: readonly Sent[];
  readonly second: readonly Sent[];
  readonly due: number | undefined;
}

/**
 * A shard, whose process is killed, or cut off, at `diesMs`; another one joins at `joinsMs`. A request is answered after a
 * tenth of a second. @param isCutOff it goes on for all that.
 */
async function rejoined(
  line: string,
  [diesMs, joinsMs]: readonly [number, number],
  { isCutOff = false, share = { source: 1, sources: 2 } } = {},
): Promise<Rejoined> {
  const load = await plannedLoad(line);
  const [phase] = load.phases;
  if (phase === undefined) throw new Error('a load without a phase');
  const opened = { ...datasetOf(load), firstSession: 0 };
  const play = (untilMs: number, at?: JoinPoint) => {
    const { player, counters } = playPart(load, phase, share, opened, at);
    for (let nowMs = 100; player.done() === 0 && nowMs <= untilMs; nowMs += 100) {
      const open = player.open.length;
      player.advanceTo(nowMs * 1e6);
      // What is in flight at the end leaves no record.
      for (let answered = 0; answered < open; answered++) player.answer(0);
    }
    return { records: player.records, known: { sessions: counters.sessions, requests: counters.issued } };
  };
  const { known, records: whileAlive } = play(diesMs);
  const before = partBefore({ load, phase, share, firstSession: 0 }, joinsMs * 1e6, known);
  const at = { ...before, atNs: joinsMs * 1e6 };
  const first = isCutOff ? play(60_000).records : whileAlive;
  const sent = (records: typeof first) =>
    records.map(({ conversationId, turnIndex, sessionNum, dueNs }): Sent => {
      const what = `${conversationId} ${turnIndex}`;
      return { what, number: sessionNum, dueMs: Math.round(dueNs / 1e6) };
    });
  return {
    before,
    first: sent(first.filter((record) => isBeforeJoin(record, at, share.sources))),
    second: sent(play(60_000, at).records),
    due: dueRequests(load, phase, share.sources)?.[share.source],
  };
}

const every = (from: number, to: number, step: number) =>
  Array.from({ length: (to - from) / step + 1 }, (_, i) => from + i * step);

type Case = readonly [
  name: string,
  line: string,
  /** When the first process is lost, and when the second joins, ms. */
  times: readonly [number, number],
  before: PartBefore,
  /** When the requests of the second are due, ms. */
  dueMs: readonly number[],
  /** Requests that are due and have no record; undefined: that depends on the server. */
  missing: number | undefined,
];

const cases: readonly Case[] = [
  // Arrivals each 100 ms from 100 on; those of shard 1 are at 200, 400 … 4000. 200 … 800 were answered.
  [
    'a rate: arrivals from then on',
    '--isl 5 --arrival-pattern constant --request-rate 10 --request-count 40',
    [1000, 2500],
    { sessions: 12, requests: 12, counted: 12 },
    every(2600, 4000, 200),
    20 - 4 - 8,
  ],
  [
    'a rate for a time: an arrival at that moment, too',
    '--isl 5 --arrival-pattern constant --request-rate 10 --benchmark-duration 3',
    [1000, 2400],
    { sessions: 11, requests: 11, counted: 11 },
    every(2400, 2800, 200),
    14 - 4 - 3,
  ],
  // An arrival sends the next turn of a session that waits, or starts one: the fifth, at 1000, started the third one.
  [
    'turns at a rate: sessions that the other has not started, at arrivals from then on',
    `--input-file ${conversations} --arrival-pattern constant --request-rate 10 --request-count 20`,
    [1000, 1500],
    { sessions: 3, requests: 7, counted: 5 },
    every(1600, 2000, 200),
    10 - 4 - 3,
  ],
  // A limit may skip arrivals, so what is left are the requests that the other had not sent.
  [
    'a rate with a limit: the rest of the requests, at arrivals from then on',
    '--isl 5 --arrival-pattern constant --request-rate 10 --concurrency 4 --request-count 40',
    [1000, 2500],
    { sessions: 5, requests: 5, counted: 5 },
    every(2600, 5400, 200),
    20 - 4 - 15,
  ],
  // Sessions 1, 3, 5, 7, 9 are due at 400, 1200, 2000, 2800, 3600, their second turns a second later.
  [
    'a schedule: sessions whose first turn is due from then on',
    `--input-file ${schedule} --fixed-schedule`,
    [1500, 2000],
    { sessions: 2, requests: 4, counted: 4 },
    [2000, 2800, 3000, 3600, 3800, 4600],
    // The second turn of session 3.
    1,
  ],
  [
    'a schedule that a count cuts within session 7',
    `--input-file ${schedule} --fixed-schedule --request-count 15`,
    [1500, 2000],
    { sessions: 2, requests: 4, counted: 4 },
    [2000, 2800, 3000],
    1,
  ],
  // Users 3 (2 turns), 5 (3 turns), 7 and 9 (4 turns) begin at 100, 200, 800 and 1400; 11, 13 and 15 at 2000, 3100, 3700.
  [
    'users: those who begin from then on',
    '--isl 5 --user-centric-rate 10 --num-users 5 --conversation-turn-mean 4 --request-count 40',
    [1000, 1500],
    { sessions: 4, requests: 13, counted: 13 },
    [2000, 2500, 3000, 3100, 3500, 3600, 3700],
    // 100, 200, 600, 700 and 800 were answered.
    20 - 5 - 7,
  ],
  // Two slots, whose requests take 100 ms: 22 were sent by 1000, and 2 of them were in flight.
  [
    'a closed loop: its slots, and the rest of the requests',
    '--isl 5 --concurrency 4 --request-count 100',
    [1000, 2000],
    { sessions: 22, requests: 22, counted: 22 },
    every(2000, 3300, 100).flatMap((ms) => [ms, ms]),
    2,
  ],
  [
    'a closed loop for a time: its slots, and the rest of the time',
    '--isl 5 --concurrency 4 --benchmark-duration 3',
    [1000, 2000],
    { sessions: 22, requests: 22, counted: 22 },
    every(2000, 2900, 100).flatMap((ms) => [ms, ms]),
    undefined,
  ],
  // Sessions 1 and 3 began at 0, 5 and 7 at 200; their second turns were in flight at 300.
  [
    'conversations: those that the other has not started',
    `--input-file ${conversations} --concurrency 4 --conversation-num 12`,
    [300, 1000],
    { sessions: 4, requests: 8, counted: 8 },
    [1000, 1000, 1100, 1100],
    2,
  ],
  [
    'a ramp: as many slots as it has reached',
    '--isl 5 --concurrency 8 --concurrency-ramp-duration 7 --request-count 40',
    [2000, 3000],
    // Limits of 1, 2, 3, 4 from 0, 1000, 2000, 3000 on: a slot of shard 1 from 1000, a second one from 3000.
    { sessions: 11, requests: 11, counted: 11 },
    every(3000, 3400, 100).flatMap((ms) => (ms === 3400 ? [ms] : [ms, ms])),
    1,
  ],
];

describe('a process that joins in the place of a lost one', () => {
  it.each(cases)('takes of %s', async (_name, line, times, before, dueMs, missing) => {
    const { before: found, first, second, due } = await rejoined(line, times);
    expect(found).toEqual(before);
    expect(second.map((sent) => sent.dueMs).sort((a, b) => a - b)).toEqual(dueMs);
    expect(due === undefined ? undefined : due - first.length - second.length).toBe(missing);
  });

  it.each(cases)(
    'has sent nothing that counts twice, where the other goes on: %s',
    async (_, line, times) => {
      const {
        first,
        second,
        due = Number.POSITIVE_INFINITY,
      } = await rejoined(line, times, { isCutOff: true });
      const all = [...first, ...second];
      expect(all.length).toBeLessThanOrEqual(due);
      expect(first.filter(({ dueMs }) => dueMs >= times[1])).toEqual([]);
      for (const of of ['number', 'what'] as const)
        expect(new Set(all.map((sent) => sent[of])).size).toBe(all.length);
    },
  );

  it.each<[line: string, dueMs: readonly number[]]>([
    ['--concurrency 1 --request-count 20', every(2000, 2800, 100)],
    // 2000: the first arrival that is not due before.
    ['--arrival-pattern constant --request-rate 5 --request-count 12', [2000, 2200, 2400]],
    // User 7 begins at 1800, and user 8 at 2800: its second turn is beyond the count.
    ['--user-centric-rate 5 --num-users 3 --conversation-turn-mean 3 --request-count 15', [2800]],
  ])('takes no more than is left of the only shard: %s', async (line, dueMs) => {
    const { second } = await rejoined(`--isl 5 ${line}`, [1000, 2000], { share: { source: 0, sources: 1 } });
    expect(second.map((sent) => sent.dueMs)).toEqual(dueMs);
  });
});
