import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCustomMetrics } from '../../../src/telemetry/gpu/custom-metrics.js';
import { DcgmReader, type PageSample } from '../../../src/telemetry/gpu/dcgm.js';
import { temporaryFolder } from '../../e2e/aiperf.js';
import { goldenIsThere, goldenPath } from '../../metrics/golden.js';
import { golden2, jsonLines, pageSamples } from './golden-gpu.js';

const h100 = { gpu: '0', UUID: 'GPU-0', modelName: 'NVIDIA H100', Hostname: 'node1' };
const sample = (name: string, value: number, labels: Record<string, string> = h100): PageSample => ({
  name: `DCGM_FI_${name}`,
  labels,
  value,
});

describe('DCGM pages', () => {
  it('scales each field, in the order of files', () => {
    const page = new DcgmReader().read([
      sample('PROF_SM_ACTIVE', 0.75),
      sample('DEV_FB_USED', 40_960),
      sample('DEV_TOTAL_ENERGY_CONSUMPTION', 5_001_127_700),
      sample('DEV_POWER_VIOLATION', 1380),
      sample('DEV_POWER_USAGE', 294.211),
      sample('DEV_FB_FREE', 1),
    ]);
    expect(page.readings.map(({ values }) => [...values])).toEqual([
      [
        ['nvidia_power_usage', 294.211],
        ['nvidia_energy_consumption', 5.0011277000000005],
        ['nvidia_memory_used', 42.94967296],
        ['nvidia_sm_utilization', 75],
        ['nvidia_power_violation', 1.3800000000000001],
      ],
    ]);
    expect(page.readings[0]?.gpu).toEqual({
      ...{ platform: 'nvidia', index: 0, uuid: 'GPU-0', model: 'NVIDIA H100', hostname: 'node1' },
      ...{ pciBusId: '', device: '', namespace: '', pod: '' },
    });
  });

  it.each([
    ['DEV_FB_USED', 4_294_967_295, 40_960, 42.94967296],
    ['DEV_GPU_UTIL', 2_147_483_632, 100, 100],
    ['PROF_SM_ACTIVE', 140_737_488_355_328, 1, 100],
    ['DEV_XID_ERRORS', 2_147_483_634, 79, 79],
    ['DEV_TOTAL_ENERGY_CONSUMPTION', Number('9223372036854775792'), 9_000_000_000_000, 9000],
  ])('skips what DCGM writes of %s where it has no value', (name, blank, value, read) => {
    expect(new DcgmReader().read([sample(name, blank)]).readings).toEqual([]);
    const { readings } = new DcgmReader().read([sample(name, value)]);
    expect(readings.map(({ values }) => [...values.values()])).toEqual([[read]]);
  });

  it('skips lines without a GPU, values that are none, and repeated lines of one GPU', () => {
    const page = new DcgmReader().read([
      sample('DEV_POWER_USAGE', 1, { UUID: 'GPU-0' }),
      sample('DEV_POWER_USAGE', 2, { gpu: 'x' }),
      sample('DEV_GPU_TEMP', Number.NaN),
      sample('DEV_POWER_USAGE', 300, { ...h100, GPU_I_ID: '1' }),
      sample('DEV_POWER_USAGE', 301, { ...h100, GPU_I_ID: '2' }),
    ]);
    expect(page.withoutGpu).toBe(2);
    expect(page.readings.map(({ values }) => [...values])).toEqual([[['nvidia_power_usage', 300]]]);
  });

  it.runIf(goldenIsThere)('become the lines that AIPerf wrote, to the last digit', () => {
    // The recorded page shows all fields, each line of a file a scrape of its own.
    const [first] = new DcgmReader().read(pageSamples('gpu/dcgm-page.txt')).readings;
    const [line] = jsonLines('gpu-pods/gpu_telemetry_export.jsonl');
    expect([...(first?.values.keys() ?? [])]).toEqual(Object.keys(line?.telemetry_data ?? {}));
    expect(first?.gpu).toEqual({
      platform: 'nvidia',
      index: line?.gpu_index,
      uuid: line?.gpu_uuid,
      model: line?.gpu_model_name,
      pciBusId: line?.pci_bus_id,
      device: line?.device,
      hostname: line?.hostname,
      namespace: line?.namespace,
      pod: line?.pod_name,
    });
    const unchanging = ([name]: [string, number]) => !/power|energy/.test(name);
    expect([...(first?.values ?? [])].filter(unchanging)).toEqual(
      Object.entries(line?.telemetry_data ?? {}).filter(unchanging),
    );
  });

  it.runIf(goldenIsThere)('take the fields of a custom file, unscaled, in the order of the page', () => {
    const custom = readCustomMetrics(goldenPath(`${golden2}/gpu-custom-csv/m.csv`));
    expect(custom.map(({ metric }) => metric)).toEqual([
      { name: 'nvidia_sm_clock', header: 'SM Clock Frequency', unit: 'MHz', kind: 'gauge' },
      {
        name: 'nvidia_thermal_violation',
        header: 'Throttling Duration Due To Thermal Constraints',
        unit: 'us',
        kind: 'counter',
      },
      {
        name: 'nvidia_gr_engine_active',
        header: 'Ratio Of Time The Graphics Engine Is Active',
        unit: 'count',
        kind: 'gauge',
      },
    ]);
    const [first] = new DcgmReader(custom).read(pageSamples('gpu/dcgm-page.txt')).readings;
    const [line] = jsonLines('gpu-custom-csv/gpu_telemetry_export.jsonl');
    expect([...(first?.values.keys() ?? [])]).toEqual(Object.keys(line?.telemetry_data ?? {}));
    expect(first?.values.get('nvidia_sm_clock')).toBe(1700);
    expect(first?.values.get('nvidia_gr_engine_active')).toBe(0.85);
  });
});

describe('files of custom metrics', () => {
  const read = (text: string) => {
    const path = join(temporaryFolder(), 'm.csv');
    writeFileSync(path, text);
    return { path, fields: () => readCustomMetrics(path) };
  };

  it('leave out comments, labels and fields that are always read', () => {
    const { fields } = read(
      '\ufeff# x\r\n\r\nDCGM_FI_DRIVER_VERSION, label, Driver Version\r\n' +
        'DCGM_FI_DEV_POWER_USAGE, gauge, Power draw (in W).\r\n' +
        'DCGM_FI_DEV_MEM_CLOCK , Gauge, "Memory clock, effective (in MHz)."\r\n',
    );
    expect(fields()).toEqual([
      {
        field: 'DCGM_FI_DEV_MEM_CLOCK',
        metric: { name: 'nvidia_mem_clock', header: 'Memory Clock, Effective', unit: 'MHz', kind: 'gauge' },
        factor: 1,
      },
    ]);
  });

  it.each([
    [
      'a,b\n',
      1,
      'expected a DCGM field, its type and a help text, such as "DCGM_FI_DEV_SM_CLOCK, gauge, SM clock frequency (in MHz)", got "a,b".',
    ],
    [
      '# ok\nDCGM_FI_DEV_SM_CLOCK, histogram, x\n',
      2,
      'the type of DCGM_FI_DEV_SM_CLOCK must be gauge or counter, got "histogram".',
    ],
  ])('name the line of %j', (text, line, fault) => {
    const { path, fields } = read(text);
    expect(fields).toThrow(`${path}:${line}: ${fault}`);
  });
});
