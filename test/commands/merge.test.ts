import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunFacts } from '../../src/run/facts.js';
import { panelText, readRecords, temporaryFolder } from '../e2e/aiperf.js';
import { wideAiperf } from './in-process.js';
import { endedRequests, factsOfShard, plan, writeRun } from './shard-folders.js';

const linesOf = endedRequests();
let root: string;
let dirs: string[];
let whole: string;

beforeEach(() => {
  root = temporaryFolder();
  dirs = [0, 1, 2].map((shard) =>
    writeRun(join(root, `shard-${shard}`), linesOf(shard, 3), factsOfShard(shard)),
  );
  whole = join(root, 'whole');
});

const merge = (...argv: string[]) => wideAiperf('merge', ...argv, '--artifact-dir', whole);

async function refusal(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await merge(...argv);
  expect([code, stdout]).toEqual([1, '']);
  return panelText(stderr);
}

const json = (dir: string) => JSON.parse(readFileSync(join(dir, 'profile_export_aiperf.json'), 'utf8'));

/** The members of a summary that hold results. */
function resultsIn(dir: string): [string, unknown][] {
  return Object.entries(json(dir)).filter(
    ([, member]) => typeof member === 'object' && member !== null && 'avg' in member,
  );
}

describe('the shards of a run', () => {
  it('come to what one machine would have written, bit for bit', async () => {
    const one = writeRun(join(root, 'one'), linesOf(undefined), {}, null);
    expect((await wideAiperf('report', one)).code).toBe(0);
    const { code, stderr, stdout } = await merge(...dirs);
    expect([code, stderr]).toEqual([0, '']);
    const results = resultsIn(whole);
    expect(results.length).toBeGreaterThan(20);
    expect(results).toEqual(resultsIn(one));
    expect(json(whole).error_summary).toEqual(json(one).error_summary);
    expect(readFileSync(join(whole, 'profile_export_aiperf.csv'), 'utf8')).toBe(
      readFileSync(join(one, 'profile_export_aiperf.csv'), 'utf8'),
    );
    expect(stdout).toContain(
      'Merge: exact. All shards started within 0.00 ms by their clocks, which were not compared.',
    );
  });

  it('have their records in the order of their starts, each with its shard', async () => {
    await merge(...dirs);
    const records = readRecords(join(whole, 'profile_export.jsonl'));
    expect(records.map(({ metadata }) => [metadata.session_num, metadata.shard])).toEqual(
      Array.from({ length: 40 }, (_, number) => [number, number % 3]),
    );
    const lines = readFileSync(join(whole, 'profile_export.jsonl'), 'utf8').split('\n').slice(0, -1);
    expect([...lines].sort()).toEqual(
      [0, 1, 2]
        .flatMap((shard) => linesOf(shard, 3))
        .map((line) => line.trimEnd())
        .sort(),
    );
  });

  it('say how they were put together; the folder is that of a run', async () => {
    await merge(...dirs);
    const { shards, is_complete } = json(whole);
    expect([shards.merge, shards.reasons, shards.count, is_complete]).toEqual(['exact', [], 3, true]);
    expect(shards.shards[1]).toMatchObject({
      ...{ shard: 1, host: 'host-1', state: 'complete', records: { warmup: 0, profiling: 13 } },
      ...{ due: { profiling: 13 }, missing: { profiling: 0 }, start_skew_ms: 0 },
    });
    const again = await wideAiperf('report', whole);
    expect([again.code, again.stderr]).toEqual([0, '']);
    expect(again.stdout).toContain('Merge: exact.');
  });

  it('may have nothing to send', async () => {
    const few = { ...plan, dueProfiling: [40, 0, 0] };
    const own = [linesOf(undefined), [], []].map((lines, shard) =>
      writeRun(join(root, `few-${shard}`), lines, factsOfShard(shard, few)),
    );
    expect((await merge(...own)).code).toBe(0);
    expect(json(whole).shards.merge).toBe('exact');
  });
});

