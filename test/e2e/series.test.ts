import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { growthWithin } from '../../src/metrics/series-windows.js';
import { startMockServer } from '../../src/mock-server/server.js';
import { readSeries } from '../../src/run/read-series.js';
import {
  aiperf,
  type Options,
  profileWords,
  readJson,
  readRecords,
  startAiperf,
  temporaryFolder,
  withTelemetry,
} from './aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';
import { startSimulatedServer } from './simulated-server.js';
import { unhurried } from './unhurried.js';

const options: Options = {
  ...{ model: 'm', tokenizer: 'builtin', streaming: true, isl: 10, osl: 3 },
  ...{ concurrency: 4, 'load-threads': 2, 'benchmark-duration': 2.4 },
};
const hasAccount = existsSync('/proc/thread-self/schedstat');
const ofThreads = [
  ...['busy_time', ...(hasAccount ? ['core_wait_time', 'cpu_time'] : []), 'event_loop_delay'],
  ...['gc_time', 'late_time', 'read_lag'],
].map((name) => `client_${name}`);

describe('the series of a run', () => {
  let server: ScriptedServer;
  beforeAll(async () => {
    server = await startScriptedServer((_, response) => {
      setTimeout(() => streamTokens(response, ['x', ' y', ' z']), 20);
    });
  });
  afterAll(() => server.close());

  const words = (folder: string, more: Options = {}) =>
    profileWords({ ...options, url: server.url, 'artifact-dir': folder, ...more });

  /** With times since the first request of profiling. */
  const seriesIn = (folder: string) => {
    const starts = readRecords(join(folder, 'profile_export.jsonl')).map(({ ns }) => ns('request_start_ns'));
    const [epochNs = 0n] = starts.sort();
    const all = readSeries(join(folder, 'profile_export_series.jsonl'), { epochNs, monotonicNs: 0n });
    return {
      backlog: all.find(({ metric }) => metric.name === 'client_record_backlog'),
      of: (thread: number) =>
        all
          .filter(({ labels }) => labels.thread === String(thread))
          .sort((a, b) => (a.metric.name < b.metric.name ? -1 : 1)),
    };
  };

  it('are what each load thread observed, and end with the figures of the summary', async () => {
    const folder = temporaryFolder();
    expect(await aiperf(words(folder))).toMatchObject({ code: 0 });
    const { of, backlog } = seriesIn(folder);
    const { threads } = readJson(join(folder, 'profile_export_aiperf.json')).fidelity;
    expect(threads).toHaveLength(2);
    for (const { thread, late, gc_pauses, event_loop_delay, read_lag } of threads) {
      const series = of(thread);
      expect(series.map(({ metric }) => metric.name)).toEqual(ofThreads);
      const named = (name: string) => {
        const found = series.find(({ metric }) => metric.name === name);
        if (found === undefined) throw new Error(`no ${name}`);
        return found;
      };
      for (const { times } of series) {
        // When it begins, after a second, after two, and when it ends: fewer where the thread was held up.
        const lengthS = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1e9;
        expect(lengthS).toBeGreaterThan(2.2);
        expect(times.length).toBeGreaterThanOrEqual(2);
        expect(times.length).toBeLessThanOrEqual(2 + Math.floor(lengthS));
        expect([...times]).toEqual([...times].sort((a, b) => a - b));
      }
      // To the microsecond.
      expect(named('client_late_time').values.at(-1)).toBeCloseTo(late, 2);
      expect(named('client_gc_time').values.at(-1)).toBeCloseTo(gc_pauses.total, 2);
      expect(Math.max(...named('client_event_loop_delay').values)).toBeCloseTo(event_loop_delay.max, 2);
      expect(Math.max(...named('client_read_lag').values)).toBeCloseTo(read_lag.max, 2);
      const busy = named('client_busy_time');
      const growth = growthWithin(busy, { fromNs: busy.times[0] ?? 0, toNs: busy.times.at(-1) ?? 0 });
      expect(growth?.total).toBeCloseTo((busy.values.at(-1) ?? 0) - (busy.values[0] ?? 0), 6);
    }
    expect(backlog?.values.at(-1)).toBe(0);
  });

  it('start again with each phase', async () => {
    const folder = temporaryFolder();
    const warm = { 'warmup-request-count': 8, 'benchmark-duration': 0.5 };
    expect(await aiperf(words(folder, warm))).toMatchObject({ code: 0 });
    for (const thread of [0, 1]) {
      const late = seriesIn(folder)
        .of(thread)
        .find(({ metric }) => metric.name === 'client_busy_time');
      // Two observations of each phase at least; the counter drops where profiling begins.
      expect(late?.times.length).toBeGreaterThanOrEqual(4);
      const drops = [...(late?.values ?? [])].filter((value, i, all) => value < (all[i - 1] ?? 0));
      expect(drops).toHaveLength(1);
    }
  });

  it('are there as far as they go when the run is killed', async () => {
    const folder = temporaryFolder();
    const { child, ended } = startAiperf(words(folder, { 'benchmark-duration': 60 }));
    const file = join(folder, 'profile_export_series.jsonl');
    const observed = () =>
      readSeries(file, { epochNs: 0n, monotonicNs: 0n }).filter(
        ({ metric, times }) => metric.name === 'client_busy_time' && times.length >= 2,
      ).length;
    while (observed() < 2) await after(50);
    child.kill('SIGKILL');
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    expect(observed()).toBe(2);
    expect(await aiperf(['report', folder])).toMatchObject({ code: 0 });
    expect(observed()).toBe(2);
  });

  it('are followed by those of the server and its GPUs, which the page of the run draws', async () => {
    const folder = temporaryFolder();
    const simulated = await startSimulatedServer({ ttft: 500, itl: 0, gpus: 2 });
    onTestFinished(() => simulated.close().then(() => {}));
    const served = profileWords({
      ...withTelemetry,
      ...{ model: 'm', tokenizer: 'builtin', streaming: true, isl: 10, osl: 3, report: true },
      ...{ url: simulated.url, concurrency: 2, 'request-count': 8, 'artifact-dir': folder },
      ...{ 'gpu-telemetry': `${simulated.url}/gpu/metrics` },
    });
    expect(await aiperf(served, { env: unhurried })).toMatchObject({ code: 0 });
    const all = readSeries(join(folder, 'profile_export_series.jsonl'), { epochNs: 0n, monotonicNs: 0n });
    const ofServer = all.filter(({ source }) => source === `${simulated.url}/metrics`);
    expect(ofServer.map(({ metric }) => metric.name)).toEqual([
      ...['server_requests_running', 'server_requests_waiting', 'server_kv_cache_usage'],
      ...['server_preemptions', 'server_prompt_tokens', 'server_generation_tokens'],
    ]);
    const generated = ofServer.at(-1)?.values;
    expect([generated?.[0], generated?.at(-1)]).toEqual([0, 8 * 3]);
    const ofGpus = all.filter(({ source }) => source === `${simulated.url}/gpu/metrics`);
    expect(ofGpus.map(({ metric, labels, values }) => [metric.name, labels.gpu, values[0]])).toEqual([
      // Idle before the run; the second draws 1 W more.
      ['nvidia_power_usage', '0', 75],
      ['nvidia_gpu_utilization', '0', 0],
      ['nvidia_power_violation', '0', 0],
      ['nvidia_power_usage', '1', 76],
      ['nvidia_gpu_utilization', '1', 0],
      ['nvidia_power_violation', '1', 0],
    ]);
    // Two requests for half a second each time, and half a second a window.
    expect(Math.max(...(ofServer[0]?.values ?? []))).toBe(2);
    const page = readFileSync(join(folder, 'report.html'), 'utf8');
    expect([...page.matchAll(/data-name="((?:server|gpu)_\w+)"/g)].map(([, name]) => name)).toEqual([
      'server_requests_waiting_over_time',
      'server_requests_running_over_time',
      'server_kv_cache_usage_over_time',
      'server_generation_tokens_over_time',
      'gpu_utilization_and_throughput_over_time',
      'gpu_power_over_time',
    ]);
  });

  it('are left out with --export-level summary, but not what those of GPUs explain', async () => {
    const folder = temporaryFolder();
    // An idle GPU asks for 75 W.
    const capped = await startMockServer({ port: 0, gpus: 1, gpuPowerLimit: 60 });
    const gpus = { 'no-gpu-telemetry': false, 'gpu-telemetry': `127.0.0.1:${capped.port}/gpu` };
    const summary = { 'export-level': 'summary', 'benchmark-duration': false, 'request-count': 4, ...gpus };
    const { code, stdout } = await aiperf(words(folder, summary), { env: unhurried });
    await capped.close();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Power-capped from \d\.\d\d s: GPU 0, in /m);
    expect(existsSync(join(folder, 'profile_export_series.jsonl'))).toBe(false);
  });
});
