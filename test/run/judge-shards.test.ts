import { beforeAll, describe, expect, it } from 'vitest';
import { ShardSendsCollector } from '../../src/collect/shard-sends.js';
import { SendStatsCollector } from '../../src/fidelity/send-stats.js';
import type { ThreadReport } from '../../src/fidelity/thread-report.js';
import type { ClientReport } from '../../src/load/source.js';
import { type JudgedPhase, judgeShards } from '../../src/run/client-evidence.js';
import { plannedLoad } from '../load/playing.js';
import { counted, ms, storeOf } from '../metrics/records.js';

const second = 1e9;
const calm = { p50: 0, p99: 1e6, max: 2e6 };

const thread = (changes: Partial<ThreadReport> = {}): ThreadReport => ({
  ...{ thread: 0, startNs: 0, endNs: 10 * second, loopDelayNs: calm, readLagNs: calm },
  ...{ gc: { count: 0, totalNs: 0, maxNs: 0 }, busyShare: 1, cpuShare: 1, waitShare: 0 },
  ...{ stalls: [], lateNs: 0, ...changes },
});

const client = (source: number, changes: Partial<ClientReport> = {}): ClientReport => ({
  ...{ share: { source, sources: 3 }, threads: [thread()], movedNs: 0 },
  ...{ throttled: undefined, stolenNs: undefined, roof: undefined },
  ...{ sendDelayNs: undefined, untilNs: undefined, ...changes },
});

/** Requests of three shards, one every 10 ms; shard 2 sends each 20 ms late, and one of its records is marked. */
async function sentLoad(): Promise<JudgedPhase> {
  const load = await plannedLoad('--isl 3 --request-rate 100 --request-count 300');
  const [plan] = load.phases;
  if (plan === undefined) throw new Error('no phase');
  const records = Array.from({ length: 300 }, (_, k) => {
    const [shard, dueNs] = [k % 3, ms(10 * k)];
    const startNs = dueNs + (shard === 2 ? ms(20) : 0);
    const clientLimited = k === 2;
    const contentNs = Float64Array.of(startNs + ms(1), startNs + ms(2));
    return counted({ dueNs, startNs, endNs: startNs + ms(2), contentNs, clientLimited, shard });
  });
  const sends = new SendStatsCollector();
  const store = storeOf([]);
  const shardSends = new ShardSendsCollector(store.table);
  for (const one of records) {
    store.add(one);
    sends.add(one.record);
    shardSends.add(one.record);
  }
  const { results } = store.summary();
  return { load, plan, results, sends: sends.stats, shardSends: shardSends.summaries() };
}

