import { readFileSync } from 'node:fs';

const NS_PER_TICK = 10e6;

/**
 * CPU time that the host of this virtual machine kept from it since the boot, ns, summed over CPUs, to 10 ms: "steal" of
 * `/proc/stat`. Undefined where the system does not report it; a host that has never taken any may not report it either.
 * @param proc where the kernel reports it.
 */
export function readStolenNs(proc = '/proc'): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`${proc}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // user, nice, system, idle, iowait, irq, softirq, steal
  const ticks = Number(/^cpu +(?:\d+ ){7}(\d+)/.exec(stat)?.[1] ?? 0);
  return ticks === 0 ? undefined : ticks * NS_PER_TICK;
}

/** Stolen time between two readings. A counter that has just begun to count counted from 0. */
export function stolenBetween(before: number | undefined, after: number | undefined): number | undefined {
  return after === undefined ? undefined : after - (before ?? 0);
}
