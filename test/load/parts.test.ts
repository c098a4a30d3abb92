import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

/** Rows of a trace with shared blocks; every third goes on with the session before it. */
const trace = file(
  'trace.jsonl',
  Array.from({ length: 19 }, (_, i) => ({
    session_id: `t${i - (i % 3)}`,
    ...(i % 3 === 0 ? { timestamp: ((i * 7) % 10) * 150 } : { delay: 40 * (i % 4) }),
    ...{ input_length: 30 + i, output_length: 2 + (i % 5), hash_ids: [i % 2, 100 + i] },
  })),
);
/** Sessions of an agent with a sub-agent that runs while it waits. */
const agents = join(folder, 'agents');
mkdirSync(agents);
for (let i = 0; i < 9; i++) {
  const call = (t: number, id: number) => ({
    ...{ t, type: 'n', model: 'm', in: 64, out: 3, hash_ids: [100 * i + id], api_time: 0.1 },
  });
  const sub = {
    ...{ t: 0.6, type: 'subagent', agent_id: 'a1', subagent_type: 'Explore', duration_ms: 500 },
    ...{ total_tokens: null, tool_use_count: null, status: 'completed', models: ['m'] },
    requests: [call(0.7, 3), call(0.9, 4)],
  };
  writeFileSync(
    join(agents, `${i}.json`),
    JSON.stringify({
      ...{ id: `w${i}`, models: ['m'], block_size: 64, hash_id_scope: 'local', tool_tokens: 0 },
      requests: [call(0, 1), call(0.5, 2), sub, call(2, 5)],
    }),
  );
}
const pool = file(
  'pool.jsonl',
  Array.from({ length: 6 }, (_, i) => text(`line ${i}`)),
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
  /** Phase, session, agent, turn: no two requests share it. */
  readonly place: string;
  readonly dueMs: number;
}

/** A load that is planned once for all machines: only a streamed file is read by each for itself. */
interface Planned {
  readonly load: LoadPlan;
  readonly opened: ReturnType<typeof datasetOf>;
  readonly again: () => Promise<LoadPlan>;
}

async function plan(line: string, isStreamed: boolean): Promise<Planned> {
  const again = () => plannedLoad(line, isStreamed ? { AIPERF_DATASET_STREAM_ABOVE_MB: '0' } : {});
  const load = await again();
  expect(load.dataset.kind === 'stream').toBe(isStreamed);
  return { load, opened: datasetOf(load), again };
}

/**
 * What one source sends, phase by phase. Every answer comes within a tenth of a second; where time ends a phase, not
 * at once: a closed loop would not end.
 * @param servers what was sent to which, of all sources.
 */
async function sentBy({ load: planned, opened, again }: Planned, share: SourceShare, servers: string[]) {
  const load = planned.dataset.kind === 'stream' ? await again() : planned;
  const stream = await streamOf(load);
  const dataset = stream === undefined ? opened : datasetOf(load);
  let firstSession = 0;
  return load.phases.map((phase): Sent[] => {
    const { player, next } = playPart(load, phase, share, { ...dataset, stream, firstSession });
    for (let tenth = 0; tenth < 400 && player.done() === 0; tenth++) {
      player.advanceTo(tenth * 1e8);
      player.handOverAll();
      if (Number.isFinite(phase.durationNs)) player.answerAtOnce(player.open.length);
      else player.answerAll();
    }
    expect([phase.name, share, player.done()]).toEqual([phase.name, share, 1]);
    firstSession = next();
    for (const { origin, body } of player.sent) servers.push(`${origin.port} ${body}`);
    return player.records.map((record) => {
      const { conversationId, turnIndex, raw, error, dueNs, sessionNum } = record;
      return {
        source: share.source,
        what: JSON.stringify([phase.name, conversationId, turnIndex, raw?.payload, error?.type]),
        place: [phase.name, sessionNum, conversationId, turnIndex].join(' '),
        dueMs: Math.round(dueNs) / 1e6,
      };
    });
  });
}

