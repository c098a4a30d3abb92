import type { KV } from '@nats-io/kv';
import { counted } from '../../util/counted.js';
import type { Log } from '../../util/log.js';
import {
  event,
  type JoinEntry,
  joinEntry,
  lease,
  type ReadyEntry,
  readMessage,
  readyEntry,
  refusal,
  type StartEntry,
  startEntry,
  tick,
} from '../messages.js';
import type { RunNames } from '../names.js';
import { storageText } from '../nats/refusals.js';
import type { Incarnation } from './incarnation.js';
import type { Shard } from './shard.js';

interface RoundInboxOptions {
  /** Number of the round. */
  readonly round: number;
  readonly shards: readonly Shard[];
  readonly names: RunNames;
  /** SHA-256 of the plan, which agents must have; undefined until it is stored. */
  readonly hash: () => string | undefined;
  readonly nowMs: () => number;
  readonly log: Log;
}

/** Takes in what agents and coordinators have written of a round, and notes it with the shards. */
export class RoundInbox {
  /** By phase. */
  readonly starts = new Map<number, StartEntry>();
  /** Where incarnations have joined phases, by their keys. */
  readonly joins = new Map<string, JoinEntry>();
  readonly #options: RoundInboxOptions;
  /** Why NATS stores no records, as the first agent has reported. */
  #storageTrouble: string | undefined;
  #refusal: string | undefined;

  constructor(options: RoundInboxOptions) {
    this.#options = options;
  }

  /** The last refusal of an agent to take part; undefined: none. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Takes the keys that a coordinator that is gone has left: who is ready, what has started, and who has joined it. */
  async takeStored(kv: KV): Promise<void> {
    const { compare } = new Intl.Collator('en', { numeric: true });
    for (const kind of ['ready', 'start', 'join']) {
      const found: string[] = [];
      for await (const key of await kv.keys(`${kind}.${this.#options.round}.>`)) found.push(key);
      // The processes of a shard in their order.
      for (const key of found.sort(compare)) {
        const entry = await kv.get(key);
        if (entry !== null) this.takeKey(key, entry.string());
      }
    }
  }

  /** @param key of the bucket of the run; others than those of the round change nothing. */
  takeKey(key: string, text: string): void {
    const { round, shards, nowMs } = this.#options;
    const [kind, ...numbers] = key.split('.');
    const [first = -1, second = -1] = numbers.map(Number);
    if (kind === 'shard') {
      shards[first]?.noteHolder(readMessage(lease, text), nowMs());
    } else if (first === round) {
      if (kind === 'ready') this.#takeReady(shards[second], readMessage(readyEntry, text));
      else if (kind === 'join') this.joins.set(key, readMessage(joinEntry, text));
      else if (kind === 'start') this.starts.set(second, readMessage(startEntry, text));
    }
  }

  takeTick(text: string): void {
    const { round, shards, nowMs, log } = this.#options;
    // A tick of another round, or from nowhere, changes nothing.
    const read = readMessage(tick, text);
    if (read.round !== round) return;
    shards[read.shard]?.noteTick(read, nowMs());
    const { storageTrouble } = read;
    if (storageTrouble === undefined || storageTrouble === this.#storageTrouble) return;
    this.#storageTrouble = storageTrouble;
    log('WARNING', 'cluster', storageText(storageTrouble));
  }

  /** While shards are gathered: only what keeps an agent from taking part; all events are taken afterwards. */
  takeEarlyEvent(subject: string, text: string): void {
    if (this.#takeRefusal(subject, text)) return;
    const { shard, number } = this.#senderOf(subject);
    const read = readMessage(event, text);
    if (read.kind === 'failed' && read.round === this.#options.round)
      shard?.noteFailure(number, read.message);
  }

  /** @param subject of the incarnation that has published it. */
  takeEvent(subject: string, text: string): void {
    if (this.#takeRefusal(subject, text)) return;
    const { round, log } = this.#options;
    const { shard, incarnation, number } = this.#senderOf(subject);
    const read = readMessage(event, text);
    if (shard === undefined || read.round !== round) return;
    if (read.kind === 'failed') {
      if (incarnation !== undefined && incarnation === shard.current) incarnation.failure = read.message;
      else if (shard.noteFailure(number, read.message))
        log('ERROR', 'cluster', `shard ${shard.number}: the agent that was to join ${read.message}`);
    } else if (read.kind === 'log') log(read.level, 'cluster', `shard ${shard.number}: ${read.message}`);
    else if (read.kind === 'clock') incarnation?.clocks.push(read.clock);
    else incarnation?.noteDone(read);
  }

  /** @param subject of the incarnation that has published it; one that takes no part changes nothing. */
  takeRecords(subject: string, bytes: Uint8Array): void {
    this.#senderOf(subject).incarnation?.receiver?.take(bytes);
  }

  /** @returns whether the message is the refusal of an agent to take a shard. */
  #takeRefusal(subject: string, text: string): boolean {
    const { names, log } = this.#options;
    if (!subject.startsWith(names.refusalOf(''))) return false;
    const { host, message } = readMessage(refusal, text);
    const what = `an agent on ${host} refuses: ${message.replace(/\.$/, '')}`;
    if (what !== this.#refusal) log('WARNING', 'cluster', what);
    this.#refusal = what;
    return true;
  }

  #takeReady(shard: Shard | undefined, entry: ReadyEntry): void {
    const { hash, nowMs, log } = this.#options;
    const { incarnation, host, threads, clock } = entry;
    if (shard === undefined || shard.incarnationOf(incarnation) !== undefined) return;
    if (entry.hash !== hash()) {
      const plans = `${entry.hash.slice(0, 12)} instead of ${hash()?.slice(0, 12)}`;
      shard.noteFailure(incarnation, `has another plan (${plans})`);
      return;
    }
    shard.noteReady(entry, nowMs());
    const error = `clock error at most ${(clock.errorNs / 1e3).toFixed(0)} µs`;
    log(
      'INFO',
      'cluster',
      `shard ${shard.number} is ready on ${host}: ${counted(threads, 'load thread')}, ${error}`,
    );
  }

  /** Who publishes to a subject. @returns also the incarnation if it is ready in this round. */
  #senderOf(subject: string): {
    readonly shard: Shard | undefined;
    readonly number: number;
    readonly incarnation: Incarnation | undefined;
  } {
    const [shardNumber = -1, number = -1] = subject.split('.').slice(-2).map(Number);
    const shard = this.#options.shards[shardNumber];
    return { shard, number, incarnation: shard?.incarnationOf(number) };
  }
}
