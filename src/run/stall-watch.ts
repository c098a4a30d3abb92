import type { PhaseProgress } from '../load/source.js';
import { every } from '../util/timeout.js';

const LOOK_EVERY_MS = 1000;

/**
 * Calls `onStall` once when requests are in flight and for `stallSeconds` nothing was sent, came in or returned,
 * saying where the run is stuck. A schedule that has nothing to send for a while is no stall.
 * @param stallSeconds 0: never. @returns ends the watch.
 */
export function watchForStall(
  progress: () => PhaseProgress,
  { stallSeconds, nowNs }: { readonly stallSeconds: number; readonly nowNs: () => number },
  onStall: (where: string) => void,
): () => void {
  if (stallSeconds === 0) return () => {};
  let { activity } = progress();
  let quietSinceNs = nowNs();
  const stop = every(Math.min(LOOK_EVERY_MS, stallSeconds * 1000), () => {
    const { issued, returned, activity: latest } = progress();
    const inFlight = issued - returned;
    if (latest !== activity || inFlight === 0) {
      activity = latest;
      quietSinceNs = nowNs();
    } else if (nowNs() - quietSinceNs >= stallSeconds * 1e9) {
      stop();
      onStall(
        `${inFlight} of ${issued} requests are in flight, and for ${stallSeconds} s no byte came from the server`,
      );
    }
  });
  return stop;
}
