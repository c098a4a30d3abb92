import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { RecordHistograms } from '../../../src/metrics/record-histograms.js';
import { metricsFor } from '../../../src/metrics/table.js';
import { processIo } from '../../../src/util/io.js';
import type { ViewReply, WatchedResult } from '../../../src/views/messages.js';
import { openMlflow } from '../../../src/views/mlflow/view.js';
import type { MlflowPlan } from '../../../src/views/plan.js';
import type { View } from '../../../src/views/view.js';
import { fourRequests, origin, storeOf, streamingChat } from '../../metrics/records.js';
import { madeUpRun, madeUpSnapshot } from '../api/made-up.js';
import { openMlflowServer } from './server.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function server(refuse?: (path: string) => number | undefined) {
  const opened = await openMlflowServer(refuse);
  closers.push(opened.close);
  return opened;
}

function open(trackingUri: string, more: Partial<MlflowPlan> = {}, env = {}) {
  const warnings: string[] = [];
  const plan: MlflowPlan = {
    ...{ trackingUri, experiment: 'e1', runName: undefined, tags: { k: 'v' } },
    ...{ parentRunId: undefined, artifactGlobs: [], ...more },
  };
  const reply = (message: ViewReply) => {
    if (message.kind === 'warning') warnings.push(message.message);
  };
  return { view: openMlflow(plan, { io: { ...processIo, env }, reply }), warnings };
}

/** A folder of a run with three files to upload, and two that are not. */
function runFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aiperf-mlflow-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  for (const name of [
    'profile_export_aiperf.json',
    'profile_export.jsonl',
    'report.html',
    'run.log',
    '.hidden.json',
  ])
    writeFileSync(join(folder, name), `content of ${name}`);
  return folder;
}

/** A run of four requests, the last one refused. */
function play(view: View, folder: string, result: Partial<WatchedResult> | null = {}) {
  const histograms = new RecordHistograms(metricsFor(streamingChat), origin, 0);
  const store = storeOf([]);
  store.table.onValue = ({ tag }, value) => histograms.add(tag, value);
  for (const one of fourRequests) {
    histograms.begin(one.record);
    store.add(one);
  }
  const config = { phases: [{ kind: 'profiling', type: 'concurrency', requests: 10 }] };
  view.onMessage({ kind: 'run', run: madeUpRun({ folder, config }) });
  view.onMessage({ kind: 'snapshot', snapshot: madeUpSnapshot() });
  view.onMessage({ kind: 'histograms', histograms: histograms.state(0) });
  if (result === null) return;
  view.onMessage({
    kind: 'result',
    result: {
      ...{ benchmarkId: '0123456789ab', results: store.summary().results, folder, files: [], exitCode: 0 },
      requests: { succeeded: 3, failed: 1, cancelled: 0 },
      ...{
        wasCancelled: false,
        failure: undefined,
        verdict: undefined,
        summaryFile: undefined,
        page: undefined,
      },
      ...result,
    },
  });
}

const unhurried = new AbortController().signal;

