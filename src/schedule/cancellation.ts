import { mix, randomStreams } from '../util/random.js';

/** Whether to cancel the request of a session's turn. */
export type Cancellations = (session: number, turn: number) => boolean;

/**
 * Cancels each request independently with probability `percent`/100: no quota, and the same decision for a request in
 * any thread and order.
 * @param percent 0 to 100.
 */
export function openCancellations(seed: number, percent: number): Cancellations {
  if (percent <= 0) return () => false;
  const draws = randomStreams(seed, 'cancellation');
  return (session, turn) => draws(mix(session, turn)).uniform() * 100 < percent;
}
