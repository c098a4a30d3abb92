import type { Evidence } from '../fidelity/verdict.js';
import { readCpuLimit, throttledBetween } from '../util/cgroup.js';
import { readStolenNs, stolenBetween } from '../util/stolen-time.js';

/** CPU time that control groups and the host of a virtual machine withheld from this process. */
export type WithheldCpu = Pick<Evidence, 'throttled' | 'stolenNs'>;

export const nothingWithheld: WithheldCpu = { throttled: undefined, stolenNs: undefined };

/** @returns a function that returns what was withheld since. */
export function watchWithheldCpu(): () => WithheldCpu {
  const limit = readCpuLimit();
  const stolenNs = readStolenNs();
  return () => ({
    throttled: throttledBetween(limit, readCpuLimit()),
    stolenNs: stolenBetween(stolenNs, readStolenNs()),
  });
}
