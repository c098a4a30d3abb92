import { JetStreamApiError } from '@nats-io/jetstream';
import { messageOf } from '../../util/errors.js';
import { DIRECTORY, namesOf } from '../names.js';
import { openBucket, openNats } from '../nats/connection.js';
import type { Lease } from '../nats/lease.js';
import { notPossible } from '../nats/refusals.js';
import { RunKeys } from '../nats/run-keys.js';
import { Claim } from './claim.js';
import { HeldRun } from './held-run.js';
import type { ClusterOptions, Surroundings } from './options.js';
import { removeRest, removeRun } from './remove-run.js';
import { Round } from './round.js';
import { ServedClock } from './served-clock.js';
import { takeRun } from './take-run.js';

/** Coordinates the shards of a run: one measurement after another. */
export class Coordinator {
  readonly held: HeldRun;
  readonly claim: Claim;
  /** Whether there is more to do than the rounds that this process has opened: NATS then keeps the run. */
  hasMore: boolean;
  readonly #ending = new AbortController();
  readonly #clock: ServedClock;
  readonly #keys: RunKeys;
  readonly #rounds: Round[] = [];

  /** @throws UserError if NATS cannot be used, or the run has a coordinator. */
  static async open(options: ClusterOptions, surroundings: Surroundings): Promise<Coordinator> {
    const { log, nowMs } = surroundings;
    const { run } = options;
    const nats = await openNats(options.nats, `aiperf ${run} coordinator`, nowMs, (what) =>
      log('WARNING', 'cluster', what),
    );
    let lease: Lease | undefined;
    try {
      await removeRest(nats, run, nowMs);
      const kv = await openBucket(nats, namesOf(run).bucket);
      lease = await takeRun(kv, options, surroundings);
      const held = await HeldRun.open(nats, kv, options, surroundings);
      return new Coordinator(held, new Claim(lease, nats, run));
    } catch (thrown) {
      await lease?.leave();
      // What another coordinator has left stays.
      if (lease?.incarnation === 1) await removeRun(nats, run).catch(() => {});
      await nats.close();
      throw notPossible(thrown);
    }
  }

  private constructor(held: HeldRun, claim: Claim) {
    const { nats, names, surroundings, noteTrouble } = held;
    this.held = held;
    this.claim = claim;
    this.hasMore = claim.isResumed;
    this.#clock = new ServedClock(nats, names.clock, claim.uid);
    this.#keys = new RunKeys(nats, names.bucket, surroundings.nowMs, {
      onTrouble: noteTrouble,
      signal: this.#ending.signal,
    });
    claim.superseded.addEventListener(
      'abort',
      () => {
        this.#clock.stop();
        this.#closeRounds();
      },
      { once: true },
    );
  }

  /** A measurement: begins it, or goes on with that of a coordinator that is gone. @param number from 0; agents play them in order. */
  async openRound(number: number): Promise<Round> {
    const { held, claim } = this;
    const shared = { held, claim, clock: this.#clock, runKeys: this.#keys };
    const round = await held.ask(() =>
      Round.open({ ...shared, holdsRecords: () => this.#holdsRecords }, number),
    );
    this.#rounds.push(round);
    return round;
  }

  /** Gives a round up: agents go on to the next one. Records that are in no file stay, and a successor can take them in. */
  async giveUp(round: number, failure: string): Promise<void> {
    const isHeld = this.#rounds.some(({ number, holdsRecords }) => number === round && holdsRecords);
    try {
      await this.held.abort(round, failure);
      if (!isHeld) await this.held.end(round, { failure, isSound: false, files: [] });
    } catch (thrown) {
      this.held.noteTrouble(thrown);
    }
  }

  /** Whether NATS holds records of rounds that are in no file. */
  get #holdsRecords(): boolean {
    return this.#rounds.some((round) => round.holdsRecords);
  }

  /**
   * Tells the agents that the run is over, and deletes what NATS holds of it. If its records are not all in files, or
   * NATS is away, it stays as it is, and `aiperf attach` can finish it.
   */
  async finish(): Promise<void> {
    this.#closeRounds();
    const isOurs = await this.claim.confirm().then(
      () => true,
      () => false,
    );
    if (isOurs) await this.#deleteOrKeep();
    this.#ending.abort();
    this.#clock.stop();
    await this.claim.leave();
    await this.held.nats.close();
  }

  async #deleteOrKeep(): Promise<void> {
    const { nats, options, surroundings } = this.held;
    const { run } = options;
    const warn = (what: string) => surroundings.log('WARNING', 'cluster', what);
    if (this.hasMore || this.#holdsRecords || !nats.isConnected) {
      warn(`NATS keeps run ${run}. Finish it with: aiperf attach ${run} --nats …`);
      return;
    }
    try {
      await this.#delete();
    } catch (thrown) {
      warn(`what NATS holds of run ${run} could not be deleted: ${messageOf(thrown)}`);
    }
  }

  async #delete(): Promise<void> {
    const { nats, options } = this.held;
    const { run } = options;
    const directory = await openBucket(nats, DIRECTORY);
    // A server that has lost the run gets no note that it is over: its agents keep their records.
    if ((await directory.get(run)) === null) return;
    try {
      // Agents end by it. Who finds the rest after this knows that the run is over.
      await directory.delete(run);
      await this.claim.leave();
      await removeRun(nats, run);
    } catch (thrown) {
      if (!(thrown instanceof JetStreamApiError)) throw thrown;
      // A full disk has no room for the note that the run is over.
      this.claim.release();
      await removeRun(nats, run);
      // A server that has run out of room may go on refusing to store anything.
      await directory
        .delete(run)
        .catch(() => nats.jsm.streams.purge(`KV_${DIRECTORY}`, { filter: `$KV.${DIRECTORY}.${run}` }));
    }
  }

  #closeRounds(): void {
    for (const round of this.#rounds) round.close();
  }
}
