import { expect, it } from 'vitest';
import { ThreadEvidenceCollector } from '../../src/collect/thread-evidence.js';
import { clientMetrics } from '../../src/telemetry/client-metrics.js';

/** What a thread observed, ms. */
function seen(
  atSeconds: number,
  ms: { late: number; busy: number; gc: number; coreWait: number; cpu: number },
) {
  return {
    source: 'client',
    atNs: atSeconds * 1e9,
    samples: (['late', 'busy', 'gc', 'cpu', 'coreWait'] as const).map((name) => ({
      metric: clientMetrics[name],
      labels: { thread: '0' },
      value: ms[name],
    })),
  };
}

it('what a load thread observed in this phase, with the cause of each delay', () => {
  const evidence = new ThreadEvidenceCollector();
  // Of the warm-up.
  evidence.observe(0, seen(1, { late: 900, busy: 500, gc: 0, coreWait: 0, cpu: 0 }));
  evidence.observe(0, seen(10, { late: 0, busy: 0, gc: 0, coreWait: 0, cpu: 0 }));
  expect(evidence.threads).toEqual([]);
  evidence.observe(0, seen(11, { late: 0, busy: 250, gc: 20, coreWait: 10, cpu: 240 }));
  evidence.observe(0, seen(12, { late: 40, busy: 500, gc: 20, coreWait: 30, cpu: 450 }));
  evidence.observe(0, seen(14, { late: 100, busy: 1000, gc: 60, coreWait: 40, cpu: 900 }));
  // Of 60 ms it ran for 25 and waited for a core for 10; then of 140 ms for 106 and 10.
  evidence.observe(0, seen(15, { late: 150, busy: 1060, gc: 60, coreWait: 50, cpu: 925 }));
  evidence.observe(0, seen(16, { late: 200, busy: 1200, gc: 60, coreWait: 60, cpu: 1031 }));
  expect(evidence.threads).toEqual([
    {
      ...{ thread: 0, startNs: 10e9, endNs: 16e9, lateNs: 200e6 },
      // 1.2 s and 60 ms of 6 s.
      ...{ busyShare: 0.2, waitShare: 0.01 },
      stalls: [
        { startNs: 11e9, endNs: 12e9, cause: 'no core' },
        { startNs: 12e9, endNs: 14e9, cause: 'garbage collection' },
        { startNs: 14e9, endNs: 15e9, cause: 'blocked' },
        { startNs: 15e9, endNs: 16e9, cause: 'own work' },
      ],
    },
  ]);
});
