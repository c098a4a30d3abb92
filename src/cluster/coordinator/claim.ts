import { UserError } from '../../util/errors.js';
import { isDeleted } from '../directory.js';
import type { Nats } from '../nats/connection.js';
import type { Lease } from '../nats/lease.js';
import { processOf } from './take-run.js';

/** The right of this process to coordinate a run, until another one takes it over. */
export class Claim {
  /** Identifies this process. */
  readonly uid: string;
  /** Whether a coordinator that is gone has begun the run. */
  readonly isResumed: boolean;
  readonly #lease: Lease;
  readonly #nats: Nats;
  readonly #run: string;
  readonly #superseded = new AbortController();

  constructor(lease: Lease, nats: Nats, run: string) {
    this.uid = lease.uid;
    this.isResumed = lease.incarnation > 1;
    this.#lease = lease;
    this.#nats = nats;
    this.#run = run;
    lease.lost.addEventListener('abort', () => this.#noteSuccessor(), { once: true });
  }

  /** Aborted, with an error as its reason, when another coordinator has taken the run over: this one must end. */
  get superseded(): AbortSignal {
    return this.#superseded.signal;
  }

  /**
   * Makes sure that this process still coordinates, also if it was stopped for a while. If NATS cannot be asked, it does.
   * @throws UserError if another one has taken over.
   */
  async confirm(): Promise<void> {
    this.superseded.throwIfAborted();
    if (!this.#nats.isConnected) return;
    const isKnown = await this.#lease.renew();
    if (!isKnown && (await isDeleted(this.#nats, this.#run)))
      this.#supersede('was finished by another coordinator');
    this.superseded.throwIfAborted();
  }

  /** Gives it up. A successor need not wait, if NATS can be reached. */
  async leave(): Promise<void> {
    if (this.#nats.isConnected) await this.#lease.leave();
    else this.release();
  }

  /** Gives it up without a word to NATS. */
  release(): void {
    this.#lease.release();
  }

  #noteSuccessor(): void {
    const { successor } = this.#lease;
    if (successor !== undefined) this.#supersede(`was taken over by ${processOf(successor)}`);
  }

  #supersede(how: string): void {
    this.#superseded.abort(
      new UserError(
        `Run ${this.#run} ${how} while this coordinator gave no sign of life: it ends here and writes no results.`,
        'The other coordinator writes the report.',
      ),
    );
  }
}
