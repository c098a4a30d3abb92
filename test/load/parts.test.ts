import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dueRequests, dueTimes } from '../../src/load/due-requests.js';
import { indexStream } from '../../src/load/index-stream.js';
import type { LoadPlan, PhasePlan } from '../../src/load/plan.js';
import type { SourceShare } from '../../src/load/quota.js';
import { StreamedSessions } from '../../src/load/streamed-sessions.js';
import { datasetOf, plannedLoad, playPart } from './playing.js';

const folder = mkdtempSync(join(tmpdir(), 'parts-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, rows: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

const text = (words: string) => ({ text: words });
/** 23 rows, some at the same time, in no order; each fifth is a session of three turns. */
const schedule = file(
  'schedule.jsonl',
  Array.from({ length: 23 }, (_, i) => {
    const turns: object[] = [{ ...text(`row ${i}`), timestamp: ((i * 37) % 11) * 200 }];
    if (i % 5 === 0)
      turns.push({ ...text(`later ${i}`), timestamp: 4000 + i }, { ...text('then'), delay: 300 });
    return { session_id: `r${i}`, turns };
  }),
);
/** Sessions of two turns, each with its time. */
const timedTurns = file(
  'timed-turns.jsonl',
  Array.from({ length: 9 }, (_, i) => ({
    session_id: `t${i}`,
    turns: [
      { ...text(`first ${i}`), timestamp: 300 * i },
      { ...text(`second ${i}`), timestamp: 300 * i + 700 },
    ],
  })),
);
/** One each tenth of a second. */
const arrivals = file(
  'arrivals.jsonl',
  Array.from({ length: 30 }, (_, i) => ({ ...text(`row ${i}`), timestamp: 100 * i })),
);
const conversations = file(
  'conversations.jsonl',
  Array.from({ length: 17 }, (_, i) => ({
    session_id: `c${i}`,
    turns: Array.from({ length: 1 + ((i * 5) % 4) }, (_, turn) => ({
      ...text(`${i}.${turn}`),
      delay: 20 * turn,
    })),
  })),
);
const rows = file(
  'rows.jsonl',
  Array.from({ length: 29 }, (_, i) => text(`row ${i}`)),
);
const series = join(folder, 'rate.json');
writeFileSync(
  series,
  JSON.stringify({
    points: [
      { time_s: 0, qps: 4 },
      { time_s: 3, qps: 20 },
    ],
  }),
);
/** Two agents that run side by side below a first turn. */
const graphs = file(
  'graphs.jsonl',
  Array.from({ length: 7 }, (_, i) => [
    {
      session_id: `g${i}`,
      turns: [{ messages: [{ role: 'user', content: `plan ${i}` }], forks: [`a${i}`, `b${i}`] }],
    },
    { session_id: `a${i}`, turns: [{ messages: [{ role: 'user', content: `left ${i}` }] }] },
    {
      session_id: `b${i}`,
      turns: [
        { messages: [{ role: 'user', content: `right ${i}` }] },
        { messages: [{ role: 'user', content: 'more' }] },
      ],
    },
  ]).flat(),
);

/** The part of a streamed file that is read ahead: here all of it. */
async function streamOf({ dataset, phases }: LoadPlan): Promise<StreamedSessions | undefined> {
  if (dataset.kind !== 'stream') return undefined;
  const issuing = phases.at(-1)?.issuing;
  const window =
    issuing?.kind === 'fixed-schedule' && 'window' in issuing.schedule ? issuing.schedule.window : undefined;
  await indexStream(dataset, {
    ...{ checkTurn: () => [], canGenerate: true, threads: 1, firstSession: 0, schedule: window },
    ...{ repeats: false, onReady: () => {}, pause: () => Promise.reject(new Error('the ring is full')) },
  });
  return new StreamedSessions(dataset.ring, 0);
}

interface Sent {
  readonly source: number;
  /** Phase, conversation, turn, body, outcome. */
  readonly what: string;
  readonly dueMs: number;
}

/** What one source sends, phase by phase; every answer comes within a tenth of a second. */
async function sentBy(load: LoadPlan, share: SourceShare): Promise<readonly Sent[][]> {
  const opened = datasetOf(load);
  const stream = await streamOf(load);
  let firstSession = 0;
  return load.phases.map((phase) => {
    const { player, next } = playPart(load, phase, share, { ...opened, stream, firstSession });
    for (let tenth = 0; tenth < 400 && player.done() === 0; tenth++) {
      player.advanceTo(tenth * 1e8);
      player.handOverAll();
      player.answerAll();
    }
    expect([phase.name, share, player.done()]).toEqual([phase.name, share, 1]);
    firstSession = next();
    return player.records.map(({ conversationId, turnIndex, raw, error, dueNs }) => ({
      source: share.source,
      what: JSON.stringify([phase.name, conversationId, turnIndex, raw?.payload, error?.type]),
      dueMs: Math.round(dueNs) / 1e6,
    }));
  });
}

/** What some sources send together, and how many requests each, by phase. */
async function sent(line: string, sources: number, isStreamed: boolean) {
  const env = isStreamed ? { AIPERF_DATASET_STREAM_ABOVE_MB: '0' } : {};
  const all: (readonly Sent[][])[] = [];
  let load = await plannedLoad(line, env);
  for (let source = 0; source < sources; source++) {
    // Each machine reads a streamed file for itself.
    if (source > 0 && load.dataset.kind === 'stream') load = await plannedLoad(line, env);
    all.push(await sentBy(load, { source, sources }));
  }
  const last = load.phases.at(-1);
  return {
    requests: all.flat(2),
    counts: load.phases.map((_, phase) => all.map((phases) => phases[phase]?.length ?? 0)),
    due: load.phases.map((phase: PhasePlan) => dueRequests(load, phase, sources)),
    sentAt: all.flatMap((phases) => phases.at(-1) ?? []).map(({ source, dueMs }) => `${source} ${dueMs}`),
    dueAt:
      last &&
      Array.from(dueTimes(load, last, sources) ?? [], ({ source, dueNs }) => `${source} ${dueNs / 1e6}`),
  };
}

/** What is the same on any number of machines; `count`: which turns a count leaves out depends on the answers. */
type Same = 'times' | 'requests' | 'count';

const sorted = (requests: readonly Sent[], same: Same) =>
  requests.map(({ what, dueMs }) => (same === 'times' ? `${dueMs} ${what}` : what)).sort();

describe.each<[name: string, line: string, count: number | undefined, same: Same]>([
  // Arrival times are planned: the same ones for any number of machines.
  ['a Poisson rate', '--isl 5 --request-rate 20 --request-count 41', 41, 'times'],
  [
    'a gamma rate, cancelled',
    '--isl 5 --request-rate 20 --arrival-smoothness 3 --request-count 41 --request-cancellation-rate 30',
    41,
    'times',
  ],
  [
    'a ramped rate after a warm-up at a rate',
    '--isl 5 --request-rate 20 --request-rate-ramp-duration 2 --request-count 37 --warmup-request-count 11',
    48,
    'times',
  ],
  [
    'a rate for a time, sampled at random',
    '--isl 5 --request-rate 15 --benchmark-duration 2 --dataset-sampling-strategy random --num-dataset-entries 9',
    31,
    'times',
  ],
  ['a rate series', `--isl 5 --request-rate-series ${series} --request-count 50`, 50, 'times'],
  [
    'a fixed schedule with a time for each turn',
    `--input-file ${timedTurns} --fixed-schedule --request-count 17`,
    17,
    'times',
  ],
  [
    'a fixed schedule for a time',
    `--input-file ${arrivals} --fixed-schedule --benchmark-duration 2`,
    20,
    'times',
  ],
  ['a fixed schedule', `--input-file ${schedule} --fixed-schedule`, 33, 'requests'],
  [
    'a fixed schedule that a count cuts',
    `--input-file ${schedule} --fixed-schedule --request-count 20`,
    20,
    'requests',
  ],
  [
    'a fixed schedule after a warm-up',
    `--input-file ${schedule} --fixed-schedule --num-warmup-sessions 5 --conversation-num 14`,
    undefined,
    'requests',
  ],
  ['a streamed schedule', `--input-file ${schedule} --fixed-schedule`, 33, 'requests'],
  [
    'users by requests',
    '--isl 5 --user-centric-rate 10 --num-users 7 --conversation-turn-mean 4 --request-count 40',
    40,
    'times',
  ],
  [
    'users by sessions',
    '--isl 5 --user-centric-rate 10 --num-users 5 --conversation-turn-mean 3 --conversation-num 12',
    undefined,
    'times',
  ],
  [
    'users for a time',
    '--isl 5 --user-centric-rate 10 --num-users 7 --conversation-turn-mean 4 --benchmark-duration 3',
    30,
    'times',
  ],
  // In a closed loop times depend on the answers.
  ['a closed loop', '--isl 5 --concurrency 5 --request-count 33', 33, 'requests'],
  [
    'a ramped closed loop with a prefill limit',
    '--isl 5 --concurrency 9 --concurrency-ramp-duration 2 --prefill-concurrency 9 --request-count 33',
    33,
    'requests',
  ],
  [
    'a closed loop after a warm-up, shuffled',
    '--isl 5 --concurrency 4 --conversation-num 23 --num-warmup-sessions 7 --dataset-sampling-strategy shuffle --num-dataset-entries 10',
    30,
    'requests',
  ],
  ['conversations', `--input-file ${conversations} --concurrency 4 --conversation-num 17`, 41, 'requests'],
  [
    'conversations that two counts cut',
    `--input-file ${conversations} --concurrency 4 --conversation-num 9 --request-count 20`,
    20,
    'count',
  ],
  [
    'conversations at a rate',
    `--input-file ${conversations} --request-rate 30 --conversation-num 17`,
    41,
    'requests',
  ],
  [
    'conversations at a rate below a ceiling',
    `--input-file ${conversations} --request-rate 30 --concurrency 6 --conversation-num 17`,
    41,
    'requests',
  ],
  ['a streamed file', `--input-file ${rows} --concurrency 4 --conversation-num 29`, 29, 'requests'],
  [
    'conversation graphs',
    `--input-file ${graphs} --custom-dataset-type dag_jsonl --concurrency 3 --conversation-num 7`,
    28,
    'requests',
  ],
])('%s', (name, line, count, same) => {
  const isStreamed = name.startsWith('a streamed');

  it('sends what one machine would: N = 1, 2, 3, 8', async () => {
    const one = await sent(line, 1, isStreamed);
    if (count !== undefined) expect(one.requests).toHaveLength(count);
    for (const sources of [2, 3, 8]) {
      const many = await sent(line, sources, isStreamed);
      expect(many.requests).toHaveLength(one.requests.length);
      if (same === 'times') expect(many.dueAt?.sort()).toEqual(many.sentAt.sort());
      if (same !== 'count') expect(sorted(many.requests, same)).toEqual(sorted(one.requests, same));
      for (const [phase, due] of many.due.entries()) {
        if (due !== undefined) expect(due).toEqual(many.counts[phase]);
        expect(due === undefined).toBe(one.due[phase] === undefined);
      }
    }
  });
});
