import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  aiperf,
  type Options,
  profileWords,
  type Running,
  readJson,
  readRecords,
  runAiperf,
  startAiperf,
  temporaryFolder,
} from '../e2e/aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from '../e2e/scripted-server.js';
import { hasNatsServer, type NatsServer, startNats } from './nats-server.js';

/** Holds up the load threads of a process. */
const starved = {
  NODE_OPTIONS: `--import ${fileURLToPath(new URL('../../dist/build/starve.js', import.meta.url))}`,
};

describe.skipIf(!hasNatsServer)('a run on several machines', () => {
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

  /** Words of an agent that ends with its run. */
  const agentWords = (run: string, shard: number, at = nats) => [
    ...['agent', '--nats', at.url, '--run-id', run, '--shard', String(shard), '--once'],
    ...['--spool-dir', temporaryFolder()],
  ];

  /** The agents of a run, which nothing happens to. */
  const runAgents = (run: string, at = nats) => [0, 1].map((shard) => runAiperf(agentWords(run, shard, at)));

  const load: Options = {
    model: 'm',
    tokenizer: 'builtin',
    streaming: true,
    'random-seed': 5,
    isl: 12,
    osl: 3,
  };

  /** Words of a coordinator. @param folder for its files. */
  const coordinatorWords = (run: string, options: Options, folder: string, at = nats) => {
    const cluster = { nats: at.url, shards: 2, 'run-id': run, 'shard-timeout': 20, 'artifact-dir': folder };
    return profileWords({ ...load, url: server.url, ...cluster, ...options });
  };

  /** A run; its folder is removed with the test file. */
  const coordinate = (run: string, options: Options, at = nats): Running & { readonly folder: string } => {
    const folder = temporaryFolder();
    return { ...runAiperf(coordinatorWords(run, options, folder, at)), folder };
  };

  const recordsIn = (folder: string) => readRecords(join(folder, 'profile_export.jsonl'));

  /** Requests that the server has seen of a run, by its own model name. */
  const seenOf = (model: string) => server.seen.filter(({ body }) => body.includes(`"model":"${model}"`));

  /** Waits for requests of a run. @throws Error if it ends before. */
  const untilSeen = async (model: string, count: number, { ended }: Pick<Running, 'ended'>) => {
    let end: string | undefined;
    void ended.then(({ code, stderr }) => {
      end = `the run has ended with ${code}: ${stderr}`;
    });
    while (seenOf(model).length < count) {
      if (end !== undefined) throw new Error(end);
      await wait(10);
    }
  };

  it.concurrent('sends and reports what one machine would, also when NATS is killed and restarted', async () => {
    const own = await startNats();
    const options: Options = { concurrency: 3, 'request-rate': 30, 'request-count': 60, 'isl-stddev': 4 };
    const agents = runAgents('same', own);
    const several = coordinate('same', { ...options, model: 'several' }, own);
    await untilSeen('several', 10, several);
    await own.kill();
    await wait(500);
    await own.restart();
    const { code, stderr } = await several.ended;
    expect(code, stderr).toBe(0);
    for (const { ended } of agents) expect((await ended).code).toBe(0);
    await own.kill();
    const records = recordsIn(several.folder);
    expect(records).toHaveLength(60);
    expect(new Set(records.map(({ metadata }) => metadata.x_request_id)).size).toBe(60);
    const folder = temporaryFolder();
    const one = { ...load, ...options, 'request-rate': 3000, url: server.url, model: 'one' };
    await aiperf(profileWords({ ...one, 'artifact-dir': folder }));
    const bodies = (model: string) => seenOf(model).map(({ body }) => body.replace(`"${model}"`, '"m"'));
    expect(bodies('several').sort()).toEqual(bodies('one').sort());
    const lengths = (of: string) => recordsIn(of).map(({ metrics }) => metrics.input_sequence_length?.value);
    expect(lengths(several.folder).sort()).toEqual(lengths(folder).sort());
  });

  it.concurrent('names the shard whose client was the limit', async () => {
    const agents = [
      runAiperf(agentWords('starved', 0)),
      startAiperf(agentWords('starved', 1), { env: starved }),
    ];
    const run = coordinate('starved', { model: 'starved', 'request-rate': 60, 'request-count': 120 });
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    for (const { ended } of agents) expect((await ended).code).toBe(0);
    const { fidelity, shards } = readJson(join(run.folder, 'profile_export_aiperf.json'));
    expect(fidelity.verdict).toBe('client limited');
    expect(stdout).toMatch(/^Fidelity: client limited\n(?: .*\n)* {2}- shard 1: for /m);
    const verdicts = shards.shards.map(({ verdict }: { verdict: string }) => verdict);
    expect(verdicts).toEqual([expect.stringMatching(/^client /), 'client limited']);
    // On a busy machine the other one may be held up too.
    const named = fidelity.reasons.map(({ reason }: { reason: string }) => reason.slice(0, 8));
    expect(named.includes('shard 0:')).toBe(verdicts[0] !== 'client ok');
    expect(fidelity.threads.map(({ shard }: { shard: number }) => shard)).toEqual([0, 1]);
  });

  it.concurrent('counts exactly what a killed agent has left', async () => {
    const other = runAiperf(agentWords('killed', 0));
    const victim = startAiperf(agentWords('killed', 1));
    const run = coordinate('killed', {
      model: 'killed',
      'request-rate': 40,
      'request-count': 120,
      'shard-timeout': 2,
    });
    await untilSeen('killed', 30, run);
    victim.child.kill('SIGKILL');
    const { code, stdout } = await run.ended;
    expect(code).toBe(1);
    const [, missing = Number.NaN] = /: (\d+) of its 60 due requests have no record/.exec(stdout) ?? [];
    expect(stdout).toMatch(/Shard 1 \(.*\) was lost .* after the start/);
    expect(recordsIn(run.folder)).toHaveLength(120 - Number(missing));
    expect(Number(missing)).toBeGreaterThan(0);
    const { offered } = readJson(join(run.folder, 'profile_export_aiperf.json')).shards;
    expect(offered).toMatchObject({
      ...{ planned: 120, achieved: 120 - Number(missing) },
      shards: [{ shard: 1, planned: 60, achieved: 60 - Number(missing) }],
    });
    expect(stdout).toContain(`Shard 1: ${60 - Number(missing)} of 60 planned requests have a record`);
    expect(seenOf('killed').length).toBeGreaterThanOrEqual(120 - Number(missing));
    expect((await other.ended).code).toBe(0);
  });

  it.concurrent('ends the run with the loss of a shard where that is wanted', async () => {
    const other = runAiperf(agentWords('aborted', 0));
    const victim = startAiperf(agentWords('aborted', 1));
    const run = coordinate('aborted', {
      model: 'aborted',
      'request-rate': 40,
      'request-count': 4000,
      'shard-timeout': 2,
      'on-shard-loss': 'abort',
      'failed-request-threshold': 0.01,
    });
    await untilSeen('aborted', 30, run);
    victim.child.kill('SIGKILL');
    const { code, stdout, stderr } = await run.ended;
    expect(code).toBe(1);
    expect(stderr).toContain('shard 1 was lost: the run ends (--on-shard-loss abort)');
    const rows = recordsIn(run.folder);
    const missing = (why: string) =>
      Number(new RegExp(`${why}: (\\d+) of its 2,000 due requests have no record`).exec(stdout)?.[1]);
    const missed = [
      missing('Shard 0 \\(\\S+\\) was stopped because shard 1 was lost'),
      missing('Shard 1 \\(\\S+\\) was lost .* after the start'),
    ];
    for (const [shard, count] of missed.entries())
      expect(rows.filter(({ metadata }) => metadata.shard === shard)).toHaveLength(2000 - count);
    // What was in flight has a record with the reason, and does not count as failures of the server.
    const reasons = rows.flatMap(({ error }) => error?.message ?? []);
    for (const reason of reasons)
      expect(reason).toBe('Request cancelled: shard 1 was lost, and the run was ended');
    expect((await other.ended).code).toBe(0);
  });

  it.concurrent('finishes the run of a killed coordinator', async () => {
    const agents = runAgents('headless');
    const options = { model: 'headless', 'request-rate': 40, 'request-count': 60, 'shard-timeout': 3 };
    const run = startAiperf(coordinatorWords('headless', options, temporaryFolder()));
    await untilSeen('headless', 10, run);
    run.child.kill('SIGKILL');
    const folder = temporaryFolder();
    const attached = await aiperf(['attach', 'headless', '--nats', nats.url, '--artifact-dir', folder]);
    expect(attached.code, attached.stderr).toBe(0);
    expect(recordsIn(folder)).toHaveLength(60);
    for (const { ended } of agents) expect((await ended).code).toBe(0);
  });

  it.concurrent('makes the report from the folders of the agents when NATS has lost its disk', async () => {
    const own = await startNats();
    const agents = runAgents('diskless', own);
    const run = coordinate('diskless', { model: 'diskless', 'request-rate': 30, 'request-count': 60 }, own);
    await untilSeen('diskless', 10, run);
    await own.kill();
    await own.restartEmpty();
    const { code, stderr } = await run.ended;
    expect(code).toBe(1);
    expect(stderr).toContain('NATS has lost run diskless. Each agent logs the folder of its records');
    const logs = await Promise.all(agents.map(async ({ ended }) => (await ended).stderr));
    const parts = logs.map((log) => /aiperf merge (\/\S+)/.exec(log)?.[1] ?? log);
    await own.kill();
    const folder = temporaryFolder();
    const merged = await aiperf(['merge', ...parts, '--artifact-dir', folder]);
    expect(merged.code, merged.stderr).toBe(0);
    expect(merged.stdout).toContain('Merge: exact.');
    expect(recordsIn(folder)).toHaveLength(60);
    expect(seenOf('diskless')).toHaveLength(60);
  });

  it.concurrent('writes the results and ends when NATS does not come back', async () => {
    const own = await startNats();
    const agents = [0, 1].map((shard) => startAiperf(agentWords('natsless', shard, own)));
    const options: Options = {
      model: 'natsless',
      'request-rate': 40,
      'request-count': 4000,
      'shard-timeout': 2,
    };
    const run = coordinate('natsless', options, own);
    await untilSeen('natsless', 80, run);
    await own.kill();
    run.interrupt();
    const { code, stderr } = await run.ended;
    expect(code, stderr).toBe(130);
    const { request_count } = readJson(join(run.folder, 'profile_export_aiperf.json'));
    expect(request_count.avg).toBe(recordsIn(run.folder).length);
    expect(request_count.avg).toBeGreaterThan(0);
    for (const { child, ended } of agents) {
      child.kill('SIGKILL');
      await ended;
    }
  });

  it.concurrent('stops all shards at an interrupt, and keeps what was measured', async () => {
    const agents = runAgents('stopped');
    const run = coordinate('stopped', { model: 'stopped', 'request-rate': 40, 'request-count': 4000 });
    await untilSeen('stopped', 20, run);
    run.interrupt();
    const { code, stdout } = await run.ended;
    expect(code).toBe(130);
    expect(stdout).toContain('Run cancelled');
    for (const { ended } of agents) expect((await ended).code).toBe(0);
    expect(recordsIn(run.folder)).toHaveLength(seenOf('stopped').length);
  });
});
