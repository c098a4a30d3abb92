import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aiperf, type Options, profileWords, readRecords, temporaryFolder } from './aiperf.js';
import { type SimulatedServer, startSimulatedServer } from './simulated-server.js';

let server: SimulatedServer;
beforeAll(async () => {
  server = await startSimulatedServer({ ttft: 100, itl: 1, timer: 'low-cpu' });
});
afterAll(() => server.close());

/** One request as the raw file has it. */
interface Sent {
  /** Conversation, turn, body, and whether it was cancelled. */
  readonly key: string;
  readonly dueNs: bigint;
  readonly endNs: bigint;
  readonly worker: string;
}

/** What a run on so many load threads sent, by key. */
async function sent(threads: number, options: Options): Promise<Sent[]> {
  const folder = temporaryFolder();
  const ended = await aiperf(
    profileWords({
      ...{ model: 'm', tokenizer: 'builtin', url: server.url, streaming: true, 'random-seed': 7 },
      ...{ 'artifact-dir': folder, 'export-level': 'raw', 'load-threads': threads, ...options },
    }),
    // A machine that is busy for a moment must not move the schedule.
    { env: { AIPERF_TIMING_MAX_CATCHUP_SECONDS: '60' } },
  );
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return readFileSync(join(folder, 'profile_export_raw.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { metadata, payload } = JSON.parse(line);
      const { conversation_id, turn_index, was_cancelled, worker_id } = metadata;
      return {
        key: JSON.stringify([conversation_id, turn_index, was_cancelled, payload]),
        dueNs: BigInt(/"credit_issued_ns":(\d+)/.exec(line)?.[1] ?? 0),
        endNs: BigInt(/"request_end_ns":(\d+)/.exec(line)?.[1] ?? 0),
        worker: String(worker_id),
      };
    })
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : Number(a.dueNs - b.dueNs)));
}

/** Due times after the first, µs. */
function dueUs(requests: readonly Sent[]): number[] {
  const dues = requests.map(({ dueNs }) => dueNs);
  const [first = 0n] = [...dues].sort((a, b) => Number(a - b));
  return dues.map((due) => Number(due - first) / 1000);
}

async function streams(options: Options, counts: readonly number[] = [1, 3]): Promise<Sent[][]> {
  const runs: Sent[][] = [];
  for (const threads of counts) runs.push(await sent(threads, options));
  expect(runs.map((run) => new Set(run.map(({ worker }) => worker)).size)).toEqual(counts);
  return runs;
}

/** Holds the runs to the first: the same requests, each due at the same time to the microsecond. */
function expectTheSame(runs: readonly Sent[][], count: number, withDueTimes = true): void {
  const [one = []] = runs;
  expect(one.length).toBe(count);
  for (const run of runs) {
    expect(run.map(({ key }) => key)).toEqual(one.map(({ key }) => key));
    if (!withDueTimes) continue;
    const [ours, theirs] = [dueUs(run), dueUs(one)];
    expect(ours.filter((due, place) => Math.abs(due - (theirs[place] ?? Number.NaN)) >= 1)).toEqual([]);
  }
}

