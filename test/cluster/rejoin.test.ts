import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  profileWords,
  type Running,
  readJson,
  readRecords,
  runAiperf,
  startAiperf,
  temporaryFolder,
} from '../e2e/aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from '../e2e/scripted-server.js';
import { openLink } from './cuttable-link.js';
import { hasNatsServer, type NatsServer, startNats } from './nats-server.js';

/** A shard of the report. */
interface Row {
  readonly state: string;
  readonly records: { readonly profiling: number };
  readonly missing: { readonly profiling: number };
  readonly incarnations?: readonly Incarnation[];
}

interface Incarnation {
  readonly incarnation: number;
  readonly records: { readonly profiling: number };
  readonly left_out: { readonly profiling: number };
  readonly joined_at_ns?: string;
}

// Slow enough that the run is not over before a busy machine has started the replacements.
const RATE = 15;
const SHARDS = 3;
const REQUESTS = 480;

describe.skipIf(!hasNatsServer)('agents in place of lost ones', () => {
  let nats: NatsServer;
  let server: ScriptedServer;

  beforeAll(async () => {
    nats = await startNats();
    server = await startScriptedServer((_, response) => streamTokens(response, ['x', ' y', ' z']));
  });

  afterAll(async () => {
    await nats.kill();
    await server.close();
  });

  const agentWords = (shard: number, url: string) => [
    ...['agent', '--nats', url, '--run-id', 'rejoined', '--shard', String(shard), '--once'],
    ...['--spool-dir', temporaryFolder()],
  ];

  /** Waits until something is true. @throws Error if one of these ends before. */
  const untilTrue = async (isTrue: () => boolean, ...before: readonly Pick<Running, 'ended'>[]) => {
    let end: string | undefined;
    for (const { ended } of before)
      void ended.then(({ code, stderr }) => {
        end = `one has ended with ${code}: ${stderr}`;
      });
    while (!isTrue()) {
      if (end !== undefined) throw new Error(end);
      await wait(10);
    }
  };

  it('send what is due from then on, exactly, whether those are dead or only cut off', async () => {
    const link = await openLink(nats.url);
    const steady = runAiperf(agentWords(0, nats.url));
    const victim = startAiperf(agentWords(1, nats.url));
    let said = '';
    victim.child.stderr?.on('data', (text: string) => {
      said += text;
    });
    const hermit = runAiperf(agentWords(2, link.url));
    const folder = temporaryFolder();
    const run = runAiperf(
      profileWords({
        ...{ model: 'm', tokenizer: 'builtin', streaming: true, 'random-seed': 5, isl: 12, osl: 3 },
        ...{ url: server.url, 'arrival-pattern': 'constant', 'request-rate': RATE },
        ...{ 'request-count': REQUESTS, 'num-dataset-entries': REQUESTS, nats: nats.url, shards: SHARDS },
        ...{ 'run-id': 'rejoined', 'shard-timeout': 2, 'artifact-dir': folder },
      }),
      { AIPERF_TIMING_MAX_CATCHUP_SECONDS: '60' },
    );
    await untilTrue(
      () => said.includes('shard 1 of 3') && hermit.said().includes('shard 2 of 3'),
      ...[run, victim, hermit],
    );
    // They start before the leases of the others have lapsed.
    const seconds = [1, 2].map((shard) => runAiperf([...agentWords(shard, nats.url), '--rejoin']));
    await untilTrue(() => server.seen.length >= 30, run);
    victim.child.kill('SIGKILL');
    link.cut();
    const haveJoined = () => seconds.every((second) => second.said().includes('joins the profiling phase'));
    await untilTrue(haveJoined, run, ...seconds);
    const before = server.seen.length;
    await untilTrue(() => server.seen.length >= before + 2 * RATE, run);
    link.mend();
    const { code, stdout } = await run.ended;
    expect(code).toBe(1);
    expect((await hermit.ended).stderr).toContain('shard 2 was taken over by another agent');
    for (const { ended } of [steady, ...seconds]) expect((await ended).code).toBe(0);
    link.close();

    const records = readRecords(join(folder, 'profile_export.jsonl'));
    const { shards } = readJson(join(folder, 'profile_export_aiperf.json')).shards as { shards: Row[] };
    expect(shards.map(({ state }) => state)).toEqual(['complete', 'rejoined', 'rejoined']);
    /** Numbers of the requests of each process that has held a shard, which are those of its arrivals. */
    const sentBy = (shard: number): readonly (readonly number[])[] => {
      const workers = new Map<string, number[]>();
      for (const { metadata } of records) {
        if (metadata.shard !== shard) continue;
        const own = workers.get(String(metadata.worker_id)) ?? [];
        workers.set(String(metadata.worker_id), [...own, Number(metadata.session_num)]);
      }
      return [...workers.values()].map((own) => own.sort((a, b) => a - b)).sort(([a = 0], [b = 0]) => a - b);
    };
    const firstDueMs =
      Number(records.find(({ metadata }) => metadata.session_num === 0)?.ns('credit_issued_ns')) / 1e6;
    const dueMs = (arrival: number) => firstDueMs + (arrival * 1000) / RATE;
    for (const shard of [1, 2]) {
      const own = Array.from({ length: REQUESTS / SHARDS }, (_, k) => shard + k * SHARDS);
      const [first = [], second = [], ...others] = sentBy(shard);
      expect(others).toEqual([]);
      const [from = Number.NaN] = second;
      // All of its arrivals from when it has joined, and none before.
      expect(second).toEqual(own.filter((arrival) => arrival >= from));
      const joinedMs = Date.parse(`${shards[shard]?.incarnations?.[1]?.joined_at_ns}Z`);
      expect(dueMs(from)).toBeGreaterThanOrEqual(joinedMs);
      expect(dueMs(from - SHARDS)).toBeLessThan(joinedMs + 1);
      expect(first).toEqual(own.slice(0, first.length));
      const missing = own.length - first.length - second.length;
      expect(shards[shard]?.missing.profiling).toBe(missing);
      expect(shards[shard]?.incarnations?.map(({ records: { profiling } }) => profiling)).toEqual([
        first.length,
        second.length,
      ]);
      const text = `and another agent \\(\\S+\\) joined \\S+ s after the start: ${missing} of its ${REQUESTS / SHARDS} due requests have no record`;
      expect(stdout).toMatch(new RegExp(`Shard ${shard} \\(\\S+\\) was lost .* after the start, ${text}`));
      // The agent that was only cut off has sent its arrivals to then.
      if (shard === 2) expect(missing).toBe(0);
      else expect(missing).toBeGreaterThan(0);
    }
    const [, killed, cutOff] = shards.map(({ incarnations }) => incarnations?.[0]?.left_out.profiling ?? 0);
    expect(killed).toBe(0);
    // It went on until it heard of the other, and the server got these requests twice.
    expect(cutOff).toBeGreaterThan(0);
    const times = new Map<string, number>();
    for (const { body } of server.seen) times.set(body, (times.get(body) ?? 0) + 1);
    const twice = [...times.values()].filter((count) => count > 1);
    expect(Math.max(...twice)).toBe(2);
    expect(twice.length).toBeLessThanOrEqual(cutOff ?? 0);
  });
});
