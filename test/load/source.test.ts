import { expect, it } from 'vitest';
import type { ThreadReport } from '../../src/fidelity/thread-report.js';
import { type LoadSource, splitLoad } from '../../src/load/source.js';

const originAt = (epochNs: bigint) => ({ monotonicNs: 0n, epochNs });
const runOrigin = originAt(1000n);

/** A source that notes what is asked of it; its clock began so much later than that of the run. */
function fake(sessions: number, laterNs: bigint, said: string[]): LoadSource {
  const origin = originAt(runOrigin.epochNs + laterNs);
  const nothing = { p50: 0, p99: 0, max: 0 };
  const report: ThreadReport = {
    ...{
      thread: 0,
      startNs: 10,
      endNs: 90,
      loopDelayNs: nothing,
      readLagNs: nothing,
      busyShare: 1,
      lateNs: 3,
    },
    ...{ gc: { count: 0, totalNs: 0, maxNs: 0 }, cpuShare: 1, waitShare: 0 },
    stalls: [{ startNs: 20, endNs: 30, cause: 'no core' }],
  };
  return {
    origin,
    ready: Promise.resolve(),
    feeds: [],
    progressOf: () => ({
      ...{
        sessions,
        endedSessions: sessions - 1,
        issued: 10 * sessions,
        returned: 9 * sessions,
        failed: 2,
        cancelled: 1,
        activity: 5,
      },
      ...{
        stopped: sessions > 2,
        movedNs: 100 * sessions,
        postponed: { turns: sessions, mostNs: 7 * sessions },
      },
    }),
    nextSession: (phase, firstSession) => 10 * phase + firstSession + sessions,
    runPhase: async (phase, startNs, firstSession) => {
      said.push(`run ${phase} at ${startNs} from ${firstSession}`);
      return [report];
    },
    interrupt: (why) => said.push(`interrupt: ${why}`),
    finish: () => said.push('finish'),
    finished: Promise.resolve(),
    terminate: async () => void said.push('terminate'),
  };
}

function split(...parts: readonly (readonly [sessions: number, laterNs: bigint])[]) {
  const said: string[] = [];
  const source = splitLoad(runOrigin, parts.length, (share) => {
    expect(share.sources).toBe(parts.length);
    return fake(...(parts[share.source] ?? [0, 0n]), said);
  });
  return { source, said };
}

it('progress is the sum; the schedule was moved as far as that of the latest', () => {
  expect(split([3, 0n], [2, 0n]).source.progressOf(0)).toEqual({
    ...{ sessions: 5, endedSessions: 3, issued: 50, returned: 45, failed: 4, cancelled: 2, activity: 10 },
    ...{ stopped: true, movedNs: 300, postponed: { turns: 5, mostNs: 21 } },
  });
});

it('the next phase begins behind the sessions of all', () => {
  // 10 · 2 + 7 + 5.
  expect(split([3, 0n], [5, 0n], [2, 0n]).source.nextSession(2, 7)).toBe(32);
});

it('a phase starts at the same time in each, and the times of its reports are those of the run', async () => {
  const { source, said } = split([1, 0n], [1, 400n], [1, -50n]);
  const reports = await source.runPhase(1, 500, 7);
  expect(said).toEqual(['run 1 at 500 from 7', 'run 1 at 100 from 7', 'run 1 at 550 from 7']);
  expect(reports.map(({ startNs, endNs, stalls }) => [startNs, endNs, stalls])).toEqual([
    [10, 90, [{ startNs: 20, endNs: 30, cause: 'no core' }]],
    [410, 490, [{ startNs: 420, endNs: 430, cause: 'no core' }]],
    [-40, 40, [{ startNs: -30, endNs: -20, cause: 'no core' }]],
  ]);
});

it('what ends one ends all', async () => {
  const { source, said } = split([1, 0n], [1, 0n]);
  source.interrupt('enough');
  source.finish();
  await source.finished;
  await source.terminate();
  expect(said).toEqual([
    ...['interrupt: enough', 'interrupt: enough', 'finish', 'finish', 'terminate', 'terminate'],
  ]);
});