describe('what is sent does not depend on the number of load threads', () => {
  it('at a rate: poisson', async () => {
    const runs = await streams({ 'request-rate': 120, 'request-count': 80, isl: 30, osl: 4 }, [1, 2, 3, 8]);
    expectTheSame(runs, 80);
    // 80 requests at 120/s: their gaps have a mean of 8,333 µs, and its standard error is a ninth of that.
    const last = Math.max(...dueUs(runs[0] ?? []));
    expect(Math.abs(last / 79 - 8333)).toBeLessThan(4 * (8333 / Math.sqrt(79)));
  });

  it('at a rate, with a fifth of the requests cancelled', async () => {
    const runs = await streams({
      ...{ 'request-rate': 150, 'arrival-pattern': 'gamma', 'arrival-smoothness': 3, 'request-count': 100 },
      ...{ isl: 30, osl: 4, 'request-cancellation-rate': 20 },
    });
    expectTheSame(runs, 100);
    // Four standard deviations of 100 draws: 4 · √(100 · 0.2 · 0.8) = 16.
    const cancelled = runs[0]?.filter(({ key }) => JSON.parse(key)[2] === true).length ?? 0;
    expect(Math.abs(cancelled - 20)).toBeLessThanOrEqual(16);
  });

  it('on a fixed schedule', async () => {
    const file = join(temporaryFolder(), 'schedule.jsonl');
    // Second turns have a time of their own, long after the first one's answer on a machine that is not busy.
    const rows = Array.from({ length: 60 }, (_, i) => {
      const turns = [{ text: `row ${i}`, timestamp: ((i * 37) % 41) * 15 }];
      if (i % 4 === 0) turns.push({ text: `later ${i}`, timestamp: 1500 + i });
      return { session_id: `r${i}`, turns };
    });
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const runs = await streams({ 'input-file': file, 'fixed-schedule': true, osl: 2 });
    expectTheSame(runs, 75, false);
    // Nothing moves the schedule: a first turn is due at its time, and a later one too, unless the turn before it came
    // back after that; then at once. The first row is due at 0.
    for (const run of runs) {
      const turnOf = (session: string, turn: number) =>
        run.find(({ key }) => key.startsWith(JSON.stringify([session, turn]).slice(0, -1)));
      const startNs = turnOf('r0', 0)?.dueNs ?? 0n;
      for (const { session_id, turns } of rows) {
        for (const [turn, { timestamp }] of turns.entries()) {
          const recordedNs = startNs + BigInt(timestamp) * 1_000_000n;
          const returnedNs = turnOf(session_id, turn - 1)?.endNs ?? 0n;
          const dueNs = returnedNs > recordedNs ? returnedNs : recordedNs;
          const differsNs = Number((turnOf(session_id, turn)?.dueNs ?? 0n) - dueNs);
          expect([session_id, turn, Math.abs(differsNs) < 1000]).toEqual([session_id, turn, true]);
        }
      }
    }
  });

  it('says when turns of a fixed schedule wait for late answers, and by how much', async () => {
    const file = join(temporaryFolder(), 'schedule.jsonl');
    const turns = [0, 1, 2].map((timestamp) => ({ text: `at ${timestamp}`, timestamp }));
    writeFileSync(file, `${JSON.stringify({ session_id: 'a', turns })}\n`);
    const folder = temporaryFolder();
    const ended = await aiperf(
      profileWords({
        ...{ model: 'm', tokenizer: 'builtin', url: server.url, streaming: true, osl: 2, ui: 'simple' },
        ...{ 'artifact-dir': folder, 'input-file': file, 'fixed-schedule': true },
      }),
    );
    expect(ended.code).toBe(0);
    // The answers take 100 ms each, so the second turn is 100 ms late and the third 200 ms.
    const [, turnCount, seconds] =
      /(\d+) turns were due later than recorded, by at most (\d+\.\d{3}) s/.exec(ended.stderr) ?? [];
    const records = readRecords(join(folder, 'profile_export.jsonl'));
    const [first, , third] = records.map((record) => record.ns('credit_issued_ns'));
    const lateMs = Number(((third ?? 0n) - (first ?? 0n)) / 1_000_000n) - 2;
    expect(turnCount).toBe('2');
    expect(Math.abs(Number(seconds) * 1000 - lateMs)).toBeLessThanOrEqual(1);
    expect(lateMs).toBeGreaterThanOrEqual(198);
  });

  it('in a closed loop, with live answers in the history', async () => {
    const runs = await streams({
      ...{ concurrency: 19, 'conversation-num': 150, 'conversation-turn-mean': 2, isl: 8, osl: 2 },
    });
    expectTheSame(runs, 300, false);
  });
});
