import { MessageChannel } from 'node:worker_threads';
import { dueRequests } from '../../load/due-requests.js';
import { isBeforeJoin, type PartBefore, partBefore } from '../../load/join.js';
import { playingSources } from '../../load/parts.js';
import type { LoadPlan } from '../../load/plan.js';
import type { BatchFeed } from '../../load/source.js';
import { SpoolGate } from '../../records/spool-gate.js';
import type { ClockOrigin } from '../../util/clock.js';
import type { JoinEntry, StartEntry } from '../messages.js';
import { keys } from '../names.js';
import type { Incarnation } from './incarnation.js';
import type { Shard } from './shard.js';
import { ShardFeeds } from './shard-feeds.js';
import { ShardReceiver } from './shard-receiver.js';

const MAX_QUEUED_BYTES = 32e6;

export interface ShardPartsOptions {
  readonly round: number;
  readonly load: LoadPlan;
  readonly origin: ClockOrigin;
  /** Folder that received batches are spooled to; undefined: none. */
  readonly spool: string | undefined;
  readonly onSpoolFailure: (message: string) => void;
  /** Starts of phases that are in the bucket already. */
  readonly starts: ReadonlyMap<number, StartEntry>;
  /** Where incarnations have joined already, by their keys. */
  readonly joins: ReadonlyMap<string, JoinEntry>;
}

/** Which incarnation sends which part of each shard, and takes in their records. */
export class ShardParts {
  readonly feeds: readonly BatchFeed[];
  readonly #options: ShardPartsOptions;
  readonly #shards: readonly Shard[];
  readonly #feedsOf: readonly ShardFeeds[];
  /** By phase. */
  readonly #due: readonly (readonly number[] | undefined)[];

  constructor(shards: readonly Shard[], options: ShardPartsOptions) {
    const { spool, onSpoolFailure, origin, load } = options;
    this.#due = load.phases.map((phase) => dueRequests(load, phase, shards.length));
    this.#shards = shards;
    this.#options = options;
    const feeds: BatchFeed[] = [];
    // A shard that is not there may join later.
    const threadsOf = (shard: Shard) => shard.latest?.ready.threads ?? 1;
    const gate = new SpoolGate(shards.reduce((sum, shard) => sum + threadsOf(shard), 0));
    this.#feedsOf = shards.map((shard) => {
      const firstThread = feeds.length;
      const ports = Array.from({ length: threadsOf(shard) }, (_, thread) => {
        const { port1, port2 } = new MessageChannel();
        const spoolNumber = spool === undefined ? undefined : firstThread + thread;
        // Times of a shard are on the clock of this process already.
        feeds.push({ port: port1, spoolNumber, gate: gate.buffer, origin, shard: shard.number });
        return port2;
      });
      return new ShardFeeds({ ports, spool, firstThread, gate, onSpoolFailure });
    });
    this.feeds = feeds;
    for (const shard of shards) this.#openParts(shard);
  }

  /** Requests that are due from a shard in a phase; undefined where that depends on the server. */
  due(phase: number, shard: number): number | undefined {
    return this.#due[phase]?.[shard];
  }

  /**
   * What the agent that is to join a phase leaves out, being sent or due before.
   * @param elapsedNs from the start of the phase until it joins. @returns undefined if nothing is left for it.
   */
  partBefore(
    { number, current }: Shard,
    phase: number,
    firstSession: number,
    elapsedNs: number,
  ): PartBefore | undefined {
    const { load } = this.#options;
    const sources = this.#shards.length;
    const plan = load.phases[phase];
    if (plan === undefined || number >= this.#playing(phase) || elapsedNs >= plan.durationNs)
      return undefined;
    const share = { source: number, sources };
    const known = current?.knownOf(phase) ?? { sessions: 0, requests: 0 };
    const before = partBefore({ load, phase: plan, share, firstSession }, elapsedNs, known);
    const due = this.due(phase, number);
    return due !== undefined && before.requests >= due ? undefined : before;
  }

  /** Takes in the records of an incarnation, and of the one before it only those of the time before. */
  open(shard: Shard, incarnation: Incarnation, join: JoinEntry | undefined): void {
    const { round, load } = this.#options;
    const feeds = this.#feedsOf[shard.number];
    if (feeds === undefined) throw new Error(`shard ${shard.number} has no feeds`);
    const before = shard.current;
    if (before !== undefined && join !== undefined) {
      const phases = load.phases.map(({ name }) => name);
      const sources = this.#playing(join.phase);
      before.settle(phases);
      before.receiver?.keepOnly((record) => {
        const phase = phases.indexOf(record.phase);
        return phase < join.phase || (phase === join.phase && isBeforeJoin(record, join, sources));
      });
    }
    incarnation.join = join;
    incarnation.receiver = new ShardReceiver({ round, threads: incarnation.ready.threads, feeds });
  }

  /** Resolves when at most 32 MB of records wait for the disk of the spool: NATS keeps the others. */
  async drained(): Promise<void> {
    const waiting = this.#feedsOf.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0);
    if (waiting > MAX_QUEUED_BYTES) await Promise.all(this.#feedsOf.map((feeds) => feeds.settled()));
  }

  /** No record follows. */
  close(): void {
    for (const shard of this.#shards) for (const { receiver } of shard.parts) receiver?.close();
    for (const feeds of this.#feedsOf) void feeds.close();
  }

  /** Of a shard, the last incarnation that is ready or, after a start, those that took part then or joined. */
  #openParts(shard: Shard): void {
    const { round, starts, joins } = this.#options;
    for (const incarnation of shard.incarnations) {
      const { number } = incarnation;
      const join = joins.get(keys.join(round, shard.number, number));
      const hasPart =
        starts.size === 0
          ? incarnation === shard.latest
          : join !== undefined ||
            [...starts.values()].some(({ incarnations }) => incarnations[shard.number] === number);
      if (hasPart) this.open(shard, incarnation, join);
    }
  }

  /** How many shards have a part in a phase. */
  #playing(phase: number): number {
    const plan = this.#options.load.phases[phase];
    return plan === undefined ? 0 : playingSources(plan, this.#shards.length);
  }
}
