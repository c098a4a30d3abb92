import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import { goldenIsThere, goldenText } from '../metrics/golden.js';
import {
  aiperf,
  filesBelow,
  type Options,
  panelText,
  profileWords,
  readJson,
  readRecords,
  startAiperf,
  temporaryFolder,
  withTelemetry,
} from './aiperf.js';
import { unhurried } from './unhurried.js';

const options: Options = {
  ...{ model: 'qwen3-0.6b', tokenizer: 'builtin', streaming: true, concurrency: '2,4,8' },
  ...{ 'request-count': 16, isl: 20, osl: 8 },
};

let server: MockServer;
beforeAll(async () => {
  server = await startMockServer({ port: 0, ttftMs: 5, itlMs: 1, outputTokens: 8 });
});
afterAll(() => server.close());

const url = () => `http://127.0.0.1:${server.port}`;
const sweepJson = (folder: string) =>
  readJson(join(folder, 'sweep_aggregate/profile_export_aiperf_sweep.json'));
const goldenFiles = (run: string) => goldenText(`${run}/files.txt`).trim().split('\n');

describe('a sweep', () => {
  let folder: string;
  let stdout: string;
  beforeAll(async () => {
    folder = temporaryFolder();
    const asked = { ...options, ...withTelemetry, url: url(), 'artifact-dir': folder, 'num-gpus': 2 };
    const ran = await aiperf(profileWords(asked), { env: unhurried });
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    stdout = ran.stdout;
  });

  it('leaves a whole run of each point, with its place among them', () => {
    for (const [index, concurrency] of [2, 4, 8].entries()) {
      const run = join(folder, `concurrency_${concurrency}`);
      expect(readRecords(join(run, 'profile_export.jsonl'))).toHaveLength(16);
      const { run_info: info, benchmark_id: id } = readJson(join(run, 'profile_export_aiperf.json'));
      expect(info).toEqual({
        ...{
          benchmark_id: id,
          sweep_id: readJson(join(folder, 'sweep_config.json')).sweep_id,
          random_seed: 42,
        },
        ...{
          trial: 0,
          run_label: 'run_0001',
          variation_label: `phases.profiling.concurrency=${concurrency}`,
        },
        ...{ variation_index: index, variation_values: { 'phases.profiling.concurrency': concurrency } },
        first_session: 0,
        cli_command: expect.stringContaining("--concurrency '2,4,8'"),
      });
      expect(id).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  it('sends the same prompts at each point', () => {
    const inputs = [2, 4, 8].map((c) => readFileSync(join(folder, `concurrency_${c}/inputs.json`), 'utf8'));
    const texts = inputs.map((text) =>
      JSON.parse(text).data.map(({ payloads }: { payloads: unknown }) => payloads),
    );
    expect(texts[1]).toEqual(texts[0]);
    expect(texts[2]).toEqual(texts[0]);
  });

  it('begins a point when the one before it has ended', () => {
    const times = [2, 4, 8].map((c) => {
      const records = readRecords(join(folder, `concurrency_${c}/profile_export.jsonl`));
      const sorted = (key: string) => records.map((record) => record.ns(key)).sort((a, b) => Number(a - b));
      return { start: sorted('request_start_ns')[0] ?? 0n, end: sorted('request_end_ns').at(-1) ?? 0n };
    });
    expect(times.slice(1).map(({ start }, i) => start > (times[i]?.end ?? 0n))).toEqual([true, true]);
  });

  it('sums up: best configurations, what no other point beats, and a recommendation', () => {
    const sweep = sweepJson(folder);
    expect(sweep).toMatchObject({ num_profile_runs: 3, num_successful_runs: 3, failed_runs: [] });
    expect(sweep.metadata.sweep_parameters).toEqual([{ name: 'concurrency', values: [2, 4, 8] }]);
    const rates = sweep.per_combination_metrics.map(
      ({ metrics }: { metrics: { request_throughput: { avg: number } } }) => metrics.request_throughput.avg,
    );
    expect(sweep.best_configurations.best_throughput.metric).toBe(Math.max(...rates));
    expect(sweep.best_configurations.best_latency_p99.unit).toBe('ms');
    expect(sweep.pareto_optimal.length).toBeGreaterThan(0);
    const [tradeOff] = sweep.trade_offs;
    expect(tradeOff.num_gpus).toBe(2);
    expect(stdout).toMatch(/AIPerf \| Sweep/);
    expect(stdout).toContain('tokens/s/GPU = total tokens/s / 2 GPUs (--num-gpus).');
    // Sixteen requests a point may differ by less than their noise.
    if (tradeOff.no_difference_beyond_noise) {
      expect(stdout).toContain(
        'No difference beyond noise between concurrency 2, 4 and 8: none is recommended',
      );
    } else {
      expect(tradeOff.pareto_frontier).toContainEqual(tradeOff.recommendations.cost.parameters);
      expect(stdout).toMatch(/lowest cost: concurrency \d/i);
    }
  });

  it.skipIf(!goldenIsThere)("has AIPerf's files, and its own", () => {
    const [ours, theirs] = [filesBelow(folder), goldenFiles('sweep')];
    expect(theirs.filter((file) => !ours.includes(file))).toEqual([]);
    expect(ours.filter((file) => !theirs.includes(file))).toEqual([
      ...[2, 4, 8].flatMap((point) =>
        ['profile_export_series.jsonl', 'server_metrics_export.csv', 'server_metrics_export.json'].map(
          (file) => `concurrency_${point}/${file}`,
        ),
      ),
      'sweep_config.json',
    ]);
  });

  describe('taken up again', () => {
    it('makes only what is missing, and comes to the same files', async () => {
      const [kept, lost] = ['concurrency_2', 'concurrency_4'].map((name) => join(folder, name));
      const before = readFileSync(join(kept ?? '', 'profile_export.jsonl'), 'utf8');
      rmSync(lost ?? '', { recursive: true });
      const ran = await aiperf(
        profileWords({ ...options, url: url(), 'artifact-dir': folder, resume: true, ui: 'simple' }),
      );
      expect(ran.code).toBe(0);
      expect(ran.stderr.match(/run \d of 3, [^\s:]+(: complete already, skipped)?/g)).toEqual([
        'run 1 of 3, concurrency_2: complete already, skipped',
        'run 2 of 3, concurrency_4',
        'run 3 of 3, concurrency_8: complete already, skipped',
      ]);
      expect(readFileSync(join(kept ?? '', 'profile_export.jsonl'), 'utf8')).toBe(before);
      expect(sweepJson(folder)).toMatchObject({ num_profile_runs: 3, num_successful_runs: 3 });
    });

    it('what aiperf report wrote anew is of the sweep still', async () => {
      const path = join(folder, 'concurrency_2/profile_export_aiperf.json');
      const { run_info: before, ...earlier } = readJson(path);
      writeFileSync(path, JSON.stringify({ run_info: before, ...earlier, request_throughput: undefined }));
      expect((await aiperf(['report', join(folder, 'concurrency_2'), '--rewrite'])).code).toBe(0);
      const { run_info: after, request_throughput: throughput } = readJson(path);
      expect(throughput.unit).toBe('requests/sec');
      expect(after).toEqual(before);
    });

    it('without --resume all runs are made anew, which is said', async () => {
      const before = sweepJson(folder).per_combination_metrics[0].metrics.request_throughput.avg;
      const ran = await aiperf(
        profileWords({ ...options, url: url(), 'artifact-dir': folder, ui: 'simple' }),
      );
      expect(ran.code).toBe(0);
      expect(ran.stderr).toMatch(new RegExp(`moved \\d+ files of an earlier run to ${folder}/previous\n`));
      expect(ran.stderr).not.toContain('skipped');
      expect(sweepJson(folder).per_combination_metrics[0].metrics.request_throughput.avg).not.toBe(before);
    });

    it('refuses a folder of another configuration, before anything is sent', async () => {
      const { code, stderr } = await aiperf(
        profileWords({ ...options, url: url(), 'artifact-dir': folder, resume: true, osl: 16, isl: 30 }),
      );
      expect(code).toBe(1);
      expect(panelText(stderr)).toBe(
        `--resume: ${folder} holds runs of another configuration: --isl was 20 and is 30 and --osl was 8 and is 16. ` +
          'Give the options that they were made with, name another folder with --artifact-dir, or leave out --resume to start anew.',
      );
    });
  });
});

it('taken up again, a sweep that asks for fidelity does not forget that the client was the limit of a point', async () => {
  const folder = temporaryFolder();
  const words: Options = {
    ...options,
    concurrency: '2,4',
    url: url(),
    'artifact-dir': folder,
    'strict-fidelity': true,
  };
  await aiperf(profileWords(words));
  const summary = (concurrency: number) =>
    join(folder, `concurrency_${concurrency}/profile_export_aiperf.json`);
  const judge = (concurrency: number, verdict: string) => {
    const json = readJson(summary(concurrency));
    writeFileSync(summary(concurrency), JSON.stringify({ ...json, fidelity: { ...json.fidelity, verdict } }));
  };
  judge(2, 'client ok');
  judge(4, 'client ok');
  expect((await aiperf(profileWords({ ...words, resume: true }))).code).toBe(0);
  judge(4, 'client limited');
  expect((await aiperf(profileWords({ ...words, resume: true }))).code).toBe(3);
});

describe('repeats', () => {
  it('of a run: a folder each, and how far they agree', async () => {
    const folder = temporaryFolder();
    const { code, stdout } = await aiperf(
      profileWords({ ...options, concurrency: 4, url: url(), 'artifact-dir': folder, 'num-profile-runs': 3 }),
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/AIPerf \| 3 runs/);
    const { metadata, metrics } = readJson(join(folder, 'aggregate/profile_export_aiperf_aggregate.json'));
    expect(metadata).toEqual({
      ...{ aggregation_type: 'confidence', num_profile_runs: 3, num_successful_runs: 3, failed_runs: [] },
      ...{ confidence_level: 0.95, run_labels: ['run_0001', 'run_0002', 'run_0003'], cooldown_seconds: 0 },
    });
    const rates = [1, 2, 3].map(
      (run) =>
        readJson(join(folder, `profile_runs/run_000${run}/profile_export_aiperf.json`)).request_throughput
          .avg,
    );
    const { mean, min, max, t_critical: t } = metrics.request_throughput_avg;
    expect([min, max]).toEqual([Math.min(...rates), Math.max(...rates)]);
    expect(mean).toBeCloseTo(rates.reduce((sum, rate) => sum + rate, 0) / 3, 9);
    expect(t).toBeCloseTo(4.30265273, 8);
    if (goldenIsThere) {
      const [ours, theirs] = [filesBelow(folder), goldenFiles('runs')];
      expect(theirs.filter((file) => !ours.includes(file))).toEqual([]);
    }
  });

  it('of a sweep: all points, then all of them again', async () => {
    const folder = temporaryFolder();
    const { code, stdout } = await aiperf(
      profileWords({
        ...{ ...options, concurrency: '2,4', url: url(), 'artifact-dir': folder, 'num-profile-runs': 2 },
        ...{ 'confidence-level': 0.9, 'warmup-request-count': 3, 'num-gpus': 2 },
      }),
    );
    expect(code).toBe(0);
    const point = join(folder, 'profile_runs/trial_0002/concurrency_4/profile_export_aiperf.json');
    expect(readJson(point).x_aiperf_ts.num_gpus).toBe(2);
    expect(stdout).toContain("± is the half width of the interval of 90 % confidence (Student's t).");
    const sweep = readJson(join(folder, 'aggregate/sweep_aggregate/profile_export_aiperf_sweep.json'));
    expect(sweep).toMatchObject({ num_profile_runs: 4, num_successful_runs: 4 });
    expect(sweep.metadata).toMatchObject({ num_trials_per_value: 2, confidence_level: 0.9 });
    expect(Object.keys(sweep.best_configurations)).toEqual(['best_throughput', 'best_latency_p99']);
    expect(sweep.pareto_optimal.length).toBeGreaterThan(0);
    if (goldenIsThere) {
      const [ours, theirs] = [filesBelow(folder), goldenFiles('grid')];
      expect(theirs.filter((file) => !ours.includes(file))).toEqual([]);
    }
  });

  it('without the warm-up of the first send what it sent, also when they are taken up again', async () => {
    const folder = temporaryFolder();
    const words = {
      ...{ ...options, concurrency: '1,2', 'request-count': 5, 'num-profile-runs': 2 },
      ...{ url: url(), 'artifact-dir': folder, 'warmup-request-count': 3 },
    };
    const run = (trial: number, concurrency: number) =>
      join(folder, `profile_runs/trial_000${trial}/concurrency_${concurrency}`);
    const sessions = (trial: number, concurrency: number) =>
      readRecords(join(run(trial, concurrency), 'profile_export.jsonl'))
        .map(({ metadata }) => metadata.conversation_id)
        .sort();
    expect((await aiperf(profileWords(words))).code).toBe(0);
    // Of 8 entries the warm-up's 3 come first.
    const entries = readJson(join(run(1, 1), 'inputs.json')).data;
    const measured = entries.slice(3).map(({ session_id: id }: { session_id: string }) => id);
    const expected = [...measured].sort();
    expect([entries.length, expected.length]).toEqual([8, 5]);
    for (const trial of [1, 2]) for (const c of [1, 2]) expect(sessions(trial, c)).toEqual(expected);
    rmSync(run(2, 2), { recursive: true });
    expect((await aiperf(profileWords({ ...words, resume: true }))).code).toBe(0);
    expect(sessions(2, 2)).toEqual(expected);
  });
});

describe('points that fail', () => {
  // Prompts of 200 tokens are refused.
  let limited: MockServer;
  beforeAll(async () => {
    limited = await startMockServer({ port: 0, ttftMs: 2, itlMs: 1, outputTokens: 8, contextLimit: 100 });
  });
  afterAll(() => limited.close());
  const sweep = (isl: string, folder: string) =>
    aiperf(
      profileWords({
        ...{ ...options, concurrency: 2, isl, url: `http://127.0.0.1:${limited.port}` },
        'artifact-dir': folder,
      }),
    );

  it('are noted, and the others go on', async () => {
    const folder = temporaryFolder();
    const { code, stderr } = await sweep('20,200,30', folder);
    expect(code).toBe(0);
    expect(stderr).toMatch(/ERROR {4}isl_200 failed: no request succeeded: /);
    const json = sweepJson(folder);
    expect(json).toMatchObject({ num_profile_runs: 3, num_successful_runs: 2 });
    expect(json.failed_runs).toEqual([
      { label: 'isl_200', error: expect.stringMatching(/^no request succeeded: /) },
    ]);
    const measured = json.per_combination_metrics.map((point: { parameters: unknown }) => point.parameters);
    expect(measured).toEqual([{ isl: 20 }, { isl: 30 }]);
    expect(json.metadata.num_combinations).toBe(3);
  });

  it('when only one run succeeds the exit code is 1', async () => {
    expect((await sweep('20,200', temporaryFolder())).code).toBe(1);
  });
});

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  it('in a point: it is finished off, later ones are not begun, what is there is summed up', async () => {
    const slow = await startMockServer({ port: 0, ttftMs: 20, itlMs: 1, outputTokens: 8 });
    const folder = temporaryFolder();
    const { child, ended } = startAiperf(
      profileWords({
        ...{
          ...options,
          concurrency: '2,4,8',
          'request-count': '10,100000,10',
          'sweep-type': 'zip',
          ui: 'simple',
        },
        ...{ url: `http://127.0.0.1:${slow.port}`, 'artifact-dir': folder, 'num-dataset-entries': 20 },
      }),
      { env: unhurried },
    );
    let said = '';
    child.stderr?.on('data', (text: string) => {
      const sends = (all: string) => /concurrency_4__requests_100000[\s\S]*profiling: 4 in flight/.test(all);
      const before = sends(said);
      said += text;
      if (!before && sends(said)) setTimeout(() => child.kill(signal), 500);
    });
    const { code, stdout } = await ended;
    await slow.close();
    expect(code).toBe(130);
    const second = readJson(join(folder, 'concurrency_4__requests_100000/profile_export_aiperf.json'));
    expect(second).toMatchObject({ was_cancelled: true, is_complete: false });
    expect(filesBelow(folder).filter((file) => file.startsWith('concurrency_8'))).toEqual([]);
    const sweep = sweepJson(folder);
    expect(sweep).toMatchObject({ num_profile_runs: 3, num_successful_runs: 1 });
    expect(sweep.failed_runs).toEqual([{ label: 'concurrency_4__requests_100000', error: 'interrupted' }]);
    expect(stdout).toMatch(/AIPerf \| Sweep/);
  });

  it('in a cool-down ends the wait', async () => {
    const folder = temporaryFolder();
    const { child, ended } = startAiperf(
      profileWords({
        ...{ ...options, url: url(), 'artifact-dir': folder, ui: 'simple' },
        'parameter-sweep-cooldown-seconds': 1000,
      }),
    );
    child.stderr?.on('data', (text: string) => {
      if (text.includes('cooling down for 1000 s')) child.kill(signal);
    });
    expect((await ended).code).toBe(130);
    expect(sweepJson(folder)).toMatchObject({ num_successful_runs: 1, failed_runs: [] });
  });
});

it("a config file of AIPerf's own form is run as it says", async () => {
  const folder = temporaryFolder();
  const config = join(folder, 'sweep.yaml');
  writeFileSync(
    config,
    `schemaVersion: "2.0"
randomSeed: 7
benchmark:
  model: m
  tokenizer: {name: builtin}
  endpoint: {url: "${url()}", streaming: true, extra: {ignore_eos: true}}
  datasets:
    - {name: main, type: synthetic, entries: 10, prompts: {isl: 20, osl: 4}}
  phases:
    - {name: warmup, type: concurrency, concurrency: 2, requests: 3}
    - {name: profiling, type: concurrency, concurrency: 1, requests: 10}
  artifacts: {dir: "${join(folder, 'run')}"}
sweep:
  type: grid
  parameters:
    phases.profiling.concurrency: [1, 4]
    datasets.main.prompts.isl: [20, 40]
`,
  );
  const ran = await aiperf(['profile', '--config', config, '--ui', 'none', '--no-sweep-table']);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  for (const point of ['isl_20__concurrency_1', 'isl_20__concurrency_4', 'isl_40__concurrency_4']) {
    const run = join(folder, 'run', point);
    const isl = Number(point.slice(4, 6));
    const records = readRecords(join(run, 'profile_export.jsonl'));
    expect(records.map(({ metrics }) => metrics.input_sequence_length?.value)).toEqual(Array(10).fill(isl));
    expect(readRecords(join(run, 'profile_export_warmup.jsonl'))).toHaveLength(3);
    const { phases } = readJson(join(run, 'profile_export_aiperf.json')).input_config;
    expect(phases).toMatchObject([
      { name: 'warmup', type: 'concurrency', concurrency: 2, requests: 3 },
      { name: 'profiling', type: 'concurrency', concurrency: Number(point.slice(-1)), requests: 10 },
    ]);
  }
});