describe('the shards of a sweep', () => {
  let series: string[];

  beforeEach(() => {
    series = [0, 1, 2].map((shard) => join(root, `sweep-${shard}`));
    for (const [shard, dir] of series.entries()) {
      for (const [variationIndex, rate] of [20, 10].entries())
        writePoint(shard, variationIndex, rate, `rate_${rate}.0`);
      writeFileSync(join(dir, 'sweep_config.json'), '{"cooldown_seconds":30.0}');
    }
  });

  /** @param stored members of its summary. */
  function writePoint(shard: number, variationIndex: number, rate: number, folder: string, stored = {}) {
    const facts: RunFacts = {
      ...{ ...factsOfShard(shard), sweepId: 'x', trial: 0, label: 'run_0001', variationIndex },
      variationValues: { 'phases.profiling.rate': rate },
      inputConfig: { models: { items: [{ name: 'm' }] } },
    };
    writeRun(join(series[shard] ?? '', folder), linesOf(shard, 3), facts, stored);
  }

  const sweepOf = () =>
    JSON.parse(readFileSync(join(whole, 'sweep_aggregate', 'profile_export_aiperf_sweep.json'), 'utf8'));

  it('come to the aggregates and the table of the whole sweep', async () => {
    writeFileSync(join(series[0] ?? '', 'rate_20.0', 'outputs.json'), '{}');
    const { code, stdout, stderr } = await merge(...series);
    expect([code, stderr]).toEqual([
      0,
      'Not merged, and still in the folders of the shards: outputs.json.\n',
    ]);
    expect(stdout).toMatch(/│ +20\.0 │[\s\S]*│ +10\.0 │/);
    expect(sweepOf()).toMatchObject({ num_profile_runs: 2, num_successful_runs: 2, failed_runs: [] });
    const point = join(whole, 'aggregate', 'rate_10.0', 'profile_export_aiperf_aggregate.json');
    const { metadata, metrics } = JSON.parse(readFileSync(point, 'utf8'));
    expect(metadata).toMatchObject({
      variation_values: { 'phases.profiling.rate': 10 },
      cooldown_seconds: 30,
    });
    expect(metrics.request_count_avg.mean).toBe(json(join(whole, 'rate_10.0')).request_count.avg);
  });

  it('have no pause on which they do not agree', async () => {
    writeFileSync(join(series[1] ?? '', 'sweep_config.json'), '{}');
    expect((await merge(...series)).code).toBe(0);
    const point = join(whole, 'aggregate', 'rate_10.0', 'profile_export_aiperf_aggregate.json');
    expect(JSON.parse(readFileSync(point, 'utf8')).metadata).not.toHaveProperty('cooldown_seconds');
  });

  it('are merged without a point that they did not start together', async () => {
    writePoint(1, 1, 10, 'rate_10.0', { start_time: '2026-01-01T00:00:40.000000' });
    const { code, stderr } = await merge(...series);
    const why =
      'Shard 1 (host-1) started 40.0 s after shard 0 (host-0) by their clocks: the load of the whole run was another one, or a clock is wrong.';
    expect([code, stderr]).toEqual([
      1,
      `rate_10.0 is not merged: ${why} Start all shards with the same --start-at on machines with synchronized clocks; to merge these all the same, raise --max-skew (30 s).\n`,
    ]);
    expect(existsSync(join(whole, 'rate_10.0'))).toBe(false);
    expect(json(join(whole, 'rate_20.0')).shards.merge).toBe('exact');
    expect(sweepOf()).toMatchObject({
      num_successful_runs: 1,
      failed_runs: [{ label: 'rate_10.0', error: why }],
    });
  });

  it('name the point that a shard has no folder of', async () => {
    rmSync(join(series[2] ?? '', 'rate_10.0'), { recursive: true });
    expect(await refusal(...series)).toMatch(/^rate_10\.0: Shard 2 of 3 is missing\. /);
  });
});

