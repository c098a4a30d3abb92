import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GpuFile } from '../../src/export/gpu-jsonl.js';
import { summaryCsv } from '../../src/export/summary-csv.js';
import { summaryJson } from '../../src/export/summary-json.js';
import { busyGpus, gpuTelemetry, readGpuHistories, withPower } from '../../src/run/gpu-telemetry.js';
import { gpuOf } from '../../src/telemetry/gpu/gpu-reading.js';
import { temporaryFolder } from '../e2e/aiperf.js';
import { goldenIsThere } from '../metrics/golden.js';
import { fourRequests, storeOf } from '../metrics/records.js';
import { goldenFile, jsonLines, summary } from '../telemetry/gpu/golden-gpu.js';

const origin = { epochNs: 1_795_936_847_000_000_000n, monotonicNs: 0n };
const source = 'http://127.0.0.1:8000/gpu/metrics';
const known = { uuid: 'GPU-0', model: 'NVIDIA H100', hostname: 'node1' };

/** A file of samples of two GPUs, 100 ms apart, of 300 and 400 W. */
function recorded(): string {
  const path = join(temporaryFolder(), 'gpu.jsonl');
  const file = new GpuFile(path, origin);
  for (const tick of [0, 1, 2, 3]) {
    const reading = (index: number, watts: number) => ({
      gpu: gpuOf('nvidia', index, { ...known, uuid: `GPU-${index}` }),
      values: new Map([
        ['nvidia_power_usage', watts + tick],
        ['nvidia_energy_consumption', (watts * tick) / 1e7],
        ['nvidia_sm_clock', 1700],
      ]),
    });
    file.add({ source, atNs: tick * 1e8, readings: [reading(0, 300), reading(1, 400)] });
  }
  file.close();
  return path;
}

const phase = { fromNs: 1e8, toNs: 3e8 };
const custom = [{ name: 'nvidia_sm_clock', header: 'SM Clock', unit: 'MHz', kind: 'gauge' }] as const;

describe('gpu_telemetry_export.jsonl', () => {
  it('has a line for each GPU and sample', () => {
    expect(readFileSync(recorded(), 'utf8').split('\n').slice(2, 4)).toEqual([
      '{"gpu_index":0,"gpu_uuid":"GPU-0","gpu_model_name":"NVIDIA H100","hostname":"node1","platform":"nvidia",' +
        '"timestamp_ns":1795936847100000000,"telemetry_source_url":"http://127.0.0.1:8000/gpu/metrics",' +
        '"telemetry_data":{"nvidia_power_usage":301.0,"nvidia_energy_consumption":3e-05,"nvidia_sm_clock":1700}}',
      '{"gpu_index":1,"gpu_uuid":"GPU-1","gpu_model_name":"NVIDIA H100","hostname":"node1","platform":"nvidia",' +
        '"timestamp_ns":1795936847100000000,"telemetry_source_url":"http://127.0.0.1:8000/gpu/metrics",' +
        '"telemetry_data":{"nvidia_power_usage":401.0,"nvidia_energy_consumption":4e-05,"nvidia_sm_clock":1700}}',
    ]);
  });

  it.runIf(goldenIsThere).each(['gpu', 'gpu-pods', 'gpu-dies', 'gpu-custom-csv'])(
    'of AIPerf is read, and written again to the last byte: %s',
    (run) => {
      const name = `${run}/gpu_telemetry_export.jsonl`;
      const path = join(temporaryFolder(), 'gpu.jsonl');
      const [first] = jsonLines(name);
      const epochNs = BigInt(Math.floor(Number(first?.timestamp_ns) / 1e9)) * 1_000_000_000n;
      const clock = { epochNs, monotonicNs: 0n };
      writeFileSync(path, goldenFile(name));
      const histories = readGpuHistories(path, clock);
      const file = new GpuFile(path, clock);
      const samples = histories.flatMap(({ source: url, gpu, times, values }) =>
        Array.from(times, (atNs, i) => {
          const readings = [{ gpu, values: new Map([...values].map(([key, list]) => [key, list[i] ?? 0])) }];
          return { source: url, atNs, readings };
        }),
      );
      for (const sample of samples.sort((a, b) => a.atNs - b.atNs)) file.add(sample);
      file.close();
      expect(readFileSync(path, 'utf8')).toBe(goldenFile(name));
    },
  );

  it('is read as far as it can be', () => {
    const path = recorded();
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, `{"broken\n[]\n{"timestamp_ns":1}\n${text.slice(0, text.length - 20)}`);
    expect(readGpuHistories(path, origin).map(({ gpu, times }) => [gpu.uuid, [...times]])).toEqual([
      ['GPU-0', [0, 1e8, 2e8, 3e8]],
      ['GPU-1', [0, 1e8, 2e8]],
    ]);
    expect(readGpuHistories(join(temporaryFolder(), 'none'), origin)).toEqual([]);
  });
});

