import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { processIo } from '../../../src/util/io.js';
import { openApi } from '../../../src/views/api/view.js';
import type { View } from '../../../src/views/view.js';
import { temporaryFolder } from '../../e2e/aiperf.js';
import { freePort } from '../free-port.js';
import { madeUpShards } from '../made-up-shards.js';
import { madeUpResult, madeUpRun, madeUpSnapshot } from './made-up.js';

const opened: View[] = [];

afterEach(async () => {
  for (const view of opened.splice(0)) await view.close(AbortSignal.abort(), false);
});

async function open({ livePort }: { livePort?: number } = {}) {
  const port = await freePort();
  const page =
    livePort === undefined
      ? undefined
      : { host: '127.0.0.1', port: livePort, token: 'secret-token', lingerSeconds: 5 };
  const view = await openApi({ host: '127.0.0.1', port }, page, { io: processIo });
  opened.push(view);
  const url = `http://127.0.0.1:${port}`;
  const get = async (path: string, options: RequestInit = {}) => {
    const response = await fetch(url + path, { redirect: 'manual', ...options });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: type === 'application/json' ? JSON.parse(text) : undefined,
    };
  };
  return { view, port, url, get };
}

describe('the API', () => {
  it('tells that nothing has begun', async () => {
    const { get } = await open();
    expect((await get('/healthz')).text).toBe('ok');
    expect(await get('/readyz')).toMatchObject({ status: 503, text: 'not ready' });
    expect(await get('/metrics')).toMatchObject({ status: 200, text: '' });
    expect((await get('/api/metrics')).status).toBe(503);
    expect((await get('/api/progress')).json).toMatchObject({ phases: {}, system_state: 'initializing' });
    expect((await get('/api/server-metrics')).json).toMatchObject({ endpoint_summaries: {} });
    expect((await get('/api/results')).json).toEqual({ status: 'running', results: null });
    expect((await get('/api/results/list')).json).toMatchObject({ files: [], ready: false });
  });

  it('serves the figures of the current run', async () => {
    const { view, get } = await open();
    view.onMessage({ kind: 'run', run: madeUpRun() });
    view.onMessage({ kind: 'snapshot', snapshot: madeUpSnapshot({ phase: 'warmup' }) });
    view.onMessage({ kind: 'snapshot', snapshot: madeUpSnapshot() });
    expect((await get('/readyz')).text).toBe('ok');
    const labels =
      'benchmark_id="0123456789ab",model="m1,m2",endpoint_type="chat",streaming="true",concurrency="2"';
    const lines = (await get('/metrics')).text.split('\n');
    for (const line of [
      `aiperf_info{${labels},version="0.1.0"} 1`,
      `aiperf_time_to_first_token_ms{${labels},quantile="0.99"} 40`,
      `aiperf_request_throughput_avg_requests_per_sec{${labels}} 1.25`,
      `aiperf_request_throughput_count_requests_per_sec{${labels}} 1`,
      // (50 % + 25 %) / 2, and 2 + 3.
      `aiperf_kv_cache_usage_pct_current_percent{${labels}} 37.5`,
      `aiperf_num_running_current_req{${labels}} 5`,
      `aiperf_num_waiting_current_req{${labels}} 1`,
      `aiperf_output_token_throughput_srv_current_tokens_per_s{${labels}} 400`,
      `aiperf_gpu_power_usage_current_w{${labels},gpu="0",gpu_uuid="GPU-1",gpu_model="H100",hostname="node-1",source="127.0.0.1:9400"} 300`,
      `aiperf_requests_total{${labels},phase="warmup",outcome="completed"} 5`,
      `aiperf_requests_total{${labels},phase="profiling",outcome="failed"} 1`,
      `aiperf_errors_total{${labels},phase="profiling",code="400",type="BadRequest"} 1`,
      `aiperf_requests_in_flight_current_requests{${labels},phase="profiling"} 2`,
      `aiperf_send_lateness_ms{${labels},phase="profiling",quantile="0.99"} 0.5`,
      `aiperf_slo_attainment_current_percent{${labels},phase="profiling",slo="all"} 50`,
      `aiperf_client_verdict{${labels},phase="profiling",verdict="client strained"} 1`,
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.filter((line) => line.startsWith('# TYPE aiperf_requests_total'))).toHaveLength(1);
    expect((await get('/api/metrics')).json).toMatchObject({
      ...{ aiperf_version: '0.1.0', benchmark_id: '0123456789ab', model: 'm1,m2', concurrency: 2 },
      request_rate: null,
      metrics: {
        request_throughput: { unit: 'requests/sec', avg: 1.25, count: 1, header: 'Request Throughput' },
      },
    });
    const progress = await get('/api/progress');
    expect(progress.json).toMatchObject({
      system_state: 'profiling',
      results_exported: false,
      phases: {
        profiling: {
          ...{ phase_index: 1, profiling_index: 0, total_expected_requests: 10, expected_duration_sec: 6 },
          // Of 6 returned requests 4 are processed: 5 × 4/6 and 1 × 4/6.
          ...{
            requests_sent: 8,
            requests_completed: 6,
            request_errors: 1,
            success_records: 3,
            error_records: 1,
          },
        },
      },
    });
    // Exactly, though a double could not hold every such number.
    expect(progress.text).toContain('"start_ns": 1795937984000000000,');
    expect((await get('/api/workers')).json.worker_groups.local).toMatchObject({
      status: 'healthy',
      declared_workers: 1,
    });
    view.onMessage({ kind: 'snapshot', snapshot: madeUpSnapshot(madeUpShards) });
    const { local, shard_0, shard_1, shard_3 } = (await get('/api/workers')).json.worker_groups;
    expect(local).toBeUndefined();
    expect(shard_0).toMatchObject({
      declared_workers: 2,
      health: {
        ...{ host: 'load-a', state: 'running', verdict: 'client ok', requests_planned: 26_050 },
        ...{ requests_in_flight: 30, records_received: 5000, clock_error_ms: 0.085, clock_drift_ms: -0.012 },
        send_lateness_ms: { p50: 0.05, p99: 0.42, max: 2.1 },
      },
    });
    expect(shard_1.health.reasons).toEqual([
      'p99 send delay 38.0 ms (max 150.0 ms): requests were sent that long after they were due',
    ]);
    expect(Object.keys(shard_0.workers)).toEqual(['worker_0', 'worker_1']);
    expect(shard_3).toMatchObject({
      declared_workers: 0,
      health: { state: 'lost', verdict: null, send_lateness_ms: null, clock_error_ms: null },
    });
    const ofShards = (await get('/metrics')).text.split('\n');
    for (const line of [
      `aiperf_shard_state{${labels},shard="1",hostname="load-b",state="silent"} 1`,
      `aiperf_shard_state{${labels},shard="1",hostname="load-b",state="lost"} 0`,
      `aiperf_shard_requests_sent{${labels},shard="0",hostname="load-a",phase="profiling"} 5210`,
      `aiperf_shard_clock_error_seconds{${labels},shard="1",hostname="load-b",phase="profiling"} 0.0012`,
      `aiperf_shard_client_verdict{${labels},shard="1",hostname="load-b",verdict="client limited"} 1`,
      `aiperf_shard_client_verdict{${labels},shard="1",hostname="load-b",verdict="client ok"} 0`,
      `aiperf_shard_requests_in_flight{${labels},shard="0",hostname="load-a",phase="profiling"} 30`,
      `aiperf_shard_send_lateness_seconds{${labels},shard="1",hostname="load-b",phase="profiling"} 0.038`,
      `aiperf_shard_clock_drift_seconds{${labels},shard="1",hostname="load-b",phase="profiling"} 0.0034`,
      `aiperf_shard_late_sends{${labels},shard="1",hostname="load-b",phase="profiling"} 40`,
    ]) {
      expect(ofShards).toContain(line);
    }
    expect((await get('/api/config')).json.phases[0]).toMatchObject({
      duration: 6,
      gracePeriod: 30,
      requests: null,
    });
    expect((await get('/api/dataset/state')).json).toMatchObject({
      conversation_count: 5,
      total_size_bytes: 0,
    });
  });

  it('keeps the start of a phase while records are processed after the load', async () => {
    const { view, get } = await open();
    view.onMessage({ kind: 'run', run: madeUpRun() });
    view.onMessage({ kind: 'snapshot', snapshot: madeUpSnapshot() });
    const processing = { records: 4, total: 6, elapsedSeconds: 2, etaSeconds: 1, recordsPerSecond: 2 };
    const unixMs = madeUpSnapshot().unixMs + 2000;
    view.onMessage({ kind: 'snapshot', snapshot: madeUpSnapshot({ unixMs, processing }) });
    const { text, json } = await get('/api/progress');
    expect(text).toContain('"start_ns": 1795937984000000000,');
    expect(json).toMatchObject({
      system_state: 'processing',
      phases: { profiling: { final_requests_sent: 8 } },
    });
  });

  it('forgets a run when the next one begins', async () => {
    const { view, get } = await open();
    view.onMessage({ kind: 'run', run: madeUpRun() });
    view.onMessage({ kind: 'snapshot', snapshot: madeUpSnapshot() });
    view.onMessage({ kind: 'result', result: madeUpResult(temporaryFolder()) });
    expect((await get('/api/progress')).json).toMatchObject({
      results_exported: true,
      system_state: 'stopping',
    });
    view.onMessage({ kind: 'run', run: madeUpRun({ benchmarkId: 'ba9876543210' }) });
    expect((await get('/metrics')).text).toMatch(
      /^# HELP.*\n# TYPE.*\naiperf_info\{benchmark_id="ba9876543210".*\n$/,
    );
    expect((await get('/api/results')).json.status).toBe('running');
  });

  it('serves the files of a run that has ended, and no others', async () => {
    const { view, get } = await open();
    const folder = join(temporaryFolder(), 'run');
    mkdirSync(join(folder, 'logs'), { recursive: true });
    writeFileSync(join(folder, 'profile_export_aiperf.json'), '{"a":1}');
    writeFileSync(join(folder, '.hidden'), 'x');
    symlinkSync('/etc/passwd', join(folder, 'link.txt'));
    view.onMessage({ kind: 'run', run: madeUpRun({ folder }) });
    expect((await get('/api/results/files/profile_export_aiperf.json')).status).toBe(404);
    view.onMessage({ kind: 'result', result: madeUpResult(folder) });
    expect((await get('/api/results')).json).toEqual({ status: 'complete', results: { a: 1 } });
    expect((await get('/api/results/list')).json.files).toEqual([
      { name: 'profile_export_aiperf.json', size: 7 },
    ]);
    const file = await get('/api/results/files/profile_export_aiperf.json');
    expect(file).toMatchObject({ status: 200, text: '{"a":1}' });
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="profile_export_aiperf.json"');
    for (const name of ['..%2f..%2fetc%2fpasswd', '.hidden', 'logs%2faiperf.log', '%00', '%']) {
      expect((await get(`/api/results/files/${name}`)).status).toBe(400);
    }
    for (const name of ['link.txt', 'logs', 'missing.json']) {
      expect((await get(`/api/results/files/${name}`)).status).toBe(404);
    }
  });

  it('is shut down after the run, not during it', async () => {
    const { view, get } = await open();
    for (const number of [1, 2]) {
      view.onMessage({ kind: 'run', run: madeUpRun({ place: { number, of: 2, label: 'concurrency' } }) });
      expect(await get('/api/shutdown', { method: 'POST' })).toMatchObject({ status: 409 });
      view.onMessage({ kind: 'result', result: madeUpResult(temporaryFolder()) });
      if (number === 1) expect((await get('/api/shutdown', { method: 'POST' })).status).toBe(409);
    }
    const closed = view.close(new AbortController().signal, true);
    expect((await get('/api/shutdown', { method: 'POST' })).json).toEqual({ status: 'shutting_down' });
    await closed;
    await expect(get('/healthz')).rejects.toThrow();
  });

  it('describes itself', async () => {
    const { get } = await open();
    expect(await get('/nothing')).toMatchObject({ status: 404, json: { detail: 'Not Found' } });
    expect(await get('/api/shutdown')).toMatchObject({ status: 405, json: { detail: 'Method Not Allowed' } });
    expect(await get('/metrics', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    const { json } = await get('/openapi.json');
    expect(json.paths['/api/results/files/{name}'].get.parameters[0].name).toBe('name');
    const page = await get('/');
    for (const path of Object.keys(json.paths)) expect(page.text).toContain(path);
  });

  it('leads to the live page, without its token', async () => {
    const { get } = await open({ livePort: 8790 });
    const { status, headers } = await get('/dashboard');
    expect([status, headers.get('location')]).toEqual([302, 'http://127.0.0.1:8790/']);
  });

  it('refuses pages of the internet', async () => {
    const { port, url } = await open();
    const status = await new Promise((resolve) => {
      request(`${url}/api/config`, { headers: { host: `rebound.example:${port}` } }, (response) => {
        resolve(response.resume().statusCode);
      }).end();
    });
    expect(status).toBe(403);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, { origin: 'http://evil.example' });
    await expect(new Promise((_, reject) => socket.on('error', reject))).rejects.toThrow('403');
  });

  it('refuses a port in use', async () => {
    const { port } = await open();
    await expect(openApi({ host: '127.0.0.1', port }, undefined, { io: processIo })).rejects.toThrow(
      `The API cannot listen on port ${port} of 127.0.0.1: another program does.`,
    );
  });
});

describe('the websocket', () => {
  it('sends the types that a client subscribed to', async () => {
    const { view, port } = await open();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    const messages: { readonly type?: string; readonly message_type?: string }[] = [];
    let arrived = () => {};
    socket.on('message', (data) => {
      messages.push(JSON.parse(String(data)));
      arrived();
    });
    const next = () => new Promise<void>((resolve) => (arrived = resolve));
    await new Promise((resolve) => socket.on('open', resolve));
    for (const text of ['no JSON', '{"type":"ping"}', '{"type":"subscribe","message_types":7}']) {
      socket.send(text);
      await next();
    }
    socket.send('{"type":"subscribe","message_types":["processing_stats","benchmark_complete"]}');
    await next();
    expect(messages.splice(0)).toEqual([
      { type: 'error', message: 'A request must be a JSON object.' },
      { type: 'pong' },
      { type: 'error', message: 'message_types must be a list of strings.' },
      { type: 'subscribed', message_types: ['processing_stats', 'benchmark_complete'] },
    ]);
    view.onMessage({ kind: 'run', run: madeUpRun() });
    view.onMessage({ kind: 'snapshot', snapshot: madeUpSnapshot() });
    await next();
    view.onMessage({ kind: 'result', result: madeUpResult(temporaryFolder()) });
    await next();
    expect(messages.splice(0)).toMatchObject([
      { message_type: 'processing_stats', processing_stats: { phase: 'profiling', success_records: 3 } },
      { message_type: 'benchmark_complete', was_cancelled: false },
    ]);
    socket.send('{"type":"unsubscribe","message_types":["processing_stats"]}');
    await next();
    expect(messages).toEqual([{ type: 'unsubscribed', message_types: ['processing_stats'] }]);
    socket.terminate();
  });
});
