import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { offeredLoadCsv } from '../../src/export/offered-load-csv.js';
import { dueRequests } from '../../src/load/due-requests.js';
import { offeredLoad, plannedSlices, withOfferedLoad } from '../../src/run/offered-load.js';
import { type PlannedSlices, planCodec } from '../../src/run/shards.js';
import { prettyJson } from '../../src/util/python-json.js';
import { plannedLoad } from '../load/playing.js';
import { counted, ms, origin, storeOf } from '../metrics/records.js';

const folder = mkdtempSync(join(tmpdir(), 'offered-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What `shards` shards have due. */
async function slicesOf(line: string, sliceSeconds?: number, shards = 2): Promise<PlannedSlices> {
  const load = await plannedLoad(line.includes('--input-file') ? line : `--isl 5 ${line}`);
  const phase = load.phases.at(-1);
  if (phase === undefined) throw new Error('no phase');
  const slices = plannedSlices(load, phase, shards, sliceSeconds);
  const sums = slices.due?.map((counts) => counts.reduce((sum, count) => sum + count, 0));
  if (sums !== undefined) expect(sums).toEqual(dueRequests(load, phase, shards));
  return slices;
}

const rows = (timestamps: readonly number[]) =>
  timestamps.map((timestamp, i) => `${JSON.stringify({ text: `row ${i}`, timestamp })}\n`).join('');

describe('what is due in each slice, by shard', () => {
  it('at a constant rate: every tenth of a second, the shards in turn', async () => {
    // 0.1 and 0.3; 0.5, 0.7 and 0.9; 1.1 and 1.3; 1.5, 1.7 and 1.9 s. Shard 1: 0.2 and 0.4; 0.6 and 0.8; …
    expect(
      await slicesOf('--request-rate 10 --request-rate-mode constant --benchmark-duration 2', 0.5),
    ).toEqual({
      sliceSeconds: 0.5,
      durationSeconds: 2,
      due: [
        [2, 3, 2, 3],
        [2, 2, 3, 2],
      ],
    });
  });

  it('without --slice-duration: at most 20 slices of a round length', async () => {
    const { sliceSeconds, durationSeconds, due } = await slicesOf(
      '--request-rate 4 --request-rate-mode constant --request-count 13',
    );
    // The last is due at 3.25 s, a twentieth of which is 0.1625 s.
    expect([sliceSeconds, durationSeconds]).toEqual([0.2, undefined]);
    expect(due).toEqual([
      // At 0.25, 0.75, 1.25, … s.
      [0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1],
      // At 0.5, 1, 1.5, … s.
      [0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0],
    ]);
  });

  it('at a rate that rises from 2 to 6 requests/s: request k at √(1 + k) − 1 s', async () => {
    const series = file('rate.json', '{"points":[{"time_s":0,"qps":2},{"time_s":2,"qps":6}]}');
    // k = 1 and 2 below 1 s (√4 − 1), 3 to 7 below 2 s (√9 − 1).
    expect(
      (
        await slicesOf(
          `--request-rate-series ${series} --request-rate-mode constant --benchmark-duration 2`,
          1,
        )
      ).due,
    ).toEqual([
      [1, 3],
      [1, 2],
    ]);
  });

  it.each([
    '--request-rate 50',
    '--request-rate 50 --arrival-smoothness 0.5',
    '--request-rate 50 --request-rate-ramp-duration 1',
  ])('Poisson, gamma and ramped rates, by their own arrivals: %s', async (line) => {
    const one = await slicesOf(`${line} --benchmark-duration 2`, 0.5, 1);
    const three = await slicesOf(`${line} --benchmark-duration 2`, 0.5, 3);
    const whole = [0, 1, 2, 3].map((slice) =>
      (three.due ?? []).reduce((sum, counts) => sum + (counts[slice] ?? 0), 0),
    );
    expect([whole]).toEqual(one.due);
  });

  it('of users: a request each quarter of a second', async () => {
    // User 3 (shard 1) at ticks 0, 2 and 4, user 2 (shard 0) at 1, user 4 (shard 0) at 3, 5 and 7, user 5 at 6.
    const line = '--user-centric-rate 4 --num-users 2 --conversation-turn-mean 3 --request-count 8';
    expect((await slicesOf(line, 0.5)).due).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
    ]);
  });

  it('of a fixed schedule, whole and cut by time', async () => {
    const path = file('trace.jsonl', rows([0, 100, 600, 900, 1500]));
    const line = `--input-file ${path} --fixed-schedule`;
    expect((await slicesOf(line, 0.5)).due).toEqual([
      [1, 1, 0, 1],
      [1, 1, 0, 0],
    ]);
    expect((await slicesOf(`${line} --benchmark-duration 0.9`, 0.5)).due).toEqual([
      [1, 1],
      [1, 0],
    ]);
  });

  it('is not told where turns follow responses', async () => {
    const turns = [
      { text: 'a', timestamp: 0 },
      { text: 'b', delay: 10 },
    ];
    const path = file('turns.jsonl', `${JSON.stringify({ session_id: 's', turns })}\n`);
    expect(await slicesOf(`--input-file ${path} --fixed-schedule`)).toEqual({});
  });

  it('is read from the file of the plan as it was written', async () => {
    const slices = await slicesOf('--request-rate 4 --request-rate-mode constant --request-count 3');
    expect(slices.due?.[0]).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    const text = prettyJson(planCodec.write({ slices }) ?? null);
    expect(planCodec.read(JSON.parse(text))).toEqual({ slices: { ...slices, durationSeconds: undefined } });
  });

  it('takes several durations as one slice where there would be more than 120', async () => {
    const line = '--request-rate 1 --request-rate-mode constant --benchmark-duration 100';
    const { sliceSeconds, due } = await slicesOf(line, 0.5);
    expect([sliceSeconds, due?.[0]?.length]).toEqual([1, 100]);
  });
});

