import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** The CPU limit of this process, as the kernel's control groups (v1 or v2) hold it. */
export interface CpuLimit {
  /** CPUs that the process may use on average over a period; undefined: no limit. */
  readonly cpus: number | undefined;
  /** What the limit has cost since the group was made; undefined: no group counts it. */
  readonly throttling: Throttling | undefined;
}

/** Counters of `cpu.stat`. */
export interface Throttling {
  /** Periods of the limit (100 ms each, as a rule) in which something was to run. */
  readonly periods: number;
  /** Those of them in which the limit stopped it. */
  readonly throttledPeriods: number;
  /** How long it was stopped, ns, summed over CPUs: two CPUs that stop for a second count two. */
  readonly throttledNs: number;
}

/** What a limit cost in some time. */
export interface Throttled extends Throttling {
  /** The limit; undefined where none can be read any more. */
  readonly cpus: number | undefined;
}

/**
 * The narrowest limit among the process's group and those that it lies in, with the counters of the group that was
 * throttled most. A container without a control-group namespace sees the path of its host: parts of it that are not
 * mounted are passed over.
 * @param root where `/proc` and `/sys` are.
 */
export function readCpuLimit(root = '/'): CpuLimit {
  const levels = cpuGroups(root).map(({ folder, version }) =>
    version === 2 ? readVersion2(folder) : readVersion1(folder),
  );
  const limits = levels.flatMap(({ cpus }) => cpus ?? []);
  const counters = levels.flatMap(({ throttling }) => throttling ?? []);
  return {
    cpus: limits.length === 0 ? undefined : Math.min(...limits),
    throttling: counters.reduce<Throttling | undefined>(
      (most, next) => (most === undefined || next.throttledNs > most.throttledNs ? next : most),
      undefined,
    ),
  };
}

/** Whole CPUs that threads can run on at the same time, at least 1: affinity and control groups both count. */
export function usableCpus(root = '/'): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(readCpuLimit(root).cpus ?? Infinity)));
}

/** What the limit cost between two readings; undefined: nothing, or there is no limit. */
export function throttledBetween(before: CpuLimit, after: CpuLimit): Throttled | undefined {
  if (after.throttling === undefined) return undefined;
  const from = before.throttling ?? { periods: 0, throttledPeriods: 0, throttledNs: 0 };
  const throttledPeriods = after.throttling.throttledPeriods - from.throttledPeriods;
  if (throttledPeriods <= 0) return undefined;
  return {
    cpus: after.cpus,
    periods: after.throttling.periods - from.periods,
    throttledPeriods,
    throttledNs: after.throttling.throttledNs - from.throttledNs,
  };
}

interface CpuGroup {
  readonly folder: string;
  readonly version: 1 | 2;
}

/** The groups that limit the CPU of this process, innermost first. */
function cpuGroups(root: string): CpuGroup[] {
  const rows = [...(read(join(root, 'proc/self/cgroup')) ?? '').matchAll(/^\d+:([^:]*):(.*)$/gm)].map(
    ([, controllers = '', path = '']) => ({ controllers, path }),
  );
  const v1 = rows.find(({ controllers }) => controllers.split(',').includes('cpu'));
  const v2 = rows.find(({ controllers }) => controllers === '');
  const mounts = join(root, 'sys/fs/cgroup');
  if (v1 !== undefined) {
    return upwards(v1.path).map((path) => ({ folder: join(mounts, v1.controllers, path), version: 1 }));
  }
  return v2 === undefined ? [] : upwards(v2.path).map((path) => ({ folder: join(mounts, path), version: 2 }));
}

/** `/a/b` → `/a/b`, `/a`, `/`. */
function upwards(path: string): string[] {
  const here = join('/', path);
  return here === '/' ? [here] : [here, ...upwards(dirname(here))];
}

function readVersion2(folder: string): CpuLimit {
  const [quota, period] = numbers(read(join(folder, 'cpu.max')));
  return {
    cpus: limitOf(quota, period),
    throttling: counters(read(join(folder, 'cpu.stat')), 'throttled_usec', 1000),
  };
}

function readVersion1(folder: string): CpuLimit {
  const [quota] = numbers(read(join(folder, 'cpu.cfs_quota_us')));
  const [period] = numbers(read(join(folder, 'cpu.cfs_period_us')));
  return {
    cpus: limitOf(quota, period),
    throttling: counters(read(join(folder, 'cpu.stat')), 'throttled_time', 1),
  };
}

/** No limit is `max` in version 2 and -1 in version 1. */
function limitOf(quota: number | undefined, period: number | undefined): number | undefined {
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined;
}

function counters(stat: string | undefined, timeKey: string, nsPerUnit: number): Throttling | undefined {
  const value = (key: string) => {
    const row = new RegExp(`^${key} (\\d+)$`, 'm').exec(stat ?? '');
    return row === null ? undefined : Number(row[1]);
  };
  const periods = value('nr_periods');
  const throttledPeriods = value('nr_throttled');
  const time = value(timeKey);
  if (periods === undefined || throttledPeriods === undefined || time === undefined) return undefined;
  return { periods, throttledPeriods, throttledNs: time * nsPerUnit };
}

function numbers(text: string | undefined): (number | undefined)[] {
  return (text ?? '')
    .trim()
    .split(/\s+/)
    .map((word) => (/^-?\d+$/.test(word) ? Number(word) : undefined));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
