import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixed } from '../../src/metrics/format.js';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import { dyingUnderLoad, startRecordingServer } from '../golden/recording-server.js';
import {
  aiperf,
  cellsOf,
  type Options,
  panelText,
  profileWords,
  readJson,
  startAiperf,
  temporaryFolder,
  withTelemetry,
} from './aiperf.js';

// The runs wait most of their time: they go side by side, on one server unless it is its GPUs that count.

const settings = { gpus: 2, slots: 4, ttftMs: 30, itlMs: 5, outputTokens: 10 };

let server: MockServer;
beforeAll(async () => {
  server = await startMockServer({ port: 0, ...settings });
});
afterAll(() => server.close());

/** Nothing listens at the usual places of exporters. */
const env = { AIPERF_GPU_DEFAULT_DCGM_ENDPOINTS: 'http://127.0.0.1:9/metrics' };

const options = (folder: string, more: Options = {}): Options => ({
  ...withTelemetry,
  ...{ model: 'm', tokenizer: 'builtin', url: `http://127.0.0.1:${server.port}`, streaming: true },
  ...{ concurrency: 2, isl: 20, osl: 10, 'random-seed': 7, 'artifact-dir': folder },
  ...{ 'benchmark-duration': 1, 'no-server-metrics': true, ...more },
});

const run = (folder: string, more: Options = {}, variables: Record<string, string> = {}) =>
  aiperf(profileWords(options(folder, more)), { env: { ...env, COLUMNS: '120', ...variables } });

const gpuPage = ({ port }: { readonly port: number }) => `127.0.0.1:${port}/gpu/metrics`;

/** The lines from the first table of GPUs to the last. */
function gpuTables(stdout: string): string {
  const lines = stdout.split('\n');
  const from = lines.findIndex((line) => line.includes('GPU Telemetry Platform'));
  return lines.slice(from, lines.findLastIndex((line) => /nvidia|NVIDIA|AMD/.test(line)) + 2).join('\n');
}

// On a busy machine a read may take longer than its limit of 1.8 intervals.
const onBusyMachines = { retry: 2 };

