import type { PhaseProgress } from '../load/source.js';
import { every } from '../util/timeout.js';

const CHECK_EVERY_MS = 1000;
const STOP_CHECK_EVERY_MS = 20;

/**
 * Calls `onStall` once, with a description, when requests are in flight and for `stallSeconds` nothing was sent, received
 * or returned. A pause of the schedule is not a stall.
 * @param stallSeconds 0: never. @returns a function that ends the watch.
 */
export function watchForStall(
  progress: () => PhaseProgress,
  { stallSeconds, nowNs }: { readonly stallSeconds: number; readonly nowNs: () => number },
  onStall: (where: string) => void,
): () => void {
  if (stallSeconds === 0) return () => {};
  let { activity } = progress();
  let quietSinceNs = nowNs();
  const stop = every(Math.min(CHECK_EVERY_MS, stallSeconds * 1000), () => {
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

/** Calls `onStop` once, when the load threads have stopped issuing. @returns a function that ends the watch. */
export function watchForStop(progress: () => PhaseProgress, onStop: () => void): () => void {
  const stop = every(STOP_CHECK_EVERY_MS, () => {
    if (!progress().stopped) return;
    stop();
    onStop();
  });
  return stop;
}
