import type { Log } from '../../util/log.js';
import { storageText } from '../nats/refusals.js';

/** A server that stores nothing for this long is reported: a shorter outage is no news. */
const LASTING_MS = 5000;

/** Tells when NATS stores no records although it can be reached, e.g. because its disk is full. */
export class StorageWatch {
  readonly #nowMs: () => number;
  readonly #log: Log;
  #sinceMs: number | undefined;
  #trouble: string | undefined;

  constructor(nowMs: () => number, log: Log) {
    this.#nowMs = nowMs;
    this.#log = log;
  }

  /** Why nothing is stored, as far as it was reported; undefined: records are stored, or the connection is lost. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** A message could not be stored. @param isConnected a lost connection is reported by itself. */
  noteFailure(why: string, isConnected: boolean): void {
    this.#sinceMs = isConnected ? (this.#sinceMs ?? this.#nowMs()) : undefined;
    if (this.#sinceMs === undefined || this.#nowMs() - this.#sinceMs < LASTING_MS) return;
    if (this.#trouble === undefined) this.#log('WARNING', 'agent', storageText(why));
    this.#trouble = why;
  }

  /** A message was stored. */
  noteStored(): void {
    if (this.#trouble !== undefined) this.#log('NOTICE', 'agent', 'NATS stores records again');
    this.#trouble = undefined;
    this.#sinceMs = undefined;
  }
}
