import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gpuSources } from '../../src/config/gpu-options.js';
import { temporaryFolder } from '../e2e/aiperf.js';
import { profile, refusals } from './profile-options.js';

const csv = join(temporaryFolder(), 'm.csv');
writeFileSync(csv, '');

it.each([
  ['--gpu-telemetry', []],
  [
    '--gpu-telemetry node1:9400,node2:9400 http://node3/metrics',
    ['node1:9400', 'node2:9400', 'http://node3/metrics'],
  ],
  [`--gpu-telemetry pynvml dashboard ${csv}`, ['pynvml', 'dashboard', csv]],
])('%s is read', async (line, items) => {
  expect((await profile(`--model m ${line}`)).config.gpuTelemetry).toEqual(items);
});

it('items are sorted by what they are, each once', () => {
  const items = ['PyNVML', 'nvidia_smi', 'Dashboard', 'a:1', 'a:1', 'x/m.CSV'];
  expect(gpuSources(items)).toEqual({
    urls: ['a:1'],
    tools: ['nvidia-smi'],
    files: ['x/m.CSV'],
    dashboard: true,
  });
  expect(gpuSources(['amdsmi']).tools).toEqual(['amd-smi']);
});

const expected =
  'URLs of DCGM exporters like HOST:9400, nvidia-smi (pynvml), amd-smi (amdsmi), or a file *.csv, separated by commas';

it.each([
  ['--gpu-telemetry pynmvl', `--gpu-telemetry must be ${expected}, got 'pynmvl'.`],
  ['--gpu-telemetry ftp://a', `--gpu-telemetry must be ${expected}, got 'ftp://a'.`],
  ['--gpu-telemetry nosuch.csv', 'GPU metrics file not found: nosuch.csv'],
  [
    `--gpu-telemetry ${csv} /a/b.csv`,
    [
      'GPU metrics file not found: /a/b.csv',
      `--gpu-telemetry takes one file of metrics, got ${csv}, /a/b.csv.`,
    ],
  ],
  ['--gpu-telemetry pynvml amdsmi', '--gpu-telemetry takes one of nvidia-smi and amd-smi, got both.'],
  [
    '--gpu-telemetry pynvml node1:9400',
    '--gpu-telemetry nvidia-smi cannot be combined with URLs: a DCGM exporter of this machine reports the same GPUs.',
  ],
  [
    '--gpu-telemetry node1:9400 --no-gpu-telemetry',
    '--gpu-telemetry cannot be combined with --no-gpu-telemetry: one names GPUs to read, the other reads none.',
  ],
])('%s is refused', async (line, message) => {
  expect(await refusals(`--model m ${line}`)).toEqual([message].flat());
});

it.each([
  [
    '--gpu-telemetry dashboard',
    '--gpu-telemetry dashboard has no effect: there is no live view of GPUs yet; the report shows them.',
  ],
  [
    `--gpu-telemetry amd-smi ${csv}`,
    `--gpu-telemetry ${csv} has no effect with amd-smi: it names fields of DCGM.`,
  ],
])('%s has no effect', async (line, message) => {
  expect((await profile(`--model m ${line}`)).warnings).toEqual([message]);
});

describe('the environment', () => {
  it.each([
    ['http://a:1/metrics,b:2', ['http://a:1/metrics', 'b:2']],
    ['["http://a:1/metrics", "http://b:2/metrics"]', ['http://a:1/metrics', 'http://b:2/metrics']],
    ['', ['http://localhost:9400/metrics', 'http://localhost:9401/metrics']],
  ])('names the exporters that are probed: %j', async (text, urls) => {
    const { config } = await profile('--model m', { AIPERF_GPU_DEFAULT_DCGM_ENDPOINTS: text });
    expect(config.gpuDefaultDcgmEndpoints).toEqual(urls);
  });

  it('sets the interval', async () => {
    const { config } = await profile('--model m', { AIPERF_GPU_COLLECTION_INTERVAL: '1.5' });
    expect(config.gpuCollectionIntervalSeconds).toBe(1.5);
  });
});
