import { type CpuLimit, throttledBetween } from '../../util/cgroup.js';

/** What to say of a CPU limit that held the client up between two readings; undefined: it did not. */
export function throttlingWarning(before: CpuLimit, after: CpuLimit): string | undefined {
  const throttled = throttledBetween(before, after);
  if (throttled === undefined) return undefined;
  const { periods, throttledPeriods, throttledNs } = throttled;
  const limit =
    after.cpus === undefined ? 'A CPU limit' : `The limit of ${after.cpus} CPU${after.cpus === 1 ? '' : 's'}`;
  const share = ((throttledPeriods / periods) * 100).toFixed(1);
  const seconds = (throttledNs / 1e9).toFixed(2);
  return (
    `${limit} (cgroup) stopped this client in ${throttledPeriods} of ${periods} periods (${share} %), ` +
    `for ${seconds} s summed over CPUs: the times measured hold these stops. Raise the limit, or lower the load.`
  );
}