/** Requests of shards, `[shard, start, end]` in ms. */
const tableOf = (requests: readonly (readonly [shard: number, startMs: number, endMs: number])[]) =>
  storeOf(
    requests.map(([shard, startMs, endMs]) =>
      counted({ shard, startNs: ms(startMs), endNs: ms(endMs), contentNs: Float64Array.of(ms(endMs)) }),
    ),
  ).table;

describe('what was achieved of it', () => {
  const planned: PlannedSlices = {
    sliceSeconds: 0.5,
    durationSeconds: 1.2,
    due: [
      [2, 2, 1],
      [1, 2, 1],
    ],
  };

  it('counts requests where they were sent; those after the plan in one more slice', () => {
    const table = tableOf([
      [0, 1099, 1200],
      [1, 1499.999999, 1600],
      [0, 1500, 1600],
      [0, 1600, 1700],
      [0, 2000, 2100],
      [0, 3250, 3300],
    ]);
    expect(offeredLoad(planned, [1], table, ms(1000))).toEqual({
      unit: 'requests',
      startedAtNs: origin.epochNs + 1_000_000_000n,
      ...{ planned: 9, achieved: 6 },
      shards: [{ shard: 1, planned: 4, achieved: 1, lastSentSeconds: 0.499999999 }],
      slices: [
        {
          ...{ startSeconds: 0, endSeconds: 0.5, planned: 3, achieved: 2 },
          shards: [{ shard: 1, planned: 1, achieved: 1 }],
        },
        {
          ...{ startSeconds: 0.5, endSeconds: 1, planned: 4, achieved: 2 },
          shards: [{ shard: 1, planned: 2, achieved: 0 }],
        },
        {
          ...{ startSeconds: 1, endSeconds: 1.2, planned: 2, achieved: 1 },
          shards: [{ shard: 1, planned: 1, achieved: 0 }],
        },
        {
          ...{ startSeconds: 1.2, endSeconds: 2.5, planned: 0, achieved: 1 },
          shards: [{ shard: 1, planned: 0, achieved: 0 }],
        },
      ],
    });
  });

  it('of a closed loop, means of slots and of requests in flight', async () => {
    const line = '--concurrency 3 --concurrency-ramp-duration 2 --benchmark-duration 4';
    const slots = await slicesOf(line, 1);
    expect(slots).toEqual({
      ...{ sliceSeconds: 1, durationSeconds: 4 },
      ...{ concurrency: 3, rampSeconds: 2, playingShards: 2 },
    });
    const table = tableOf([
      [0, 0, 2000],
      [0, 2000, 4500],
      [0, 2000, 3000],
      [1, 1000, 1500],
    ]);
    const { slices = [], ...offered } = offeredLoad(slots, [1], table, 0);
    // Slot 1 from the start, 2 from 1 s, 3 from 2 s; shard 1 has the second.
    expect(slices.map(({ planned, achieved, shards }) => [planned, achieved, ...(shards ?? [])])).toEqual([
      [1, 1, { shard: 1, planned: 0, achieved: 0 }],
      [2, 1.5, { shard: 1, planned: 1, achieved: 0.5 }],
      [3, 2, { shard: 1, planned: 1, achieved: 0 }],
      [3, 1, { shard: 1, planned: 1, achieved: 0 }],
    ]);
    expect(offered).toMatchObject({
      ...{ unit: 'in flight', planned: 2.25, achieved: 1.375 },
      shards: [{ shard: 1, planned: 0.75, achieved: 0.125, lastSentSeconds: 1 }],
    });
  });

  it('of a closed loop without a duration: until the last response', () => {
    const { slices = [] } = offeredLoad(
      { concurrency: 2, rampSeconds: 0, playingShards: 2 },
      [1],
      tableOf([
        [0, 100, 400],
        [1, 100, 200],
      ]),
      ms(100),
    );
    expect(slices).toHaveLength(15);
    expect(slices.at(-1)).toMatchObject({ endSeconds: 0.3, planned: 2, achieved: 1 });
  });

  it('of a plan that does not tell: what was sent', () => {
    const table = tableOf([
      [0, 0, 10],
      [1, 1500, 2000],
    ]);
    const { slices = [], planned } = offeredLoad({ sliceSeconds: 1 }, [1], table, 0);
    expect(planned).toBe(undefined);
    expect(slices.map(({ planned: due, achieved }) => [due, achieved])).toEqual([
      [undefined, 1],
      [undefined, 1],
    ]);
  });

  it('is part of the section where a shard is not complete', () => {
    const table = tableOf([[0, 0, 10]]);
    const complete = { merge: 'degraded', shards: [{ shard: 0, state: 'complete' }] };
    expect(withOfferedLoad(complete, planned, table, 0)).toBe(complete);
    const shards = [...complete.shards, { shard: 1, state: 'missing' }];
    expect(withOfferedLoad({ ...complete, shards }, planned, table, 0).offered?.shards).toEqual([
      { shard: 1, planned: 4, achieved: 0, lastSentSeconds: undefined },
    ]);
  });

  it('as CSV', () => {
    const offered = offeredLoad(
      {
        ...planned,
        due: [
          [2, 2, 1],
          [1, 2, 1],
        ],
      },
      [1],
      tableOf([[0, 0, 10]]),
      0,
    );
    expect(offeredLoadCsv(offered).split('\r\n').slice(0, 4)).toEqual([
      'Slice,Start_S,End_S,Shard,Unit,Planned,Achieved',
      '0,0,0.5,all,requests,3,1',
      '0,0,0.5,1,requests,1,0',
      '1,0.5,1,all,requests,4,0',
    ]);
  });
});
