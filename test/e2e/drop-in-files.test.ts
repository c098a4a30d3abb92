import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import {
  aiperf,
  filesBelow,
  type Options,
  profileWords,
  readJson,
  readRecords,
  temporaryFolder,
  withTelemetry,
} from './aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';

let server: MockServer;
beforeAll(async () => {
  server = await startMockServer({ port: 0, ttftMs: 5, itlMs: 1 });
});
afterAll(() => server.close());

/** Runs against the simulated server; the folder of the results. */
async function profile(options: Options): Promise<string> {
  const folder = temporaryFolder();
  const { code, stderr } = await aiperf(
    profileWords({
      ...withTelemetry,
      ...{ model: 'm', tokenizer: 'builtin', url: `127.0.0.1:${server.port}`, streaming: true },
      ...{ 'random-seed': 7, 'artifact-dir': folder, ...options },
    }),
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return folder;
}

function inputFile(rows: readonly object[]): string {
  const path = join(temporaryFolder(), 'rows.jsonl');
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

describe('input_config', () => {
  /** Its parts that differ between the runs below, in AIPerf's words. */
  const parts = async (options: Options) => {
    const prompts: Options = 'input-file' in options ? {} : { isl: 20, osl: 4 };
    const folder = await profile({ ...prompts, ...options });
    const { input_config, x_aiperf_ts } = readJson(join(folder, 'profile_export_aiperf.json'));
    const { datasets, phases, endpoint, artifacts } = input_config;
    return { input_config, x_aiperf_ts, dataset: datasets[0], phases, endpoint, artifacts, folder };
  };

  it('has the keys and values of AIPerf for a run at a concurrency', async () => {
    const { input_config, x_aiperf_ts, folder } = await parts({ concurrency: 2, 'request-count': 4 });
    expect(input_config).toEqual({
      models: { items: [{ name: 'm' }] },
      endpoint: { urls: [`http://127.0.0.1:${server.port}`], type: 'chat', streaming: true },
      datasets: [
        {
          ...{ name: 'main', type: 'synthetic', entries: 4, random_seed: 7 },
          prompts: { isl: { mean: 20 }, osl: { mean: 4 } },
        },
      ],
      phases: [{ name: 'profiling', kind: 'profiling', type: 'concurrency', requests: 4, concurrency: 2 }],
      artifacts: { dir: folder, auto_plot: false, plot_required: false },
      tokenizer: { name: 'builtin' },
      gpu_telemetry: { enabled: true },
      server_metrics: { enabled: true, urls: [], formats: ['json', 'csv'] },
      network_latency: { enabled: false },
      otel: {},
      mlflow: {},
      wandb: {},
      runtime: { ui: 'none', workers: expect.any(Number) },
    });
    expect(x_aiperf_ts).toBeUndefined();
  });

  it.each([
    [{ 'request-rate': 50 }, { type: 'poisson', rate: 50 }],
    [
      { 'request-rate': 50, 'arrival-pattern': 'constant', concurrency: 3, 'concurrency-ramp-duration': 0.1 },
      { type: 'constant', rate: 50, concurrency: 3, concurrency_ramp: { duration: 0.1 } },
    ],
    [
      { 'request-rate': 50, 'arrival-smoothness': 2, 'request-rate-ramp-duration': 0.1 },
      { type: 'gamma', rate: 50, smoothness: 2, rate_ramp: { duration: 0.1 } },
    ],
    [
      { 'user-centric-rate': 20, 'num-users': 4, 'conversation-turn-mean': 3 },
      { type: 'user_centric', rate: 20, users: 4 },
    ],
  ])('names the kind of load of %j', async (options, phase) => {
    const { phases } = await parts({ ...(options as Options), 'request-count': 4 });
    expect(phases).toEqual([{ name: 'profiling', kind: 'profiling', requests: 4, ...phase }]);
  });

  it('names sessions and seconds where they end the run, and no requests then', async () => {
    const sessions = await parts({
      ...{ concurrency: 2, 'conversation-num': 2, 'conversation-turn-mean': 3 },
      ...{ 'conversation-turn-delay-mean': 5, 'conversation-turn-delay-ratio': 0.5 },
    });
    expect(sessions.phases).toEqual([
      { name: 'profiling', kind: 'profiling', type: 'concurrency', sessions: 2, concurrency: 2 },
    ]);
    expect(sessions.dataset).toMatchObject({
      turns: { mean: 3, stddev: 0 },
      turn_delay: { mean: 5, stddev: 0 },
      turn_delay_ratio: 0.5,
    });
    const seconds = await parts({ concurrency: 2, 'benchmark-duration': 0.3 });
    expect(seconds.phases).toEqual([
      {
        ...{ name: 'profiling', kind: 'profiling', type: 'concurrency', concurrency: 2 },
        ...{ duration: 0.3, grace_period: 30 },
      },
    ]);
  });

  it('tells the part of a schedule, how a trace was changed, and the lag of its replay', async () => {
    const rows = [0, 40, 80].map((timestamp, i) => ({
      ...{ timestamp, input_length: 20, output_length: 4, hash_ids: [i] },
    }));
    const { phases, dataset, folder } = await parts({
      ...{ 'input-file': inputFile(rows), 'custom-dataset-type': 'mooncake_trace', 'fixed-schedule': true },
      ...{ 'fixed-schedule-start-offset': 0, 'synthesis-speedup-ratio': 2 },
    });
    expect(phases).toEqual([
      {
        ...{ name: 'profiling', kind: 'profiling', type: 'fixed_schedule', requests: 3 },
        ...{ auto_offset: false, start_offset: 0 },
      },
    ]);
    expect(dataset).toMatchObject({
      ...{ type: 'file', format: 'mooncake_trace', synthesis: { speedup_ratio: 2 } },
    });
    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    expect(summary.replay_sched_degraded).toEqual({ unit: 'count', avg: expect.any(Number) });
    for (const name of ['p50', 'p90', 'p99']) {
      expect(summary[`replay_sched_lag_${name}`]).toEqual({ unit: 'ms', avg: expect.any(Number) });
    }
    expect(summary.requested_osl).toMatchObject({ unit: 'tokens', avg: 4, count: 3 });
  });

  it('keeps what AIPerf has no word for beside it, where our own reader finds it', async () => {
    const { input_config, x_aiperf_ts, endpoint, artifacts, folder } = await parts({
      ...{ concurrency: 1, 'request-count': 2, 'num-gpus': 2, transport: 'undici', 'export-level': 'raw' },
      ...{ 'custom-endpoint': '/v1/chat/completions', 'use-server-token-count': true, header: 'X-A: b' },
      ...{ 'session-header': 'X-Session', 'slice-duration': 5, 'export-http-trace': true },
    });
    expect(x_aiperf_ts).toEqual({ num_gpus: 2, transport: 'undici' });
    expect(endpoint).toMatchObject({
      ...{ path: '/v1/chat/completions', use_server_token_count: true, session_header: 'X-Session' },
    });
    expect(artifacts).toEqual({
      ...{ dir: folder, records: ['jsonl'], raw: true, trace: true, slice_duration: 5 },
      ...{ auto_plot: false, plot_required: false },
    });
    const stored = readJson(join(folder, 'run_config.json'));
    expect([stored.cfg, stored.x_aiperf_ts]).toEqual([input_config, x_aiperf_ts]);
    const slices = readJson(join(folder, 'profile_export_aiperf_timeslices.json'));
    expect([slices.input_config, slices.x_aiperf_ts]).toEqual([input_config, x_aiperf_ts]);
  });
});

describe('a run with a warm-up', () => {
  it('leaves the results of each phase, a list of them, and the mark of finished results', async () => {
    const folder = await profile({
      ...{ concurrency: 2, 'request-count': 6, 'warmup-request-count': 3, isl: 20, osl: 4 },
      'profile-export-prefix': 'foo',
    });
    expect(filesBelow(folder)).toEqual(
      [
        ...['.aiperf_results_ready.json', 'foo.csv', 'foo.json', 'foo.jsonl', 'foo_console.txt'],
        ...['foo_series.jsonl', 'foo_warmup.jsonl', 'inputs.json', 'logs/aiperf.log', 'phase_manifest.json'],
        ...['phases/profiling/profile_export_aiperf.csv', 'phases/profiling/profile_export_aiperf.json'],
        ...['phases/warmup/profile_export_aiperf.csv', 'phases/warmup/profile_export_aiperf.json'],
        ...['foo_server_metrics.csv', 'foo_server_metrics.json'],
        ...['phases/profiling/server_metrics.json', 'phases/warmup/server_metrics.json'],
        'run_config.json',
      ].sort(),
    );
    const manifest = readFileSync(join(folder, 'phase_manifest.json'), 'utf8');
    const phase = (name: string, requests: number, index: number, profilingIndex: number | null) => ({
      end_ns: expect.any(Number),
      ...{ error_request_count: 0, error_summary: [] },
      metrics_csv: `phases/${name}/profile_export_aiperf.csv`,
      metrics_json: `phases/${name}/profile_export_aiperf.json`,
      ...{ phase_index: index, phase_kind: name, phase_name: name, profiling_index: profilingIndex },
      server_metrics_json: `phases/${name}/server_metrics.json`,
      start_ns: expect.any(Number),
      ...{ successful_request_count: requests, total_request_count: requests, was_cancelled: false },
    });
    expect(JSON.parse(manifest)).toEqual({
      phases: [phase('warmup', 3, 0, null), phase('profiling', 6, 1, 0)],
      schema_version: 1,
    });
    // In order, to the nanosecond.
    const [warmupEnd, warmupStart, end, start] = [...manifest.matchAll(/"(?:start|end)_ns": (\d{19}),/g)].map(
      ([, ns = '']) => BigInt(ns),
    ) as [bigint, bigint, bigint, bigint];
    const records = readRecords(join(folder, 'foo.jsonl')).map(({ ns }) => ns('request_end_ns'));
    expect(end).toBe(records.sort().at(-1));
    expect(warmupStart < warmupEnd && warmupEnd < start && start < end).toBe(true);

    const summary = readJson(join(folder, 'foo.json'));
    const { warmup_metrics, telemetry_data, ...whole } = summary;
    expect(telemetry_data.endpoints).toEqual({});
    expect(readJson(join(folder, 'phases/profiling/profile_export_aiperf.json'))).toEqual(whole);
    const warmup = readJson(join(folder, 'phases/warmup/profile_export_aiperf.json'));
    expect(warmup).toMatchObject(warmup_metrics);
    expect(warmup.request_count).toEqual({ unit: 'requests', avg: 3 });
    expect('warmup_metrics' in warmup).toBe(false);
    expect(readFileSync(join(folder, '.aiperf_results_ready.json'), 'utf8')).toBe(
      '{"ready":true,"was_cancelled":false,"partial":false}',
    );
  });

  it('counts planned cancellations as AIPerf does', async () => {
    const folder = await profile({
      ...{ concurrency: 2, 'request-count': 6, 'warmup-request-count': 1, isl: 20, osl: 4 },
      ...{ 'request-cancellation-rate': 50, 'request-cancellation-delay': 0, 'random-seed': 3 },
    });
    const [, profiling] = readJson(join(folder, 'phase_manifest.json')).phases;
    const cancelled = profiling.error_summary[0].count;
    expect(cancelled).toBeGreaterThan(0);
    expect(profiling).toMatchObject({
      ...{ successful_request_count: 6 - cancelled, error_request_count: cancelled, total_request_count: 6 },
      error_summary: [{ error_details: { code: 499, type: 'RequestCancellationError' } }],
    });
  });

  it('and one without has no phases', async () => {
    const folder = await profile({ concurrency: 2, 'request-count': 2, isl: 20, osl: 4 });
    for (const name of ['phase_manifest.json', 'phases']) {
      expect(existsSync(join(folder, name)), name).toBe(false);
    }
  });
});

describe.each(['http', 'undici'])('trace_data over %s', (transport) => {
  let scripted: ScriptedServer;
  beforeAll(async () => {
    scripted = await startScriptedServer((_, response) => {
      response.setHeader('X-Server-Zone', 'a').setHeader('x-lower', 'b');
      streamTokens(response, ['one', ' two']);
    });
  });
  afterAll(() => scripted.close());

  it('keeps the names of headers as the server wrote them', async () => {
    const folder = await profile({
      ...{ url: scripted.url, transport, 'export-http-trace': true, 'request-count': 1, isl: 20, osl: 4 },
    });
    const [record] = readRecords(join(folder, 'profile_export.jsonl'));
    const { response_headers } = JSON.parse(record?.text ?? '').trace_data;
    expect(Object.keys(response_headers)).toEqual(
      expect.arrayContaining(['X-Server-Zone', 'x-lower', 'content-type', 'Date', 'Transfer-Encoding']),
    );
  });
});
