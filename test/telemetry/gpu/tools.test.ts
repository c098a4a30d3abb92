import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { amdSmi } from '../../../src/telemetry/gpu/amd-smi.js';
import { type GpuTool, type ToolReading, ToolRun } from '../../../src/telemetry/gpu/gpu-tool.js';
import { JsonBlocks } from '../../../src/telemetry/gpu/json-blocks.js';
import { nvidiaSmi } from '../../../src/telemetry/gpu/nvidia-smi.js';
import { temporaryFolder } from '../../e2e/aiperf.js';

const valuesOf = (readings: readonly ToolReading[]) =>
  readings.map(({ reading }) => Object.fromEntries(reading.values));

describe('nvidia-smi', () => {
  const line =
    '2026/11/30 05:39:49.123, 0, GPU-aa, NVIDIA H100 80GB HBM3, 00000000:01:00.0, 298.50, 97, 41, 40960, 61, 0, 3\n';

  it('asks for a line per GPU at the interval', () => {
    expect(nvidiaSmi().args(333)).toEqual([
      '--query-gpu=timestamp,index,uuid,name,pci.bus_id,power.draw,utilization.gpu,utilization.memory,memory.used,' +
        'temperature.gpu,utilization.decoder,utilization.encoder',
      '--format=csv,noheader,nounits',
      '-lms',
      '333',
    ]);
  });

  it('reads lines in whatever pieces they come, with the time that they state', () => {
    const tool = nvidiaSmi();
    expect(tool.read(line.slice(0, 70))).toEqual([]);
    const [found, ...others] = tool.read(`${line.slice(70)}not a GPU\n`);
    expect(others).toEqual([]);
    expect(found?.epochMs).toBe(new Date(2026, 10, 30, 5, 39, 49, 123).getTime());
    expect(found?.reading.gpu).toMatchObject({
      ...{ platform: 'nvidia', index: 0, uuid: 'GPU-aa', model: 'NVIDIA H100 80GB HBM3' },
      pciBusId: '00000000:01:00.0',
    });
    expect([...(found?.reading.values ?? [])]).toEqual([
      ['nvidia_power_usage', 298.5],
      ['nvidia_gpu_utilization', 97],
      ['nvidia_memory_utilization', 41],
      ['nvidia_memory_used', 42.94967296],
      ['nvidia_temperature', 61],
      ['nvidia_decoder_utilization', 0],
      ['nvidia_encoder_utilization', 3],
    ]);
  });

  it('leaves out what a GPU does not support', () => {
    const gpu =
      '2026/11/30 05:39:49.123, 1, GPU-bb, T4, 0:2, [N/A], 5, [Unknown Error], 10, 40, [Not Supported], 0\n';
    expect(valuesOf(nvidiaSmi().read(gpu))).toEqual([
      {
        nvidia_gpu_utilization: 5,
        nvidia_memory_used: 0.01048576,
        nvidia_temperature: 40,
        nvidia_encoder_utilization: 0,
      },
    ]);
  });
});

describe('amd-smi', () => {
  // The forms of ROCm 6 (a list) and 7 (a list within an object, behind a line of another kind).
  const metric = (gpu: number, energy: unknown) => ({
    gpu,
    usage: {
      gfx_activity: { value: 42, unit: '%' },
      umc_activity: { value: 1, unit: '%' },
      mm_activity: 'N/A',
    },
    power: { socket_power: { value: 312, unit: 'W' }, throttle_status: 'THROTTLED' },
    temperature: { edge: 'N/A', hotspot: { value: 54, unit: 'C' }, mem: { value: 40, unit: 'C' } },
    mem_usage: { total_vram: { value: 196_592, unit: 'MB' }, used_vram: { value: 14_569, unit: 'MB' } },
    energy: { total_energy_consumption: energy },
    ecc: { total_correctable_count: 3, total_uncorrectable_count: 1 },
  });

  it('describes and reads GPUs', () => {
    const tool = amdSmi();
    tool.described?.(
      JSON.stringify([{ gpu: 0, bdf: '0002:00:01.0', uuid: 'bcff74a1-0000', kfd_id: 1 }]) +
        JSON.stringify({ gpu_data: [{ gpu: 0, asic: { market_name: 'AMD Instinct MI300X' } }] }),
    );
    const output = `'CTRL' + 'C' to stop watching output:\n${JSON.stringify([metric(0, { value: 41_852.5, unit: 'J' })], null, 4)}\n`;
    expect(tool.read(output.slice(0, 100))).toEqual([]);
    const [found] = tool.read(output.slice(100));
    expect(found?.reading.gpu).toMatchObject({
      ...{ platform: 'amd', index: 0, uuid: 'bcff74a1-0000', model: 'AMD Instinct MI300X' },
      pciBusId: '0002:00:01.0',
    });
    expect([...(found?.reading.values ?? [])]).toEqual([
      ['amd_power', 312],
      ['amd_energy_consumption', 0.0418525],
      ['amd_gfx_activity', 42],
      ['amd_umc_activity', 1],
      ['amd_memory_used', 14_569 * 1.048576e-3],
      ['amd_temperature', 54],
      ['amd_ecc_uncorrectable', 1],
      ['amd_throttle_status', 1],
    ]);
    const newer = tool.read(JSON.stringify({ gpu_data: [metric(0, 'N/A'), metric(1, 'N/A')] }));
    expect(
      newer.map(({ reading }) => [reading.gpu.index, reading.values.has('amd_energy_consumption')]),
    ).toEqual([
      [0, false],
      [1, false],
    ]);
  });

  it('prints JSON between other lines', () => {
    const blocks = new JsonBlocks();
    expect(blocks.take('WARNING: [x] {"a": "\\"}')).toEqual([]);
    expect(blocks.take('"}, [1, [2]]\n{')).toEqual([{ a: '"}' }, [1, [2]]]);
    expect(blocks.take('"b": 1}')).toEqual([{ b: 1 }]);
  });
});

