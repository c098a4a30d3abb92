import type { SharedCounters } from '../../load/counters.js';

/** A watch over a phase. */
export interface Watch {
  stop(): void;
}

const LOOK_EVERY_MS = 1000;

/**
 * Calls `onStall` once when requests are in flight and for `stallSeconds` nothing was sent, came in or returned,
 * saying where the run is stuck. A schedule that has nothing to send for a while is no stall.
 * @param stallSeconds 0: never.
 */
export function watch(
  counters: SharedCounters,
  stallSeconds: number,
  onStall: (where: string) => void,
): Watch {
  if (stallSeconds === 0) return { stop() {} };
  let activity = counters.activity;
  let quietSinceMs = performance.now();
  const timer = setInterval(
    () => {
      const inFlight = counters.issued - counters.returned;
      const nowMs = performance.now();
      if (counters.activity !== activity || inFlight === 0) {
        activity = counters.activity;
        quietSinceMs = nowMs;
      } else if (nowMs - quietSinceMs >= stallSeconds * 1000) {
        clearInterval(timer);
        onStall(
          `${inFlight} of ${counters.issued} requests are in flight, and for ${stallSeconds} s no byte came from the server`,
        );
      }
    },
    Math.min(LOOK_EVERY_MS, stallSeconds * 1000),
  );
  return { stop: () => clearInterval(timer) };
}
