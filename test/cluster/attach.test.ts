import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys } from '../../src/cluster/names.js';
import { openBucket, openNats } from '../../src/cluster/nats/connection.js';
import { holderOf, type Lease, takeLease } from '../../src/cluster/nats/lease.js';
import {
  type Ended,
  type Options,
  panelText,
  profileWords,
  type Running,
  readJson,
  readRecords,
  runAiperf,
  type Started,
  startAiperf,
  temporaryFolder,
} from '../e2e/aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from '../e2e/scripted-server.js';
import { hasNatsServer, type NatsServer, startNats } from './nats-server.js';

/** Takes a key over from a process that lives. */
async function takeFrom(kv: KV, key: string, uid: string): Promise<Lease> {
  for (;;) {
    const lease = await takeLease(kv, key, uid, await holderOf(kv, key));
    if (lease !== undefined) return lease;
  }
}

describe.skipIf(!hasNatsServer)('a run whose coordinator is gone', () => {
  let nats: NatsServer;
  let server: ScriptedServer;
  /** Answers that wait; undefined: none does. */
  let held: (() => void)[] | undefined = [];

  beforeAll(async () => {
    nats = await startNats();
    server = await startScriptedServer(({ body }, response) => {
      const answer = () => streamTokens(response, ['x', ' y', ' z']);
      if (held !== undefined && body.includes('"model":"fenced"')) held.push(answer);
      else answer();
    });
  });

  afterAll(async () => {
    await nats.kill();
    await server.close();
  });

  const runAgent = (run: string): Running =>
    runAiperf([
      ...['agent', '--nats', nats.url, '--run-id', run, '--shard', '0', '--once'],
      ...['--spool-dir', temporaryFolder()],
    ]);

  /** The words of a run with this name, which is its model too. */
  const words = (run: string, folder: string, options: Options): string[] =>
    profileWords({
      ...{ model: run, tokenizer: 'builtin', streaming: true, isl: 12, osl: 3, url: server.url },
      ...{ nats: nats.url, shards: 1, 'run-id': run, 'artifact-dir': folder },
      ...options,
    });

  const attachWords = (run: string, ...words: readonly string[]) => [
    ...['attach', run, '--nats', nats.url, '--ui', 'simple', ...words],
  ];
  const attach = (run: string, ...words: readonly string[]): Running => runAiperf(attachWords(run, ...words));

  const seenOf = (model: string) => server.seen.filter(({ body }) => body.includes(`"model":"${model}"`));

  const untilTrue = async (isTrue: () => boolean, { ended }: Pick<Running, 'ended'>) => {
    let end: Ended | undefined;
    void ended.then((how) => {
      end = how;
    });
    while (!isTrue()) {
      if (end !== undefined) throw new Error(`it has ended with ${end.code}: ${end.stderr}`);
      await wait(10);
    }
  };

  const kill = async ({ child, ended }: Started) => {
    child.kill('SIGKILL');
    await ended;
  };

  const summary = 'profile_export_aiperf.json';
  const records = 'profile_export.jsonl';

  it.concurrent('has one coordinator: another one is refused, and one that slept ends', async () => {
    const [fenced, last] = [temporaryFolder(), temporaryFolder()];
    const agent = runAgent('fenced');
    const first = runAiperf(words('fenced', fenced, { concurrency: 2, 'request-count': 10 }));
    await untilTrue(() => seenOf('fenced').length === 2, first);
    const refused = await attach('fenced', '--artifact-dir', last).ended;
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      `Run fenced has a coordinator already, process ${process.pid} on ${hostname()}.`,
    );
    // As if it had slept until another one took over.
    const client = await openNats({ url: nats.url, token: undefined, tls: undefined }, 'test', () => 0);
    const kv = await openBucket(client, 'fenced');
    const other = await takeFrom(kv, keys.coordinator, 'other');
    const { code, stderr } = await first.ended;
    expect(code).toBe(1);
    expect(panelText(stderr)).toBe(
      `Run fenced was taken over by process ${process.pid} on ${hostname()} while this coordinator gave no sign of life: it ends here and writes no results. The other coordinator writes the report.`,
    );
    expect(existsSync(join(fenced, summary))).toBe(false);
    await other.leave();
    await client.close();
    for (const answer of held ?? []) answer();
    held = undefined;
    const attached = await attach('fenced', '--artifact-dir', last).ended;
    expect(attached.code, attached.stderr).toBe(0);
    expect(readRecords(join(last, records))).toHaveLength(10);
    expect((await agent.ended).code).toBe(0);
  });

  it.concurrent('is finished, if it is a sweep, with what each coordinator has measured, by one here or elsewhere', async () => {
    const [here, elsewhere] = [temporaryFolder(), temporaryFolder()];
    const agent = runAgent('sweep');
    const first = startAiperf(words('sweep', here, { concurrency: '1,2,3', 'request-count': 10 }));
    await untilTrue(() => seenOf('sweep').length > 10, first);
    await kill(first);
    const second = startAiperf(attachWords('sweep', '--artifact-dir', elsewhere));
    await untilTrue(() => seenOf('sweep').length > 20, second);
    await kill(second);
    const third = await attach('sweep', '--artifact-dir', here).ended;
    expect(third.code, third.stderr).toBe(0);
    expect((await agent.ended).code).toBe(0);
    expect(third.stderr).toContain('run 1 of 3, concurrency_1: complete already, skipped');
    expect(third.stderr).toContain(
      `run 2 of 3, concurrency_2: its results are here, its records and other files in ${join(elsewhere, 'concurrency_2')} on `,
    );
    expect(seenOf('sweep')).toHaveLength(30);
    for (const folder of [
      join(here, 'concurrency_1'),
      join(elsewhere, 'concurrency_2'),
      join(here, 'concurrency_3'),
    ])
      expect(readRecords(join(folder, records))).toHaveLength(10);
    expect(existsSync(join(here, 'concurrency_2', records))).toBe(false);
    const { per_combination_metrics: points } = readJson(
      join(here, 'sweep_aggregate', 'profile_export_aiperf_sweep.json'),
    );
    const rates = [1, 2, 3].map(
      (concurrency) => readJson(join(here, `concurrency_${concurrency}`, summary)).request_throughput.avg,
    );
    expect(
      points.map(
        ({ metrics }: { metrics: Record<string, { mean: number }> }) => metrics.request_throughput?.mean,
      ),
    ).toEqual(rates);
  });

  it.concurrent('is begun by a successor that has its secrets, if no agent had come', async () => {
    const folder = temporaryFolder();
    const early = words('early', folder, {
      ...{ 'request-count': 6, 'num-profile-runs': 2, 'profile-run-cooldown-seconds': 0 },
      'api-key': 'key-3f9c27d1',
    });
    const first = startAiperf(early);
    await untilTrue(() => existsSync(join(folder, 'profile_runs', 'run_0001', 'run_config.json')), first);
    await kill(first);
    const refused = await attach('early').ended;
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('NATS stores no secrets: --api-key is');
    const agent = runAgent('early');
    const { code, stderr } = await attach('early', '--api-key', 'key-3f9c27d1', '--artifact-dir', folder)
      .ended;
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain('key-3f9c27d1');
    expect((await agent.ended).code).toBe(0);
    expect(seenOf('early')).toHaveLength(12);
    expect(seenOf('early').every(({ headers }) => headers.authorization === 'Bearer key-3f9c27d1')).toBe(
      true,
    );
    const { metadata } = readJson(join(folder, 'aggregate', 'profile_export_aiperf_aggregate.json'));
    expect(metadata.num_successful_runs).toBe(2);
  });
});
