import { monotonicNs } from '../../util/clock.js';
import type { Nats } from '../nats/connection.js';

/** Answers requests for the clock that agents know: the monotonic one of the coordinator that began the run. */
export class ServedClock {
  /** That clock less the one of this process. */
  shiftNs = 0n;
  readonly #stop: () => void;

  /** @param clock its name. */
  constructor({ core }: Nats, subject: string, clock: string) {
    const subscription = core.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return;
        message.respond(JSON.stringify({ clock, monotonicNs: monotonicNs() + Number(this.shiftNs) }));
      },
    });
    this.#stop = () => subscription.unsubscribe();
  }

  stop(): void {
    this.#stop();
  }
}