/** What some sources send together, and how many requests each, by phase. */
async function sent(planned: Planned, sources: number) {
  const { load } = planned;
  const all: (readonly Sent[][])[] = [];
  const servers: string[] = [];
  for (let source = 0; source < sources; source++)
    all.push(await sentBy(planned, { source, sources }, servers));
  const last = load.phases.at(-1);
  return {
    requests: all.flat(2),
    servers: servers.sort(),
    counts: load.phases.map((_, phase) => all.map((phases) => phases[phase]?.length ?? 0)),
    due: load.phases.map((phase: PhasePlan) => dueRequests(load, phase, sources)),
    sentAt: all.flatMap((phases) => phases.at(-1) ?? []).map(({ source, dueMs }) => `${source} ${dueMs}`),
    dueAt:
      last &&
      Array.from(dueTimes(load, last, sources) ?? [], ({ source, dueNs }) => `${source} ${dueNs / 1e6}`),
  };
}

/**
 * What is the same on any number of machines. `times of any`, `count`: which turns a time or a count leaves out depends on
 * the answers. `nothing`: as on one machine, the server's speed tells what is sent; no turn of a session is sent twice.
 */
type Same = 'times' | 'requests' | 'times of any' | 'count' | 'nothing';

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
  ['a constant rate', '--isl 5 --request-rate 20 --arrival-pattern constant --request-count 41', 41, 'times'],
  ['bursts', '--isl 5 --request-rate 20 --arrival-smoothness 0.3 --request-count 41', 41, 'times'],
  ['fewer requests than machines', '--isl 5 --request-rate 20 --request-count 3', 3, 'times'],
  [
    'a rate with a prefill limit',
    '--isl 5 --request-rate 20 --prefill-concurrency 16 --request-count 41',
    41,
    'times',
  ],
  [
    'a rate below a ramped ceiling',
    '--isl 5 --request-rate 20 --concurrency 16 --concurrency-ramp-duration 2 --request-count 41',
    41,
    'requests',
  ],
  [
    'a rate series after a ramp, for a time',
    `--isl 5 --request-rate-series ${series} --request-rate-ramp-duration 1 --benchmark-duration 3`,
    undefined,
    'times',
  ],
  [
    'a rate after a warm-up at a rate for a time',
    '--isl 5 --request-rate 20 --warmup-duration 1 --warmup-request-rate 30 --request-count 13',
    undefined,
    'times',
  ],
  [
    'a rate, shuffled, on three servers',
    '--isl 5 --request-rate 20 --request-count 33 --dataset-sampling-strategy shuffle --num-dataset-entries 7 --url a:1 --url b:2 --url c:3',
    33,
    'times',
  ],
  [
    'a rate of several models, lengths and prefixes',
    '--isl 5 --isl-stddev 2 --osl 9 --osl-stddev 3 --num-prefix-prompts 3 --prefix-prompt-length 4 --request-rate 20 --request-count 33 --model b --model c --model-selection-strategy random',
    33,
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
  [
    'a part of a fixed schedule, cancelled',
    `--input-file ${schedule} --fixed-schedule --fixed-schedule-start-offset 400 --fixed-schedule-end-offset 1600 --request-cancellation-rate 30`,
    undefined,
    'requests',
  ],
  [
    'a fixed schedule below a ceiling and a prefill limit',
    `--input-file ${schedule} --fixed-schedule --concurrency 16 --prefill-concurrency 16`,
    33,
    'requests',
  ],
  [
    'a trace on its schedule',
    `--input-file ${trace} --custom-dataset-type mooncake_trace --isl-block-size 16 --fixed-schedule`,
    19,
    'requests',
  ],
  [
    'agents on their schedule',
    `--input-file ${agents} --custom-dataset-type weka_trace --fixed-schedule`,
    45,
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
  [
    'users of varying patience after a warm-up, cancelled and sampled at random',
    '--isl 5 --user-centric-rate 10 --num-users 7 --conversation-turn-mean 4 --conversation-turn-stddev 2 --request-count 40 --num-warmup-sessions 5 --request-cancellation-rate 30 --dataset-sampling-strategy random',
    undefined,
    'times',
  ],
  [
    'users below a ceiling',
    '--isl 5 --user-centric-rate 10 --num-users 9 --concurrency 9 --conversation-turn-mean 4 --request-count 40',
    40,
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
  ['fewer slots than machines', '--isl 5 --concurrency 2 --request-count 33', 33, 'requests'],
  [
    'a closed loop, cancelled and sampled at random',
    '--isl 5 --concurrency 5 --request-count 33 --request-cancellation-rate 30 --dataset-sampling-strategy random --num-dataset-entries 7',
    33,
    'requests',
  ],
  ['a closed loop for a time', '--isl 5 --concurrency 5 --benchmark-duration 2', 105, 'nothing'],
  [
    'a closed loop after a warm-up for a time',
    '--isl 5 --concurrency 4 --warmup-duration 1 --conversation-num 13',
    undefined,
    'nothing',
  ],
  [
    'a random pool',
    `--input-file ${pool} --custom-dataset-type random_pool --num-dataset-entries 15 --concurrency 3 --request-count 20`,
    20,
    'requests',
  ],
  [
    'a trace as fast as possible',
    `--input-file ${trace} --custom-dataset-type mooncake_trace --isl-block-size 16`,
    19,
    'requests',
  ],
  [
    'generated conversations with pauses, after warm-up conversations',
    '--isl 5 --concurrency 4 --conversation-turn-mean 3 --conversation-turn-stddev 1 --conversation-turn-delay-mean 300 --num-warmup-sessions 5 --conversation-num 13',
    undefined,
    'requests',
  ],
  [
    'generated conversations at a rate',
    '--isl 5 --request-rate 20 --conversation-turn-mean 3 --conversation-turn-stddev 1 --conversation-num 13',
    undefined,
    'requests',
  ],
  [
    'generated conversations at a rate for a time',
    '--isl 5 --request-rate 20 --conversation-turn-mean 3 --conversation-turn-stddev 1 --benchmark-duration 2',
    undefined,
    'count',
  ],
  [
    'conversations after a warm-up that ends them halfway',
    '--isl 5 --concurrency 4 --conversation-turn-mean 3 --conversation-turn-stddev 1 --warmup-request-count 5 --conversation-num 13',
    undefined,
    'nothing',
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
    'conversations at a rate for a time',
    `--input-file ${conversations} --request-rate 30 --benchmark-duration 1.5`,
    45,
    'times of any',
  ],
  [
    'conversations at a rate below a ceiling',
    `--input-file ${conversations} --request-rate 30 --concurrency 6 --conversation-num 17`,
    41,
    'requests',
  ],
  ['a streamed file', `--input-file ${rows} --concurrency 4 --conversation-num 29`, 29, 'requests'],
  [
    'a streamed file of conversations',
    `--input-file ${conversations} --concurrency 4 --conversation-num 17`,
    41,
    'requests',
  ],
  ['a streamed file at a rate', `--input-file ${rows} --request-rate 20 --request-count 29`, 29, 'times'],
  [
    'conversation graphs',
    `--input-file ${graphs} --custom-dataset-type dag_jsonl --concurrency 3 --conversation-num 7`,
    28,
    'requests',
  ],
  [
    'conversation graphs at a rate',
    `--input-file ${graphs} --custom-dataset-type dag_jsonl --request-rate 20 --conversation-num 7`,
    28,
    'requests',
  ],
  [
    'conversation graphs more than once, up to a count',
    `--input-file ${graphs} --custom-dataset-type dag_jsonl --concurrency 3 --request-count 50`,
    50,
    'count',
  ],
  [
    'agents as fast as possible',
    `--input-file ${agents} --custom-dataset-type weka_trace --concurrency 3`,
    45,
    'requests',
  ],
])('%s', (name, line, count, same) => {
  it('sends what one machine would: N = 1, 2, 3, 8', async () => {
    const planned = await plan(line, name.startsWith('a streamed'));
    const one = await sent(planned, 1);
    if (count !== undefined) expect(one.requests).toHaveLength(count);
    for (const sources of [2, 3, 8]) {
      const many = await sent(planned, sources);
      expect(new Set(many.requests.map(({ place }) => place)).size).toBe(many.requests.length);
      if (same !== 'nothing') expect(many.requests).toHaveLength(one.requests.length);
      if (same.startsWith('times') && (many.dueAt ?? []).length > 0)
        expect(many.dueAt?.sort()).toEqual(many.sentAt.sort());
      if (same === 'times' || same === 'requests') {
        expect(sorted(many.requests, same)).toEqual(sorted(one.requests, same));
        expect(many.servers).toEqual(one.servers);
      }
      for (const [phase, due] of many.due.entries()) {
        if (due !== undefined) expect(due).toEqual(many.counts[phase]);
        expect(due === undefined).toBe(one.due[phase] === undefined);
      }
    }
  });
});
