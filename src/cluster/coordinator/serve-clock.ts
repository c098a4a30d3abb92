import { monotonicNs } from '../../util/clock.js';
import type { Nats } from '../nats/connection.js';

/**
 * Answers requests for this process's monotonic clock.
 * @param clock its name. @param shiftNs added to it. @returns a function that stops it.
 */
export function serveClock(
  { core }: Nats,
  subject: string,
  clock: string,
  shiftNs: () => number,
): () => void {
  const subscription = core.subscribe(subject, {
    callback: (error, message) => {
      if (error === null) message.respond(JSON.stringify({ clock, monotonicNs: monotonicNs() + shiftNs() }));
    },
  });
  return () => subscription.unsubscribe();
}