describe('what is lost is counted', () => {
  it('a missing shard', async () => {
    const [first = '', , third = ''] = dirs;
    expect(await refusal(first, third)).toMatch(
      /^Shard 1 of 3 is missing\. Name the folders of all shards\./,
    );
    expect(existsSync(whole)).toBe(false);
    const { code, stderr } = await merge(first, third, '--allow-missing');
    expect(code).toBe(0);
    expect(stderr).toBe(
      'Degraded: shard 1 of 3 is missing: 13 of the 13 requests due from it have no record.\n',
    );
    expect(json(whole)).toMatchObject({
      is_complete: false,
      request_count: { avg: 23 },
      shards: { merge: 'degraded', shards: [{}, { state: 'missing', missing: { profiling: 13 } }, {}] },
    });
  });

  it('a shard that was killed', async () => {
    writeRun(dirs[2] ?? '', linesOf(2, 3).slice(0, 9), factsOfShard(2), null);
    rmSync(join(dirs[2] ?? '', 'profile_export_aiperf.json'));
    const { code, stderr } = await merge(...dirs);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'Degraded: shard 2 (host-2) was lost 1.3 s after the start (last request with a record): 4 of the 13 requests due from it have no record.\n',
    );
    const [, , third] = json(whole).shards.shards;
    expect(third).toMatchObject({ state: 'cut short', records: { profiling: 9 }, missing: { profiling: 4 } });
  });

  it('a shard that was killed before its first record', async () => {
    rmSync(join(dirs[2] ?? '', 'profile_export_aiperf.json'));
    rmSync(join(dirs[2] ?? '', 'profile_export.jsonl'));
    const { code, stderr } = await merge(...dirs);
    expect(code).toBe(1);
    expect(stderr).toContain('13 of the 13 requests due from it have no record');
  });

  it('a shard that was killed is no pass for what asks about the run', async () => {
    writeRun(dirs[2] ?? '', linesOf(2, 3).slice(0, 9), factsOfShard(2), null);
    rmSync(join(dirs[2] ?? '', 'profile_export_aiperf.json'));
    await merge(...dirs);
    const question = ['report', whole, '--metric', 'request_latency', '--format', 'json'];
    const { stdout, stderr } = await wideAiperf(...question);
    const reason =
      'Merged from 3 of 3 shards, degraded: shard 2 (host-2) was lost 1.3 s after the start (last request with a record): 4 of the 13 requests due from it have no record.';
    expect(stderr).toBe(`Incomplete results: ${reason}\n`);
    expect(JSON.parse(stdout)).toMatchObject({ is_complete: false, incomplete_reason: reason });
    const one = writeRun(join(root, 'one'), linesOf(undefined), {}, null);
    await wideAiperf('report', one);
    const compared = await wideAiperf('plot', whole, one, '--format', 'svg', '--output', join(root, 'plots'));
    expect(compared.stderr).toContain(
      `${whole} is not weighed, since its results are incomplete: ${reason}\n`,
    );
  });

  it('records that the summary counts', async () => {
    const stored = { completed_request_count: { unit: 'requests', avg: 13 } };
    writeRun(dirs[1] ?? '', linesOf(1, 3).slice(0, 12), factsOfShard(1), stored);
    const { code, stderr } = await merge(...dirs);
    expect([code, stderr]).toEqual([
      1,
      'Degraded: shard 1 (host-1) was cut short (its file holds 12 of the 13 records that its summary counts: copy its folder again): 1 of the 13 requests due from it have no record.\n',
    ]);
  });

  it('a late start', async () => {
    const late = { start_time: '2026-01-01T00:00:04.500000' };
    writeRun(dirs[1] ?? '', linesOf(1, 3), factsOfShard(1), late);
    expect((await merge(...dirs)).stderr).toBe('Degraded: shard 1 (host-1) started 4.5 s after the first.\n');
  });
});

describe('clocks that were set', () => {
  it('are reported, by their shards and by the server', async () => {
    const [, second = '', third = ''] = dirs;
    writeRun(second, linesOf(1, 3), factsOfShard(1), { clock_drift: { wall_ms: -5000.25 } });
    writeRun(third, linesOf(2, 3), factsOfShard(2, plan, 200), {
      clock_drift: { wall_ms: 0.5, server_ms: 7500, server_error_ms: 2000 },
    });
    const { code, stderr } = await merge(...dirs);
    expect([code, stderr.trimEnd().split('\n')]).toEqual([
      0,
      [
        'Degraded: the wall clock was set forward by 5.0 s on shard 1 (host-1) during the run, which its times do not follow.',
        'Degraded: the clocks of shard 2 (host-2) and http://server:8000 drifted apart by 7.5 s (± 2.0 s) during the run.',
      ],
    ]);
    const drifts = json(whole).shards.shards.map(
      (shard: object) => 'clock_drift_ms' in shard && shard.clock_drift_ms,
    );
    expect(drifts).toEqual([false, -5000.25, 0.5]);
  });
});

