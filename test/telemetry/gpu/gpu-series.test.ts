import { expect, test } from 'vitest';
import { GpuHistories, type GpuHistory } from '../../../src/telemetry/gpu/gpu-history.js';
import { gpuOf } from '../../../src/telemetry/gpu/gpu-reading.js';
import { gpuObservations } from '../../../src/telemetry/gpu/gpu-series.js';
import { forgetSecrets, learnSecrets } from '../../../src/util/secrets.js';

const none = Number.NaN;

function history(
  source: string,
  index: number,
  times: number[],
  values: Record<string, number[]>,
): GpuHistory {
  return {
    ...{ source, gpu: gpuOf('nvidia', index, { uuid: `GPU-${index}` }), times: Float64Array.from(times) },
    values: new Map(Object.entries(values).map(([name, list]) => [name, Float64Array.from(list)])),
  };
}

const histories = [
  history('a', 0, [10, 20, 30], { nvidia_power_usage: [100, none, 300], nvidia_temperature: [40, 41, 42] }),
  history('a', 1, [10, 20, 40], { nvidia_power_usage: [1, 2, 3], nvidia_gpu_utilization: [50, 60, 70] }),
  history('b', 0, [15], { amd_power: [500] }),
];

/** Observations as text: source, time, and each value with its GPU and metric. */
function kept(most?: number): string[] {
  return Array.from(gpuObservations(histories, most), ({ source, atNs, samples }) =>
    [
      source,
      atNs,
      ...samples.map(({ metric, labels, value }) => `${labels.gpu}:${metric.name}=${value}`),
    ].join(' '),
  );
}

test('GPUs of a source that were read at the same time share an observation', () => {
  expect(kept()).toEqual([
    'a 10 0:nvidia_power_usage=100 1:nvidia_power_usage=1 1:nvidia_gpu_utilization=50',
    'a 20 1:nvidia_power_usage=2 1:nvidia_gpu_utilization=60',
    'a 30 0:nvidia_power_usage=300',
    'a 40 1:nvidia_power_usage=3 1:nvidia_gpu_utilization=70',
    'b 15 0:amd_power=500',
  ]);
  const [first] = gpuObservations(histories);
  expect(first?.samples[0]).toEqual({
    metric: { name: 'nvidia_power_usage', unit: 'W', kind: 'gauge' },
    ...{ labels: { gpu: '0', uuid: 'GPU-0' }, value: 100 },
  });
});

test('of too many readings, neighbours share their mean, and the last value of a counter', () => {
  const counters = [history('c', 0, [10, 20, 30], { nvidia_power_violation: [5, 7, 11] })];
  const values = [...gpuObservations(counters, 2)].flatMap(({ samples }) => samples);
  expect(values).toEqual(
    [7, 11].map((value) => ({
      metric: { name: 'nvidia_power_violation', unit: 'us', kind: 'counter' },
      ...{ labels: { gpu: '0', uuid: 'GPU-0' }, value },
    })),
  );
  expect(kept(2)).toEqual([
    'a 20 0:nvidia_power_usage=100 1:nvidia_power_usage=1.5 1:nvidia_gpu_utilization=55',
    'a 30 0:nvidia_power_usage=300',
    'a 40 1:nvidia_power_usage=3 1:nvidia_gpu_utilization=70',
    'b 15 0:amd_power=500',
  ]);
});

test('a key that an exporter shows in the name of a GPU is masked', () => {
  learnSecrets(['password-of-exporter-9']);
  const all = new GpuHistories();
  const gpu = gpuOf('nvidia', 0, { uuid: 'GPU-a', model: 'H100 password-of-exporter-9' });
  all.add({ source: 's', atNs: 1, readings: [{ gpu, values: new Map([['nvidia_power_usage', 100]]) }] });
  forgetSecrets();
  expect(all.all.map(({ gpu: { uuid, model } }) => [uuid, model])).toEqual([['GPU-a', 'H100 <redacted>']]);
});
