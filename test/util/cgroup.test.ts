import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  readCpuLimit,
  readMemoryLimit,
  type Throttling,
  throttledBetween,
  usableCpus,
} from '../../src/util/cgroup.js';

/** A folder that stands for `/`, with these files. */
function rootWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'aiperf-cgroup-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const v2Stat = (periods: number, throttled: number, usec: number) =>
  `usage_usec 81234\nuser_usec 61234\nsystem_usec 20000\nnr_periods ${periods}\nnr_throttled ${throttled}\nthrottled_usec ${usec}\n`;

const v2 = 'sys/fs/cgroup';
const v1 = 'sys/fs/cgroup/cpu,cpuacct';

it.each<[string, Readonly<Record<string, string>>, number | undefined, Throttling | undefined]>([
  [
    'version 2: quota / period and the counters of a container in its own namespace',
    {
      'proc/self/cgroup': '0::/\n',
      [`${v2}/cpu.max`]: '250000 100000\n',
      [`${v2}/cpu.stat`]: v2Stat(50, 5, 1234),
    },
    2.5, // 250,000 / 100,000 µs
    { periods: 50, throttledPeriods: 5, throttledNs: 1_234_000 },
  ],
  [
    'version 2: the narrowest limit on the way up, and the counters of the group that was throttled most',
    {
      'proc/self/cgroup': '0::/kubepods/pod1/c1\n',
      [`${v2}/kubepods/pod1/c1/cpu.max`]: '400000 100000\n',
      [`${v2}/kubepods/pod1/c1/cpu.stat`]: v2Stat(50, 0, 0),
      [`${v2}/kubepods/pod1/cpu.max`]: '150000 50000\n',
      [`${v2}/kubepods/pod1/cpu.stat`]: v2Stat(80, 4, 900),
      [`${v2}/kubepods/cpu.max`]: 'max 100000\n',
    },
    3, // 150,000 / 50,000 µs
    { periods: 80, throttledPeriods: 4, throttledNs: 900_000 },
  ],
  [
    'version 2: no limit from max, and no counters without the cpu controller',
    {
      'proc/self/cgroup': '0::/user.slice\n',
      [`${v2}/user.slice/cpu.max`]: 'max 100000\n',
      [`${v2}/user.slice/cpu.stat`]: 'usage_usec 81234\nuser_usec 61234\nsystem_usec 20000\n',
    },
    undefined,
    undefined,
  ],
  [
    'version 1: quota, period and nanoseconds, where the path is of the host and not mounted',
    {
      'proc/self/cgroup':
        '5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/docker/abc\n0::/\n',
      [`${v1}/cpu.cfs_quota_us`]: '200000\n',
      [`${v1}/cpu.cfs_period_us`]: '100000\n',
      [`${v1}/cpu.stat`]: 'nr_periods 10\nnr_throttled 2\nthrottled_time 7654321\n',
    },
    2,
    { periods: 10, throttledPeriods: 2, throttledNs: 7_654_321 },
  ],
  [
    'version 1: no limit from -1',
    {
      'proc/self/cgroup': '1:cpu:/\n0::/\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    },
    undefined,
    undefined,
  ],
  ['no limit on a system without control groups', {}, undefined, undefined],
])('reads %s', (_, files, cpus, throttling) => {
  expect(readCpuLimit(rootWith(files))).toEqual({ cpus, throttling });
});

it.each([
  ['150000 100000', 1], // 1.5 CPUs are one whole
  ['50000 100000', 1], // never none
  ['6400000 100000', availableParallelism()], // 64 CPUs, of which the machine has fewer
  ['max 100000', availableParallelism()],
])('cpu.max %s leaves %d whole CPUs', (max, cpus) => {
  const root = rootWith({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': max });
  expect(usableCpus(root)).toBe(Math.min(cpus, availableParallelism()));
});

describe('throttling between two readings', () => {
  const at = (periods: number, throttledPeriods: number, throttledNs: number) => ({
    cpus: 2,
    throttling: { periods, throttledPeriods, throttledNs },
  });

  it('is the difference of the counters', () => {
    // 160 − 100 periods, 13 − 10 throttled, 5e6 − 2e6 ns
    expect(throttledBetween(at(100, 10, 2e6), at(160, 13, 5e6))).toEqual({
      cpus: 2,
      periods: 60,
      throttledPeriods: 3,
      throttledNs: 3e6,
    });
  });

  it('is nothing where nothing was throttled, or nothing is counted', () => {
    expect(throttledBetween(at(100, 10, 2e6), at(160, 10, 2e6))).toBeUndefined();
    expect(throttledBetween(at(1, 1, 1), { cpus: undefined, throttling: undefined })).toBeUndefined();
  });
});

it.each<[string, Readonly<Record<string, string>>, number | undefined]>([
  [
    'version 2: the narrowest on the way up',
    {
      'proc/self/cgroup': '0::/pod/c\n',
      [`${v2}/pod/c/memory.max`]: 'max\n',
      [`${v2}/pod/memory.max`]: '536870912\n',
      [`${v2}/memory.max`]: '1073741824\n',
    },
    536_870_912,
  ],
  [
    'version 1, which has its own hierarchy for memory',
    {
      'proc/self/cgroup': '5:cpu,cpuacct:/c\n3:memory:/m\n',
      'sys/fs/cgroup/memory/m/memory.limit_in_bytes': '268435456\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    },
    268_435_456,
  ],
  ['none', { 'proc/self/cgroup': '0::/\n', [`${v2}/memory.max`]: 'max\n' }, undefined],
])('memory limit, %s', (_, files, bytes) => {
  expect(readMemoryLimit(rootWith(files))).toBe(bytes);
});