describe('the summary', () => {
  const facts = {
    ...{ benchmarkId: 'b', gpuConfigured: [source, 'http://down:1/metrics'], gpuReached: [source] },
    ...{
      gpuErrors: [],
      startedAtNs: origin.epochNs + 100_000_000n,
      endedAtNs: origin.epochNs + 300_000_000n,
    },
    inputConfig: { phases: [{ name: 'profiling', concurrency: 2 }] },
  };
  const gpu = () => gpuTelemetry(readGpuHistories(recorded(), origin), custom, phase);

  it('has power metrics and telemetry_data', () => {
    const measured = withPower(storeOf(fourRequests).summary(), gpu(), facts);
    const json = JSON.parse(summaryJson(measured, facts, undefined, gpu()));
    const { telemetry_data } = json;
    expect(telemetry_data.summary).toEqual({
      endpoints_configured: [source, 'http://down:1/metrics'],
      endpoints_successful: [source],
      start_time: '2026-11-29T07:20:47.100000',
      end_time: '2026-11-29T07:20:47.300000',
    });
    const { gpu_0, gpu_1, ...others } = telemetry_data.endpoints['127.0.0.1:8000/gpu'].gpus;
    expect(others).toEqual({});
    expect(gpu_1.gpu_uuid).toBe('GPU-1');
    expect(gpu_0).toMatchObject({
      gpu_index: 0,
      gpu_name: 'NVIDIA H100',
      gpu_uuid: 'GPU-0',
      platform: 'nvidia',
    });
    expect(gpu_0.metrics.nvidia_power_usage).toMatchObject({ unit: 'W', avg: 302, std: 1, count: 3 });
    expect(gpu_0.metrics.nvidia_energy_consumption).toEqual({ unit: 'MJ', avg: 9e-5 });
    expect(gpu_0.metrics.nvidia_sm_clock).toMatchObject({ unit: 'MHz', avg: 1700, count: 3 });
    // 300 and 400 W for 0.3 s, by the samples around the phase.
    expect(json.nvidia_total_gpu_energy.avg).toBeCloseTo(210, 9);
    expect(json.nvidia_average_gpu_power.avg).toBeCloseTo(350, 9);
    expect(json.nvidia_energy_per_user.avg).toBeCloseTo(105, 9);
    expect(json.nvidia_total_gpu_power.avg).toBe(704);
    expect(telemetry_data.notes).toEqual([
      'The energy counters of 2 GPUs changed 3 times during the run: energy may be off by more than 10 %. ' +
        'DCGM exporter updates every 30 s unless --collect-interval is lower.',
    ]);
    expect(busyGpus(gpu())).toBe(2);
  });

  it('has empty lists where no source answered, and no section of the CSV', () => {
    const none = gpuTelemetry([], [], phase);
    const { results } = storeOf(fourRequests).summary();
    const json = JSON.parse(
      summaryJson(storeOf(fourRequests).summary(), { ...facts, gpuReached: [] }, undefined, none),
    );
    expect(json.telemetry_data).toMatchObject({ endpoints: {}, error_summary: [] });
    expect(json.telemetry_data.summary.endpoints_successful).toEqual([]);
    expect(summaryCsv(results, none.gpus)).toBe(summaryCsv(results));
  });

  it('has a row of the CSV for each metric of each GPU, behind two empty rows', () => {
    const { results } = storeOf(fourRequests).summary();
    const [before = '', section = ''] = summaryCsv(results, gpu().gpus).split('\r\n\r\n\r\n');
    expect(`${before}\r\n`).toBe(summaryCsv(results));
    expect(section.split('\r\n').slice(0, 4)).toEqual([
      'Endpoint,GPU_Index,GPU_Name,GPU_UUID,Platform,Metric,avg,min,max,sum,p1,p5,p10,p25,p50,p75,p90,p95,p99,std,Hostname',
      '127.0.0.1:8000/gpu,0,NVIDIA H100,GPU-0,nvidia,NVIDIA GPU Power Usage (W),302.00,301.00,303.00,906.00,301.02,301.10,301.20,301.50,302.00,302.50,302.80,302.90,302.98,1.00,node1',
      '127.0.0.1:8000/gpu,0,NVIDIA H100,GPU-0,nvidia,NVIDIA Energy Consumption (MJ),0.00,,,,,,,,,,,,,,node1',
      '127.0.0.1:8000/gpu,0,NVIDIA H100,GPU-0,nvidia,SM Clock (MHz),1700.00,1700.00,1700.00,5100.00,1700.00,1700.00,1700.00,1700.00,1700.00,1700.00,1700.00,1700.00,1700.00,0.00,node1',
    ]);
  });

  it.runIf(goldenIsThere)('has the keys of AIPerf, in its order', () => {
    const theirs = summary('gpu').telemetry_data;
    const [, ours] = [0, gpu()];
    const own = JSON.parse(
      summaryJson(storeOf(fourRequests).summary(), facts, undefined, ours),
    ).telemetry_data;
    const { notes: _, ...rest } = own;
    expect(Object.keys(rest)).toEqual(Object.keys(theirs));
    expect(Object.keys(own.summary)).toEqual(Object.keys(theirs.summary));
    const of = (data: typeof own) => data.endpoints['127.0.0.1:8000/gpu'].gpus.gpu_0;
    expect(Object.keys(of(own))).toEqual(Object.keys(of(theirs)));
    for (const name of ['nvidia_power_usage', 'nvidia_energy_consumption']) {
      expect(Object.keys(of(own).metrics[name])).toEqual(Object.keys(of(theirs).metrics[name]));
    }
  });
});