it('records live figures, results, settings, tags and files', async () => {
  const { url, runs, calls, authorizations } = await server();
  const { view, warnings } = open(url, {}, { MLFLOW_TRACKING_TOKEN: 'token-1' });
  const folder = runFolder();
  play(view, folder);
  await view.close(unhurried, false);
  expect(warnings).toEqual([]);
  expect(calls.slice(0, 3)).toEqual([
    'GET /api/2.0/mlflow/experiments/get-by-name',
    'POST /api/2.0/mlflow/experiments/create',
    'POST /api/2.0/mlflow/runs/create',
  ]);
  expect([...authorizations]).toEqual(['Bearer token-1']);
  const run = runs.get('run1');
  expect(run).toMatchObject({ name: 'aiperf-01234567', startMs: 1_795_937_984_000, status: 'FINISHED' });
  const metrics = Object.fromEntries(run?.metrics.map(({ key, value }) => [key, value]) ?? []);
  expect(metrics).toMatchObject({
    // Latencies of 200, 330 and 80 ms.
    ...{ 'request_latency.min': 80, 'request_latency.max': 330, 'request_latency.count': 3 },
    ...{ request_count: 3, 'aiperf.completed_requests': 4, 'aiperf.total_expected_requests': 10 },
    // Means, and the total of a count; (5 + 5 + 1) / 3 tokens.
    'live.aiperf.request_count': 3,
    'live.aiperf.timing.requests.sent.profiling': 8,
  });
  expect(metrics.request_latency).toBeCloseTo(610 / 3, 9);
  expect(metrics['live.gen_ai.client.operation.duration']).toBeCloseTo(0.61 / 3, 12);
  expect(metrics['live.gen_ai.client.token.usage']).toBeCloseTo(11 / 3, 12);
  // Decoding took 100, 180 and 0 ms: live figures have the summary's unit.
  expect(metrics['live.aiperf.decode_duration']).toBeCloseTo(280 / 3, 9);
  expect(Object.fromEntries(run?.params ?? [])).toEqual({
    'endpoint.type': 'chat',
    'endpoint.models': 'm2,m1',
    'endpoint.urls': 'http://127.0.0.1:1',
    'output.artifact_directory': folder,
    'timing.mode': 'concurrency',
    'loadgen.concurrency': '2',
    'loadgen.request_count': '10',
    'aiperf.cli_command': 'aiperf profile',
  });
  expect(Object.fromEntries(run?.tags ?? [])).toMatchObject({
    ...{ k: 'v', benchmark_id: '0123456789ab', 'aiperf.version': '0.1.0', 'aiperf.was_cancelled': 'false' },
  });
  expect([...(run?.files.keys() ?? [])]).toEqual([
    'exports/profile_export.jsonl',
    'exports/profile_export_aiperf.json',
    'plots/report.html',
    'exports/mlflow_export.json',
  ]);
  expect(run?.files.get('exports/profile_export.jsonl')).toBe('content of profile_export.jsonl');
  const written = readFileSync(join(folder, 'mlflow_export.json'), 'utf8');
  expect(run?.files.get('exports/mlflow_export.json')).toBe(written);
  // AIPerf's keys, in its order.
  expect(Object.keys(JSON.parse(written))).toEqual([
    ...[
      'tracking_uri',
      'experiment',
      'run_id',
      'run_name',
      'benchmark_id',
      'parent_run_id',
      'live_streaming',
    ],
    ...['reused_live_run', 'metric_keys', 'param_keys', 'tag_keys', 'uploaded_artifacts', 'exported_at_ns'],
  ]);
  expect(JSON.parse(written)).toMatchObject({
    ...{
      tracking_uri: url,
      run_id: 'run1',
      parent_run_id: null,
      live_streaming: true,
      reused_live_run: true,
    },
    tag_keys: ['aiperf.version', 'aiperf.was_cancelled', 'benchmark_id', 'k'],
    uploaded_artifacts: [
      'profile_export.jsonl',
      'profile_export_aiperf.json',
      'report.html',
      'mlflow_export.json',
    ],
  });
});

it.each([
  ['KILLED', { wasCancelled: true }],
  ['FAILED', { failure: 'All requests failed' }],
  ['FAILED', null],
])('the status is %s for a run that ends so', async (status, result) => {
  const { url, runs } = await server();
  const { view } = open(url);
  play(view, runFolder(), result);
  await view.close(unhurried, false);
  expect(runs.get('run1')?.status).toBe(status);
});

it('runs of a sweep are runs of their own; files are those that the patterns name', async () => {
  const { url, runs } = await server();
  const { view } = open(url, { artifactGlobs: ['*.log'], runName: 'mine' });
  for (let i = 0; i < 2; i++) play(view, runFolder());
  await view.close(unhurried, false);
  expect([...runs.values()].map(({ name, status }) => [name, status])).toEqual([
    ...[0, 1].map(() => ['mine', 'FINISHED']),
  ]);
  expect([...(runs.get('run1')?.files.keys() ?? [])]).toEqual([
    'exports/run.log',
    'exports/mlflow_export.json',
  ]);
});

it('a parent run that does not exist is left out, with a warning', async () => {
  const { url, runs } = await server();
  const { view, warnings } = open(url, { parentRunId: 'gone' });
  play(view, runFolder());
  await view.close(unhurried, false);
  expect(runs.get('run1')?.tags.has('mlflow.parentRunId')).toBe(false);
  expect(warnings).toEqual([
    `The parent run is not used on the MLflow server ${url}: the server has no run gone. The run goes on.`,
  ]);
});

it('a server that was down during the run gets the results at its end', async () => {
  let isDown = true;
  const { url, runs } = await server(() => (isDown ? 403 : undefined));
  const { view, warnings } = open(url.replace('//', '//me:secret-word-2@'));
  const folder = runFolder();
  play(view, folder, null);
  // The answer to the first request has arrived.
  await expect.poll(() => warnings.length).toBe(1);
  isDown = false;
  view.onMessage({
    kind: 'result',
    result: {
      ...{ benchmarkId: '0123456789ab', results: [], folder, files: [], exitCode: 0, wasCancelled: false },
      requests: { succeeded: 0, failed: 0, cancelled: 0 },
      ...{ failure: undefined, verdict: undefined, summaryFile: undefined, page: undefined },
    },
  });
  await view.close(unhurried, false);
  expect(runs.get('run1')?.status).toBe('FINISHED');
  const written = readFileSync(join(folder, 'mlflow_export.json'), 'utf8');
  expect(JSON.parse(written)).toMatchObject({ live_streaming: false, reused_live_run: false });
  expect(warnings.join() + written).not.toContain('secret-word-2');
  expect(warnings[0]).toMatch(
    /^The run could not be created on the MLflow server .*: HTTP status 403\. The run goes on\.$/,
  );
});

it('a server that does not answer does not delay a hurried end', async () => {
  const { view } = open('http://127.0.0.1:9');
  play(view, runFolder());
  await view.close(AbortSignal.abort(), false);
});
