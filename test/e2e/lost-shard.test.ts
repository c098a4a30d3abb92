import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SpoolReader } from '../../src/records/spool-reader.js';
import { aiperf, profileWords, readJson, readRecords, startAiperf, temporaryFolder } from './aiperf.js';
import { startScriptedServer, streamTokens } from './scripted-server.js';

it('a killed shard: what was due in each slice, and what has a record', async () => {
  const server = await startScriptedServer((_, response) => streamTokens(response, ['x', ' y']));
  const root = temporaryFolder();
  const dirs = [0, 1].map((shard) => join(root, `shard-${shard}`));
  const [other, victim] = dirs.map((dir, shard) =>
    startAiperf(
      profileWords({
        ...{ url: server.url, model: 'm', tokenizer: 'builtin', streaming: true, isl: 5, osl: 2 },
        ...{ 'request-rate': 40, 'request-rate-mode': 'constant', 'request-count': 80 },
        ...{ 'random-seed': 1, shard: `${shard}/2`, 'slice-duration': 0.5, 'artifact-dir': dir },
      }),
    ),
  );
  // Its first records are on the disk.
  const spool = new SpoolReader(join(dirs[1] ?? '', 'spool'), 0);
  const hasRecords = () => {
    const batch = spool.next();
    return batch !== undefined && !batch.isPrewarm;
  };
  while (!hasRecords() && victim?.child.exitCode === null) await wait(5);
  victim?.child.kill('SIGKILL');
  await victim?.ended;
  expect((await other?.ended)?.code).toBe(0);
  await server.close();
  const whole = join(root, 'whole');
  // On busy cores, one may start seconds after the other.
  const merge = ['merge', ...dirs, '--artifact-dir', whole, '--max-skew', '600'];
  const { code, stdout } = await aiperf(merge);
  expect(code).toBe(1);

  const { offered, shards } = readJson(join(whole, 'profile_export_aiperf.json')).shards;
  const slices: readonly {
    planned: number;
    achieved: number;
    shards: [{ planned: number; achieved: number }];
  }[] = offered.slices;
  // Request k is due after k + 1 times 25 ms; those of shard 1 each 50 ms, so that two fall on the start of a slice.
  expect(slices.slice(0, 5).map(({ planned }) => planned)).toEqual([19, 20, 20, 20, 1]);
  expect(slices.slice(0, 5).map(({ shards: [one] }) => one.planned)).toEqual([9, 10, 10, 10, 1]);
  const [, seconds = '', micros = ''] = /^(.*)\.(\d{6})$/.exec(offered.started_at_ns) ?? [];
  const startNs = BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(micros) * 1000n;
  const sent = readRecords(join(whole, 'profile_export.jsonl')).map((record) => ({
    slice: Math.min(slices.length - 1, Number((record.ns('request_start_ns') - startNs) / 500_000_000n)),
    shard: record.metadata.shard,
  }));
  const sentIn = (slice: number) => sent.filter((one) => one.slice === slice);
  expect(slices.map(({ achieved }) => achieved)).toEqual(slices.map((_, slice) => sentIn(slice).length));
  expect(slices.map(({ shards: [one] }) => one.achieved)).toEqual(
    slices.map((_, slice) => sentIn(slice).filter(({ shard }) => shard === 1).length),
  );
  const lost = 40 - sent.filter(({ shard }) => shard === 1).length;
  expect(lost).toBeGreaterThan(0);
  expect(shards[1]).toMatchObject({ state: 'cut short', missing: { profiling: lost } });
  expect(offered).toMatchObject({
    ...{ planned: 80, achieved: 80 - lost },
    shards: [{ shard: 1, planned: 40, achieved: 40 - lost }],
  });
  expect(stdout).toContain('AIPerf | INCOMPLETE RESULTS');
  expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
    new RegExp(
      `shard 1 \\(\\S+\\) was lost [\\d.]+ s after the start \\(last request with a record\\): ${lost} of the 40 requests due from it have no record`,
    ),
  );
  expect(stdout).toContain(`Offered load: ${80 - lost} of 80 planned requests have a record`);
  // The report reads it back.
  expect((await aiperf(['report', whole])).stdout).toContain(`Shard 1: ${40 - lost} of 40 planned requests`);
});
