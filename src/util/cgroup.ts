import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** The CPU limit of this process in the kernel's control groups (v1 or v2). */
export interface CpuLimit {
  /** CPUs that the process may use on average over a period; undefined: no limit. */
  readonly cpus: number | undefined;
  /** Throttling since the group was created; undefined: not counted by any group. */
  readonly throttling: Throttling | undefined;
}

/** Counters of `cpu.stat`. */
export interface Throttling {
  /** Enforcement periods (usually 100 ms each) in which something was runnable. */
  readonly periods: number;
  /** Periods in which the limit throttled it. */
  readonly throttledPeriods: number;
  /** Throttled time, ns, summed over CPUs: two CPUs throttled for a second count as two. */
  readonly throttledNs: number;
}

/** Throttling during an interval. */
export interface Throttled extends Throttling {
  /** The limit; undefined if it can no longer be read. */
  readonly cpus: number | undefined;
}

/**
 * The narrowest limit of the process's group and its ancestors, with the counters of the group that was throttled most.
 * A container without a control-group namespace sees the host's path: unmounted parts of it are skipped.
 * @param root parent of `/proc` and `/sys`.
 */
export function readCpuLimit(root = '/'): CpuLimit {
  const levels = groupsOf('cpu', root).map(({ folder, version }) =>
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

/** Bytes of memory that the process's group and its ancestors allow; undefined: no limit. */
export function readMemoryLimit(root = '/'): number | undefined {
  const limits = groupsOf('memory', root).flatMap(({ folder, version }) => {
    const [bytes] = numbers(read(join(folder, version === 2 ? 'memory.max' : 'memory.limit_in_bytes')));
    // "No limit" is `max` in version 2, and 2^63 less a page in version 1.
    return bytes === undefined || bytes >= 2 ** 62 ? [] : [bytes];
  });
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** CPUs that threads can run on at the same time, an integer of at least 1: considers affinity and control groups. */
export function usableCpus(root = '/'): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(readCpuLimit(root).cpus ?? Infinity)));
}

/** Throttling between two readings; undefined: none, or no limit. */
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

interface ControlGroup {
  readonly folder: string;
  readonly version: 1 | 2;
}

/** The groups that limit this process by a controller, innermost first. */
function groupsOf(controller: 'cpu' | 'memory', root: string): ControlGroup[] {
  const rows = [...(read(join(root, 'proc/self/cgroup')) ?? '').matchAll(/^\d+:([^:]*):(.*)$/gm)].map(
    ([, controllers = '', path = '']) => ({ controllers, path }),
  );
  const v1 = rows.find(({ controllers }) => controllers.split(',').includes(controller));
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

/** "No limit" is `max` in version 2 and -1 in version 1. */
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
