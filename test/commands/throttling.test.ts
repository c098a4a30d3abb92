import { expect, it } from 'vitest';
import { throttlingWarning } from '../../src/commands/profile/throttling.js';

const at = (cpus: number | undefined, periods: number, throttledPeriods: number, throttledNs: number) => ({
  cpus,
  throttling: { periods, throttledPeriods, throttledNs },
});

it('says how often and how long a CPU limit held the run up', () => {
  // 420 − 120 = 300 periods; 22 − 10 = 12 throttled: 4.0 %; 1.53 − 1 = 0.53 s
  expect(throttlingWarning(at(2, 120, 10, 1e9), at(2, 420, 22, 1.53e9))).toBe(
    'The limit of 2 CPUs (cgroup) stopped this client in 12 of 300 periods (4.0 %), for 0.53 s summed over CPUs: ' +
      'the times measured hold these stops. Raise the limit, or lower the load.',
  );
});

it('says nothing of a limit that held nothing up', () => {
  expect(throttlingWarning(at(2, 120, 10, 1e9), at(2, 420, 10, 1e9))).toBeUndefined();
  expect(
    throttlingWarning({ cpus: undefined, throttling: undefined }, { cpus: undefined, throttling: undefined }),
  ).toBeUndefined();
});