describe('the verdict on the clients of several shards', () => {
  let phase: JudgedPhase;
  beforeAll(async () => {
    phase = await sentLoad();
  });

  it('judges each by its own threads and requests, and the whole by the worst', () => {
    const stalls = [{ startNs: 2 * second, endNs: 2.16 * second, cause: 'no core' } as const];
    const { fidelity, shardFidelity } = judgeShards(phase, [
      client(0, { stolenNs: 3e6 }),
      client(1, { threads: [thread({ lateNs: 150e6, stalls })], stolenNs: 4e6 }),
      client(2),
    ]);
    expect(shardFidelity.map(({ shard, fidelity: { verdict } }) => [shard, verdict])).toEqual([
      [0, 'client ok'],
      [1, 'client limited'],
      [2, 'client limited'],
    ]);
    expect(shardFidelity.map(({ fidelity: { sendDelay } }) => sendDelay)).toEqual([
      { unit: 'ms', p50: 0, p99: 0, max: 0 },
      { unit: 'ms', p50: 0, p99: 0, max: 0 },
      { unit: 'ms', p50: 20, p99: 20, max: 20 },
    ]);
    expect(fidelity?.verdict).toBe('client limited');
    expect(fidelity?.reasons?.map(({ reason }) => reason)).toEqual([
      'shard 1: for 1.5 % of the run, client timing could be more than 10 ms late: ' +
        'load threads were runnable, but other processes held the CPU (2.0 s to 2.2 s)',
      'shard 2: p99 send delay 20.0 ms (max 20.0 ms): requests were sent that long after they were due',
    ]);
    expect(fidelity).toMatchObject({ clientLimitedCount: 1, cpuStolen: 7 });
    expect(fidelity?.threads?.map(({ shard, thread: number }) => [shard, number])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
  });

  it('holds each against its share of the load', () => {
    const { fidelity, shardFidelity } = judgeShards(phase, [client(0), client(1), client(2)]);
    // Shard 0 sends 100 requests from 0 to 2.97 s: 99 gaps. All: 299 gaps from 0 to 2.99 s + 20 ms.
    expect(shardFidelity[0]?.fidelity.load).toEqual({
      ...{ kind: 'rate', mayQueue: false, unit: 'requests/sec' },
      ...{ requested: 100 / 3, achieved: expect.closeTo(99 / 2.97, 9) },
    });
    expect(fidelity?.load).toMatchObject({ requested: 100, achieved: expect.closeTo(299 / 3.01, 9) });
  });

  it('takes the limit of the machine that each shard ran on', () => {
    // 100 requests in 10 s of one thread: 10 a second, of 12 or of 20.
    const roof = (requestsPerSecond: number) => ({ requestsPerSecond, eventsPerSecond: 1e6 });
    const { fidelity, shardFidelity } = judgeShards(phase, [
      client(0, { roof: roof(12) }),
      client(1, { roof: roof(20) }),
    ]);
    expect(shardFidelity.map(({ fidelity: { verdict } }) => verdict)).toEqual([
      'client strained',
      'client ok',
    ]);
    expect(fidelity?.reasons?.map(({ level, reason }) => [level, reason])).toEqual([
      [
        'strained',
        "shard 0: the load was 83.3 % of this machine's client limit (aiperf doctor --roof): " +
          'add load threads (--load-threads) or a second machine',
      ],
    ]);
    expect(fidelity?.utilization?.requestsPerSecond).toBe(12);
  });

  it('counts the requests of a shard that was not judged', () => {
    const { fidelity, shardFidelity } = judgeShards(phase, [client(0), client(2, { threads: [] })]);
    expect(shardFidelity.map(({ shard }) => shard)).toEqual([0]);
    expect(fidelity).toMatchObject({ verdict: 'client ok', clientLimitedCount: 1 });
  });

  it('says of a shard that was lost until when it was judged', () => {
    const lost = client(2, { threads: [thread({ waitShare: 0.2 })], untilNs: 4 * second });
    const { fidelity, shardFidelity } = judgeShards(phase, [client(0), lost]);
    expect(shardFidelity.map(({ shard, untilNs }) => [shard, untilNs])).toEqual([
      [0, undefined],
      [2, 4 * second],
    ]);
    expect(fidelity?.reasons?.map(({ reason }) => reason)).toEqual([
      'shard 2 until its last sign of life: p99 send delay 20.0 ms (max 20.0 ms): requests were sent that long after they were due',
      'shard 2 until its last sign of life: load thread 0 was runnable but waited for a CPU core for 20.0 % of the time: other processes held them',
    ]);
  });

  it('does not judge a shard that was ended before the start', () => {
    const threads = [thread({ endNs: 0, lateNs: 1, waitShare: 5 })];
    expect(judgeShards(phase, [client(0, { threads })]).fidelity).toBeUndefined();
  });

  it('judges no shard without a part in the load, and nothing without records', async () => {
    const load = await plannedLoad('--isl 3 --concurrency 2 --request-count 300');
    const [plan = phase.plan] = load.phases;
    const clients = [client(0), client(1), client(2)];
    const { shardFidelity } = judgeShards({ ...phase, load, plan }, clients);
    expect(shardFidelity.map(({ shard }) => shard)).toEqual([0, 1]);
    const lost = judgeShards({ ...phase, sends: undefined, shardSends: undefined }, clients);
    expect(lost).toEqual({ fidelity: undefined, shardFidelity: [] });
  });
});
