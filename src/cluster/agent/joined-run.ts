import type { KV } from '@nats-io/kv';
import type { RunEntry } from '../messages.js';
import type { Nats } from '../nats/connection.js';
import type { Lease } from '../nats/lease.js';
import type { RunKeys } from '../nats/run-keys.js';

/** A run that the agent takes part in. */
export interface JoinedRun {
  readonly nats: Nats;
  readonly kv: KV;
  readonly run: string;
  readonly entry: RunEntry;
  readonly shard: number;
  readonly lease: Lease;
  readonly runKeys: RunKeys;
  /** Takes part in a measurement that has begun. */
  readonly rejoins: boolean;
  /** Aborted when the run is over. */
  readonly over: AbortSignal;
  /** Aborted when the agent sends no more: the run is over, another agent has its shard, or it is to end. */
  readonly stopped: AbortSignal;
  /** Takes no more part in the run: NATS has lost it. */
  leave(): void;
  /** Notes what prevents something for now: it is tried again. */
  noteTrouble(thrown: unknown): void;
}
