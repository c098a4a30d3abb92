import type { LoadPlan } from '../../load/plan.js';
import type { LoadSource } from '../../load/source.js';
import type { Clock } from '../../util/clock.js';
import type { Log } from '../../util/log.js';
import { sleep } from '../../util/timeout.js';

// Threads must be awake before the load begins.
const AWAKE_MS = 20;

/**
 * Has a source start its profiling phase at a time; a warm-up begins as soon as it is ready.
 * @param atMs since 1970. @param isLater the time is that of a later run of a series.
 */
export function startingAt(
  source: LoadSource,
  { atMs, isLater }: { readonly atMs: number; readonly isLater: boolean },
  { phases }: Pick<LoadPlan, 'phases'>,
  clock: Clock,
  log: Log,
): LoadSource {
  const { epochNs } = clock.origin;
  const atNs = Number(BigInt(Math.round(atMs * 1000)) * 1000n - epochNs);
  return {
    ...source,
    startOf: async (phase, earliestNs, signal) => {
      if (phases[phase]?.name !== 'profiling') return earliestNs;
      const waitMs = (atNs - earliestNs) / 1e6;
      const time = new Date(atMs).toISOString();
      if (waitMs < 0) {
        log(
          'WARNING',
          'load',
          `this machine was not ready at ${time}: it starts ${(-waitMs / 1000).toFixed(1)} s late. ${isLater ? 'Raise --start-every' : 'Choose a later --start-at'}`,
        );
        return earliestNs;
      }
      log('NOTICE', 'load', `waiting ${(waitMs / 1000).toFixed(1)} s until ${time}`);
      await sleep(Math.max(0, waitMs - AWAKE_MS), signal);
      return atNs;
    },
  };
}