describe('bad input is refused before anything is written', () => {
  it.each([
    ['the version of aiperf is 0.1.0 in', { ...plan, version: '0.2.0' }],
    ['--request-rate is 20 in', { ...plan, options: { ...plan.options, '--request-rate': '30' } }],
    [
      '--input-file trace.jsonl has 10 bytes in',
      { ...plan, files: [{ option: '--input-file', name: 'trace.jsonl', bytes: 11, sha256: 'ac' }] },
    ],
    ['their prompts differ: the machines have another tokenizer', { ...plan, dataset: 'ce' }],
    ['the number of shards is 3 in', { ...plan, shards: 4 }],
  ])('%s', async (words, other) => {
    writeRun(dirs[2] ?? '', linesOf(2, 3), factsOfShard(2, other));
    const said = await refusal(...dirs);
    expect(said).toContain('are not shards of one run: ');
    expect(said).toContain(words);
    expect(existsSync(whole)).toBe(false);
  });

  it('a shard that is there twice, a folder that is none, a whole run, records of more than its part', async () => {
    const [first = '', second = ''] = dirs;
    expect(await refusal(first, second, first)).toMatch(/^Shard 0 is there twice: /);
    expect(await refusal(first, join(root, 'none'))).toMatch(/^There is no folder /);
    expect(await refusal(first, root)).toMatch(/is not the folder of a run: it holds no run_config\.json\./);
    const one = writeRun(join(root, 'one'), linesOf(undefined), {});
    expect(await refusal(first, one)).toMatch(/is a whole run of one machine: there is nothing to merge\./);
    writeRun(second, linesOf(undefined), factsOfShard(1));
    expect(await refusal(...dirs)).toMatch(
      /Profiling request \d+ has two records|and 13 requests were due from shard 1/,
    );
  });

  it('clocks a minute apart', async () => {
    writeRun(dirs[1] ?? '', linesOf(1, 3), factsOfShard(1), { start_time: '2026-01-01T00:01:00.000000' });
    expect(await refusal(...dirs)).toMatch(
      /^Shard 1 \(host-1\) started 60\.0 s after shard 0 \(host-0\) by their clocks/,
    );
    expect((await merge(...dirs, '--max-skew', '90')).code).toBe(0);
  });

  it('clocks a minute apart by the server, though each shard started at --start-at by its own', async () => {
    const [first = '', second = ''] = dirs;
    writeRun(first, linesOf(0, 3), factsOfShard(0, plan, 200));
    writeRun(second, linesOf(1, 3), factsOfShard(1, plan, 60_000));
    expect(await refusal(...dirs)).toBe(
      'Clocks are at least 57.8 s apart: that of shard 1 (host-1) is 60.0 s (± 1.0 s) behind, and that of shard 0 (host-0) is 0.2 s (± 1.0 s) behind the clock of http://server:8000. The shards did not send at the same time. Synchronize the clocks (chrony, ntpd) and run again; to merge these all the same, raise --max-skew (30 s).',
    );
    expect(existsSync(whole)).toBe(false);
    const { code, stderr, stdout } = await merge(...dirs, '--max-skew', '90');
    expect([code, stderr]).toEqual([
      0,
      'Degraded: clocks differ: that of shard 1 (host-1) is 60.0 s (± 1.0 s) behind, and that of shard 0 (host-0) is 0.2 s (± 1.0 s) behind the clock of http://server:8000.\n',
    ]);
    expect(stdout).toContain('60,000 ± 1,000');
    expect(stdout).toContain('not measured');
  });

  it('a folder that holds something', async () => {
    whole = root;
    expect(await refusal(...dirs)).toMatch(/is not empty\. Name a new folder with --artifact-dir\.$/);
    const [first = ''] = dirs;
    whole = first;
    const hint = 'Name a new folder with --artifact-dir.';
    expect(await refusal(...dirs)).toBe(`--artifact-dir is the folder of a shard, '${first}'. ${hint}`);
    symlinkSync(first, join(root, 'link'));
    whole = join(root, 'link', 'a', 'b');
    expect(await refusal(...dirs)).toBe(
      `--artifact-dir is inside the folder of a shard, '${first}'. ${hint}`,
    );
    whole = join(first, 'run_config.json', 'x');
    expect(await refusal(...dirs)).toMatch(/^--artifact-dir is inside/);
  });

  it('a configuration that is cut off', async () => {
    const path = join(dirs[1] ?? '', 'run_config.json');
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 100));
    expect(await refusal(...dirs)).toBe(
      `${path} is cut off or damaged: it is no JSON. Copy the folder of the shard again.`,
    );
  });

  it('a line that is no record: nothing is left', async () => {
    const path = join(dirs[1] ?? '', 'profile_export.jsonl');
    writeFileSync(path, `${readFileSync(path, 'utf8')}{}\n`);
    expect(await refusal(...dirs)).toContain(
      'profile_export.jsonl:14: this line is not a record of a request.',
    );
    expect(existsSync(whole) ? readdirSync(whole) : []).toEqual([]);
  });
});
