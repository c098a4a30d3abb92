import { mix, randomStreams } from '../util/random.js';

/** Whether the request of a session's turn is to be cancelled. */
export type Cancellations = (session: number, turn: number) => boolean;

/**
 * Draws for each request by itself, with probability `percent`/100: no quota, and the same answer for the same
 * request whichever thread asks, and in whatever order.
 * @param percent 0 to 100.
 */
export function openCancellations(seed: number, percent: number): Cancellations {
  if (percent <= 0) return () => false;
  const draws = randomStreams(seed, 'cancellation');
  return (session, turn) => draws(mix(session, turn)).uniform() * 100 < percent;
}