describe.concurrent('a DCGM exporter', onBusyMachines, () => {
  it('is read during the run; its energy, files and tables agree, also in a report from the files', async () => {
    const folder = temporaryFolder();
    const busy = await startMockServer({ port: 0, ...settings });
    const { code, stdout, stderr } = await run(folder, {
      url: `http://127.0.0.1:${busy.port}`,
      'gpu-telemetry': gpuPage(busy),
      // A busy machine gets time for the first read.
      'strict-telemetry': true,
      goodput: 'request_latency:5000',
    });
    await busy.close();
    expect([code, stderr]).toEqual([0, '']);
    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    const { telemetry_data } = summary;
    const url = `http://${gpuPage(busy)}`;
    expect(telemetry_data.summary.endpoints_configured).toEqual([url]);
    expect(telemetry_data.summary.endpoints_successful).toEqual([url]);
    expect(telemetry_data.gpu_count).toBe(2);
    const { gpu_0: first, gpu_1: second } = telemetry_data.endpoints[`127.0.0.1:${busy.port}/gpu`].gpus;
    // Each GPU draws a watt more than the one before.
    const watts = first.metrics.nvidia_power_usage;
    expect(second.metrics.nvidia_power_usage.avg).toBeCloseTo(watts.avg + 1, 6);
    expect(watts.max).toBe(75 + 565 / 2);
    expect(first.metrics.nvidia_memory_used.avg).toBeCloseTo(73_403 * 1.048576e-3, 9);

    const joules =
      (first.metrics.nvidia_energy_consumption.avg + second.metrics.nvidia_energy_consumption.avg) * 1e6;
    expect(summary.nvidia_total_gpu_energy).toEqual({ unit: 'J', avg: joules });
    expect(summary.nvidia_energy_per_request.avg).toBe(joules / summary.request_count.avg);
    expect(summary.nvidia_output_tokens_per_joule.avg).toBe(summary.total_osl.avg / joules);
    expect(summary.nvidia_goodput_per_watt.avg).toBe(summary.good_request_count.avg / joules);
    expect(summary.nvidia_energy_per_user.avg).toBe(joules / 2);
    // Idle before, at work from then on.
    expect(summary.nvidia_average_gpu_power.avg).toBeGreaterThan(75);
    expect(summary.nvidia_average_gpu_power.avg).toBeLessThan(75.5 + 565 / 2);

    const lines = readFileSync(join(folder, 'gpu_telemetry_export.jsonl'), 'utf8').trim().split('\n');
    expect(lines.length % 2).toBe(0);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      gpu_index: 0,
      hostname: 'mock',
      telemetry_source_url: url,
    });
    const csv = readFileSync(join(folder, 'profile_export_aiperf.csv'), 'utf8');
    expect(csv).toContain(`\r\n\r\n\r\nEndpoint,GPU_Index,`);
    expect(csv).toContain(`Total GPU Energy (J),${fixed(joules, 2)}\r\n`);
    expect(cellsOf(stdout, ([label]) => label === 'Total GPU Power (W)')?.[1]).toBe(
      fixed(summary.nvidia_total_gpu_power.avg, 2),
    );
    expect(readFileSync(join(folder, 'profile_export_series.jsonl'), 'utf8')).toContain(
      '"metric":"nvidia_power_usage"',
    );

    const report = await aiperf(['report', folder], { env: { COLUMNS: '120' } });
    expect(gpuTables(report.stdout)).toBe(gpuTables(stdout));
    expect(gpuTables(stdout)).toContain('1/1 telemetry sources reachable');
  });

  it('that dies during the run leaves what it had; the report says which part of the run that is', async () => {
    const folder = temporaryFolder();
    const dying = await startRecordingServer({ ...settings, gpus: 1 }, dyingUnderLoad());
    const { code, stdout } = await run(folder, {
      url: `http://127.0.0.1:${dying.port}`,
      'gpu-telemetry': gpuPage(dying),
      'strict-telemetry': true,
    });
    await dying.close();
    expect(code).toBe(0);
    expect(stdout).toMatch(/GPU power was measured for \d+ % of the run; energy per request/);
    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    expect(summary.telemetry_data.error_summary).toEqual([
      {
        error_details: {
          type: 'ServerDisconnectedError',
          message: `http://127.0.0.1:${dying.port}/gpu/metrics could not be read`,
        },
        count: expect.any(Number),
      },
    ]);
    // The power from the last sample before the phase to the last of all, for the whole phase.
    const samples = readFileSync(join(folder, 'gpu_telemetry_export.jsonl'), 'utf8').trim().split('\n');
    const [from, to] = samples.slice(-2).map((line) => JSON.parse(line));
    const joules =
      1e6 * (to.telemetry_data.nvidia_energy_consumption - from.telemetry_data.nvidia_energy_consumption);
    const watts = joules / ((to.timestamp_ns - from.timestamp_ns) / 1e9);
    const seconds = (Date.parse(`${summary.end_time}Z`) - Date.parse(`${summary.start_time}Z`)) / 1000;
    const {
      nvidia_energy_per_request: energy,
      request_count: requests,
      nvidia_total_gpu_energy: total,
    } = summary;
    expect((energy.avg * requests.avg) / (watts * seconds)).toBeCloseTo(1, 2);
    expect(total.avg).toBeCloseTo(joules, 6);
    expect(total.avg).toBeLessThan(energy.avg * requests.avg);
    expect(
      readFileSync(join(folder, 'logs/aiperf.log'), 'utf8').match(/WARNING .*stopped answering/g),
    ).toHaveLength(1);
  });

  it('that is not there is one warning, or with --strict-telemetry an error before the load', async () => {
    const folder = temporaryFolder();
    const more = { 'gpu-telemetry': '127.0.0.1:9/metrics', 'request-count': 2, 'benchmark-duration': 60 };
    const { code, stdout } = await run(folder, more);
    expect(code).toBe(0);
    expect(stdout).not.toContain('GPU');
    const { telemetry_data } = readJson(join(folder, 'profile_export_aiperf.json'));
    expect(telemetry_data.endpoints).toEqual({});
    expect(telemetry_data.summary.endpoints_configured).toEqual(['http://127.0.0.1:9/metrics']);
    expect(existsSync(join(folder, 'gpu_telemetry_export.jsonl'))).toBe(false);
    const log = readFileSync(join(folder, 'logs/aiperf.log'), 'utf8');
    expect(log.match(/WARNING .*127\.0\.0\.1:9\/metrics cannot be read/g)).toHaveLength(1);
    const strict = await run(temporaryFolder(), { ...more, 'strict-telemetry': true });
    expect(strict.code).toBe(1);
    expect(panelText(strict.stderr)).toContain('http://127.0.0.1:9/metrics cannot be read');
  });

  it('whose page has no fields of DCGM is named once', async () => {
    const page = createServer((_, response) => response.end('# TYPE a gauge\na 1\n'));
    page.listen(0, '127.0.0.1');
    await once(page, 'listening');
    const folder = temporaryFolder();
    const { port } = page.address() as AddressInfo;
    // A read may take 1.8 intervals.
    const variables = { AIPERF_GPU_COLLECTION_INTERVAL: '2' };
    await run(folder, { 'gpu-telemetry': `127.0.0.1:${port}`, 'request-count': 2 }, variables);
    page.close();
    const log = readFileSync(join(folder, 'logs/aiperf.log'), 'utf8');
    expect(
      log.match(/WARNING .*metrics: it has no fields of DCGM exporter \(DCGM_FI_DEV_…\)$/gm),
    ).toHaveLength(1);
  });

  it('has custom fields, and caps power, which a report names as the run did; a bad file is refused', async () => {
    const folder = temporaryFolder();
    // An idle GPU asks for 75 W.
    const capped = await startMockServer({ port: 0, gpus: 1, gpuPowerLimit: 60 });
    const csv = join(temporaryFolder(), 'm.csv');
    writeFileSync(csv, 'DCGM_FI_DEV_SM_CLOCK, gauge, SM clock frequency (in MHz)\n');
    const page = `127.0.0.1:${capped.port}/gpu`;
    const { stdout } = await run(folder, {
      'gpu-telemetry': `${page},${csv}`,
      'request-count': 8,
      'strict-telemetry': true,
    });
    await capped.close();
    const label = 'SM Clock Frequency (MHz)';
    expect(cellsOf(stdout, ([first]) => first === label)?.[3]).toBe('345.00');
    const [sentence] = /^Power-capped from .*$/m.exec(stdout) ?? [''];
    expect(sentence).toMatch(
      /^Power-capped from \d\.\d\d s: GPU 0, in .* % of the run\. The power limit held/,
    );
    const report = await aiperf(['report', folder], { env: { COLUMNS: '120' } });
    expect(cellsOf(report.stdout, ([first]) => first === label)).toEqual(
      cellsOf(stdout, ([first]) => first === label),
    );
    expect(report.stdout).toContain(`\n${sentence}\n`);
    expect(readJson(join(folder, 'profile_export_aiperf.json')).explanations).toEqual([sentence]);
    writeFileSync(csv, 'DCGM_FI_DEV_SM_CLOCK\n');
    const refused = await run(temporaryFolder(), { 'gpu-telemetry': `${gpuPage(server)},${csv}` });
    expect(panelText(refused.stderr)).toContain(`${csv}:1: expected a DCGM field`);
  });
});