/** Puts an executable of this name before all others. */
function executable(name: string, script: string): { env: Record<string, string>; folder: string } {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'bin'));
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}`);
  chmodSync(path, 0o755);
  return { env: { PATH: `${join(folder, 'bin')}${delimiter}/usr/bin${delimiter}/bin` }, folder };
}

/** Runs a tool until it ends or has given so many readings. */
async function run(
  tool: GpuTool,
  env: Record<string, string>,
  wanted = Number.POSITIVE_INFINITY,
  silenceMs = 60_000,
) {
  const readings: ToolReading[] = [];
  let toolRun: ToolRun | undefined;
  const fault = await new Promise<string | undefined>((resolve) => {
    toolRun = new ToolRun(tool, {
      intervalMs: 20,
      env,
      silenceMs,
      onReadings: (found) => {
        readings.push(...found);
        if (readings.length >= wanted) resolve(undefined);
      },
      onEnd: resolve,
    });
  });
  toolRun?.stop();
  return { fault, readings };
}

const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

async function whenDead(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe.runIf(process.platform === 'linux')('tools as processes', () => {
  const gpu = (index: number) =>
    `echo "2026/11/30 05:39:49.123, ${index}, GPU-${index}, T4, 0:1, 70.5, 5, 6, 10, 40, 0, 0"`;

  it('are read until they are stopped, and do not outlive that', async () => {
    const { env, folder } = executable(
      'nvidia-smi',
      `echo $$ > "$0.pid"\nwhile :; do ${gpu(0)}; ${gpu(1)}; sleep 0.02; done\n`,
    );
    const { fault, readings } = await run(nvidiaSmi(), env, 4);
    expect(fault).toBeUndefined();
    expect(readings.slice(0, 4).map(({ reading }) => reading.gpu.uuid)).toEqual([
      'GPU-0',
      'GPU-1',
      'GPU-0',
      'GPU-1',
    ]);
    await whenDead(Number(readFileSync(join(folder, 'bin/nvidia-smi.pid'), 'utf8')));
  });

  it('are asked for less where they do not know a property', async () => {
    const { env } = executable(
      'nvidia-smi',
      'case "$1" in\n*encoder*) echo "Field \\"utilization.encoder\\" is not a valid field to query."; exit 2;;\nesac\n' +
        'echo "2026/11/30 05:39:49.123, 0, GPU-0, T4, 0:1, 70.5, 5, 6, 10, 40, 0"\nsleep 60\n',
    );
    const { readings } = await run(nvidiaSmi(), env, 1);
    expect(valuesOf(readings)).toEqual([
      {
        nvidia_power_usage: 70.5,
        nvidia_gpu_utilization: 5,
        nvidia_memory_utilization: 6,
        nvidia_memory_used: 0.01048576,
        nvidia_temperature: 40,
        nvidia_decoder_utilization: 0,
      },
    ]);
  });

  it.each([
    ['not there', undefined, 'was not found: it comes with the driver of the GPU and must be on PATH'],
    [
      'without a driver',
      'echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."\nexit 9\n',
      "ended with exit code 9: NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    ],
    ['dying during the run', `${gpu(0)}\nexit 15\n`, 'ended during the run with exit code 15'],
    ['killed', `${gpu(0)}\nkill -9 $$\n`, 'ended during the run with exit code 137'],
  ])('say once why they end: %s', async (_, script, fault) => {
    const { env } = executable(script === undefined ? 'other' : 'nvidia-smi', script ?? '');
    expect(await run(nvidiaSmi(), env)).toMatchObject({ fault });
  });

  it('are ended when they print nothing', async () => {
    const { env, folder } = executable('nvidia-smi', 'echo $$ > "$0.pid"\nexec sleep 600\n');
    expect(await run(nvidiaSmi(), env, 1, 300)).toEqual({
      fault: 'has printed nothing for 0.3 s',
      readings: [],
    });
    await whenDead(Number(readFileSync(join(folder, 'bin/nvidia-smi.pid'), 'utf8')));
  });

  it('run once per reading where they print nothing while they watch', async () => {
    const { env } = executable(
      'amd-smi',
      'case "$*" in\nlist*) echo \'[{"gpu": 0, "uuid": "aa"}]\';;\nstatic*) echo \'[{"gpu": 0, "asic": {"market_name": "MI300X"}}]\';;\n' +
        '*--watch*) exec sleep 600;;\nmetric*) echo \'[{"gpu": 0, "power": {"socket_power": {"value": 300, "unit": "W"}}}]\';;\nesac\n',
    );
    const { readings } = await run(amdSmi(), env, 1, 1500);
    expect(readings.map(({ reading }) => [reading.gpu.uuid, reading.gpu.model, ...reading.values])).toEqual([
      ['aa', 'MI300X', ['amd_power', 300]],
    ]);
  });
});
