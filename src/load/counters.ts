import type { Outcome } from '../records/failure.js';
import type { Quota } from './quota.js';
import type { PhaseProgress } from './source.js';

const SESSIONS = 0;
const ISSUED = 1;
const RETURNED = 2;
const ACTIVE = 3;
const PREFILLING = 4;
const STOPPED = 5;
const ACTIVITY = 6;
const FAILED = 7;
const CANCELLED = 8;
const POSTPONED = 9;
const ENDED_SESSIONS = 10;
// An even number, so that the 64-bit cell behind them is aligned.
const LENGTH = 12;

/**
 * Counters that all load threads share during a phase: session and request numbers, each handed out exactly once;
 * sessions and prefills in flight, so that limits hold over all threads; and the stop flag. No access needs a message.
 */
export class SharedCounters implements Quota, PhaseProgress {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #moved: BigInt64Array;
  readonly #postponed: BigInt64Array;

  /** @param buffer of another thread's counters; absent: new counters, all zero. */
  constructor(buffer = new SharedArrayBuffer(4 * LENGTH + 16)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer, 0, LENGTH);
    this.#moved = new BigInt64Array(buffer, 4 * LENGTH, 1);
    this.#postponed = new BigInt64Array(buffer, 4 * LENGTH + 8, 1);
  }

  /** Counts sessions as started and requests as sent by another process: numbers go on behind them. */
  beginBehind(sessions: number, requests: number): void {
    Atomics.store(this.#cells, SESSIONS, sessions);
    Atomics.store(this.#cells, ISSUED, requests);
  }

  takeSession(limit: number): number | undefined {
    return this.#take(SESSIONS, limit);
  }

  sessionsAreTaken(limit: number): boolean {
    return this.sessions >= limit;
  }

  takeRequest(limit: number): number | undefined {
    return this.#take(ISSUED, limit);
  }

  requestsAreTaken(limit: number): boolean {
    return this.issued >= limit;
  }

  /** The whole limit. */
  shareOf(limit: number): number {
    return limit;
  }

  /** Counts a request that ended. */
  noteReturn(as: Outcome): void {
    if (as === 'cancelled') Atomics.add(this.#cells, CANCELLED, 1);
    else if (as === 'failed') Atomics.add(this.#cells, FAILED, 1);
    Atomics.add(this.#cells, RETURNED, 1);
  }

  /** Counts a session that ended: after its last request, or before it because the phase ended. */
  noteSessionEnd(): void {
    Atomics.add(this.#cells, ENDED_SESSIONS, 1);
  }

  /** Counts data from a server, which shows that the run is not stalled. */
  noteActivity(): void {
    Atomics.add(this.#cells, ACTIVITY, 1);
  }

  /** Moves the rest of the schedule of all threads, because one was too late. @param movedNs in total. */
  moveTo(movedNs: number): void {
    raise(this.#moved, movedNs);
  }

  /** Counts a turn of a fixed schedule that is due later than recorded, because the turn before it returned late. */
  notePostponed(byNs: number): void {
    Atomics.add(this.#cells, POSTPONED, 1);
    raise(this.#postponed, byNs);
  }

  get endedSessions(): number {
    return Atomics.load(this.#cells, ENDED_SESSIONS);
  }

  get postponed(): { readonly turns: number; readonly mostNs: number } {
    return {
      turns: Atomics.load(this.#cells, POSTPONED),
      mostNs: Number(Atomics.load(this.#postponed, 0)),
    };
  }

  get movedNs(): number {
    return Number(Atomics.load(this.#moved, 0));
  }

  get activity(): number {
    return Atomics.load(this.#cells, ACTIVITY) + this.issued + this.returned;
  }

  takeSlot(limit: number): boolean {
    return this.#take(ACTIVE, limit) !== undefined;
  }

  freeSlot(): void {
    Atomics.sub(this.#cells, ACTIVE, 1);
  }

  takePrefill(limit: number): boolean {
    return this.#take(PREFILLING, limit) !== undefined;
  }

  freePrefill(): void {
    Atomics.sub(this.#cells, PREFILLING, 1);
  }

  prefillIsFull(limit: number): boolean {
    return Atomics.load(this.#cells, PREFILLING) >= limit;
  }

  /** Stops issuing in all threads. */
  stop(): void {
    Atomics.store(this.#cells, STOPPED, 1);
  }

  get stopped(): boolean {
    return Atomics.load(this.#cells, STOPPED) === 1;
  }

  get sessions(): number {
    return Atomics.load(this.#cells, SESSIONS);
  }

  get issued(): number {
    return Atomics.load(this.#cells, ISSUED);
  }

  get returned(): number {
    return Atomics.load(this.#cells, RETURNED);
  }

  get failed(): number {
    return Atomics.load(this.#cells, FAILED);
  }

  get cancelled(): number {
    return Atomics.load(this.#cells, CANCELLED);
  }

  // Compare-and-exchange, so that a refused take does not change the count.
  #take(cell: number, limit: number): number | undefined {
    for (;;) {
      const number = Atomics.load(this.#cells, cell);
      if (number >= limit) return undefined;
      if (Atomics.compareExchange(this.#cells, cell, number, number + 1) === number) return number;
    }
  }
}

/** Raises the cell to `value` if it is smaller; atomic. */
function raise(cell: BigInt64Array, value: number): void {
  const wanted = BigInt(Math.round(value));
  for (;;) {
    const known = Atomics.load(cell, 0);
    if (known >= wanted || Atomics.compareExchange(cell, 0, known, wanted) === known) return;
  }
}