describe.runIf(process.platform === 'linux').concurrent("a driver's tool", onBusyMachines, () => {
  /** A folder for PATH with a tool that prints a GPU of 250 W every 50 ms, and its process id. */
  function fakeTool(): { readonly variables: Record<string, string>; readonly pid: () => number } {
    const bin = join(temporaryFolder(), 'bin');
    mkdirSync(bin);
    const path = join(bin, 'nvidia-smi');
    writeFileSync(
      path,
      `#!/bin/sh\necho $$ > ${bin}/pid\nwhile :; do\n` +
        `echo "$(date '+%Y/%m/%d %H:%M:%S.%3N'), 0, GPU-a, NVIDIA L4, 0:1, 250.00, 90, 40, 1000, 50, 0, 0"\nsleep 0.05\ndone\n`,
    );
    chmodSync(path, 0o755);
    return {
      variables: { PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
      pid: () => Number(readFileSync(join(bin, 'pid'), 'utf8')),
    };
  }

  async function whenDead(pid: number): Promise<void> {
    while (existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
      await after(20);
  }

  it('gives power, from which energy is integrated, and ends with the run', async () => {
    const { variables, pid } = fakeTool();
    const folder = temporaryFolder();
    const { code, stdout } = await run(folder, { 'gpu-telemetry': 'pynvml' }, variables);
    expect(code).toBe(0);
    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    const seconds = (Date.parse(`${summary.end_time}Z`) - Date.parse(`${summary.start_time}Z`)) / 1000;
    expect(summary.nvidia_average_gpu_power.avg).toBeCloseTo(250, 6);
    expect(summary.nvidia_energy_per_request.avg * summary.request_count.avg).toBeCloseTo(250 * seconds, 0);
    expect(summary.telemetry_data.summary.endpoints_successful).toEqual(['pynvml://localhost']);
    expect(stdout).toContain(
      'Energy of 1 GPU is integrated from power samples: the source has no energy counter.',
    );
    expect(stdout).toContain('pynvml://localhost | GPU 0 | NVIDIA L4');
    await whenDead(pid());
  });

  it('does not outlive a run that is killed, which keeps its samples', async () => {
    const { variables, pid } = fakeTool();
    const folder = temporaryFolder();
    const more = { 'gpu-telemetry': 'nvidia-smi', 'benchmark-duration': 60 };
    const { child, ended } = startAiperf(profileWords(options(folder, more)), {
      env: { ...env, ...variables },
    });
    const samples = join(folder, 'gpu_telemetry_export.jsonl');
    const records = join(folder, 'profile_export.jsonl');
    while (![samples, records].every((path) => existsSync(path) && readFileSync(path, 'utf8') !== ''))
      await after(20);
    child.kill('SIGKILL');
    await ended;
    await whenDead(pid());
    const pages = join(folder, 'telemetry');
    // As a killed run leaves what it read of a server.
    mkdirSync(pages);
    writeFileSync(join(pages, '0.spool'), '');
    const { stdout } = await aiperf(['report', folder], { env: { COLUMNS: '120' } });
    expect(existsSync(pages)).toBe(false);
    expect(cellsOf(stdout, ([label]) => label === 'NVIDIA GPU Power Usage (W)')?.[1]).toBe('250.00');
  });

  it('that is not there is one warning', async () => {
    const folder = temporaryFolder();
    const { code } = await run(folder, { 'gpu-telemetry': 'amd-smi', 'request-count': 2 });
    expect(code).toBe(0);
    const log = readFileSync(join(folder, 'logs/aiperf.log'), 'utf8');
    expect(log.match(/WARNING .*amd-smi was not found: .* must be on PATH/g)).toHaveLength(1);
  });
});
