import { expect, it } from 'vitest';
import { type ShardAccount, shardsSection } from '../../src/commands/merge/section.js';
import { dueRequests } from '../../src/load/due-requests.js';
import type { LoadPlan } from '../../src/load/plan.js';
import { type Random, randomStream } from '../../src/util/random.js';
import { datasetOf, plannedLoad, playPart } from './playing.js';

// 100 shards in one process, each on a clock of its own: lost, late, killed and stopped ones at random. What was planned
// is recorded or counted as missing, and nothing is there twice. AIPERF_SHARD_SEEDS=1000: npm run check:shards.
const SEEDS = Number(process.env.AIPERF_SHARD_SEEDS ?? 20);
const SHARDS = 100;
const STEP_NS = 2e8;
const CLOCK_ERROR_NS = 2e6;

const loads = [
  '--isl 3 --request-rate 60 --request-count 300',
  '--isl 3 --request-rate 60 --arrival-smoothness 2 --request-rate-ramp-duration 2 --benchmark-duration 5',
  '--isl 3 --concurrency 150 --concurrency-ramp-duration 1 --request-count 410',
  '--isl 3 --concurrency 40 --request-count 333',
  '--isl 3 --concurrency 120 --conversation-num 130 --conversation-turn-mean 3 --conversation-turn-stddev 1',
  '--isl 3 --user-centric-rate 50 --num-users 120 --conversation-turn-mean 4 --request-count 260',
];

type Fault = 'none' | 'lost' | 'late' | 'killed' | 'stopped';

function faultOf(random: Random): Fault {
  const drawn = random.uniform();
  if (drawn < 0.9) return 'none';
  return (['lost', 'late', 'killed', 'stopped'] as const)[Math.floor((drawn - 0.9) * 40)] ?? 'none';
}

interface Played {
  readonly account: ShardAccount;
  readonly fault: Fault;
  readonly requests: readonly string[];
}

/** One shard of a load, with a fault; it answers within a fifth of a second. */
function played(
  load: LoadPlan,
  opened: ReturnType<typeof datasetOf>,
  index: number,
  due: readonly number[],
  random: Random,
): Played {
  const [phase] = load.phases;
  if (phase === undefined) throw new Error('a load without a phase');
  const fault = faultOf(random);
  const of = { index, due: { profiling: due[index] } };
  const errorNs = Math.round((2 * random.uniform() - 1) * CLOCK_ERROR_NS);
  if (fault === 'lost') return { account: { ...of, records: undefined }, fault, requests: [] };
  const startNs = 1e9 + errorNs + (fault === 'late' ? 2e9 + random.uniform() * 3e9 : 0);
  // On its own clock, which starts with the load.
  const endsNs = random.uniform() * 3e9;
  const { player } = playPart(
    load,
    phase,
    { source: index, sources: SHARDS },
    { ...opened, firstSession: 0 },
  );
  let isOver = false;
  for (let nowNs = 0; player.done() === 0 && !isOver && nowNs < 60e9; nowNs += STEP_NS) {
    player.advanceTo(nowNs);
    if (nowNs > endsNs && fault === 'stopped') player.phase.drop('the run was interrupted');
    // What a killed process had in flight leaves no record.
    isOver = nowNs > endsNs && fault === 'killed';
    if (!isOver) player.answerAll();
  }
  expect([index, fault, isOver || player.done() === 1]).toEqual([index, fault, true]);
  const isEarly = fault === 'killed' || fault === 'stopped';
  const account: ShardAccount = {
    ...of,
    records: { warmup: 0, profiling: player.records.length },
    startedAtNs: BigInt(Math.round(startNs)),
    endedEarly: isEarly && player.records.length < (due[index] ?? 0) ? fault : undefined,
  };
  const requests = player.records.map(
    ({ conversationId, turnIndex, sessionNum }) => `${sessionNum} ${conversationId} ${turnIndex}`,
  );
  return { account, fault, requests };
}

it(`balances with faults: ${SEEDS} seeds of ${SHARDS} shards`, {
  timeout: 60_000 + 5000 * SEEDS,
}, async () => {
  const plans: LoadPlan[] = [];
  for (const line of loads) plans.push(await plannedLoad(line));
  const opened = plans.map(datasetOf);
  const seen = new Set<Fault>();
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = randomStream(seed, 'shard-faults');
    const [load, data] = [plans[seed % plans.length], opened[seed % plans.length]];
    if (load === undefined || data === undefined) throw new Error('no load');
    const due = load.phases[0] && dueRequests(load, load.phases[0], SHARDS);
    if (due === undefined) throw new Error('a load whose requests are not known');
    const shards = due.map((_, index) => played(load, data, index, due, random));
    const section = shardsSection(
      shards.map(({ account }) => account),
      'digest',
    );
    const rows = section.shards ?? [];
    const sum = (of: (row: (typeof rows)[number]) => number | undefined) =>
      rows.reduce((total, row) => total + (of(row) ?? 0), 0);
    const planned = due.reduce((total, count) => total + count, 0);
    const recorded = shards.reduce((total, { requests }) => total + requests.length, 0);
    expect([seed, sum(({ records }) => records?.profiling)]).toEqual([seed, recorded]);
    expect([seed, recorded + sum(({ missing }) => missing?.profiling)]).toEqual([seed, planned]);
    const all = shards.flatMap(({ requests }) => requests);
    expect([seed, new Set(all).size]).toEqual([seed, all.length]);
    const numbers = all.map((request) => request.split(' ')[0]);
    expect([seed, new Set(numbers).size]).toEqual([seed, numbers.length]);
    for (const [index, { fault, requests }] of shards.entries()) {
      seen.add(fault);
      if (fault === 'none' || fault === 'late')
        expect([seed, index, requests.length]).toEqual([seed, index, due[index]]);
    }
    const isHurt = shards.some(
      ({ fault, requests }, index) =>
        fault === 'lost' || fault === 'late' || requests.length < (due[index] ?? 0),
    );
    expect([seed, section.merge]).toEqual([seed, isHurt ? 'degraded' : 'exact']);
    if (!shards.some(({ fault }) => fault === 'late'))
      expect(section.startSkewMs).toBeLessThanOrEqual((2 * CLOCK_ERROR_NS) / 1e6);
  }
  expect([...seen].sort()).toEqual(['killed', 'late', 'lost', 'none', 'stopped']);
});
