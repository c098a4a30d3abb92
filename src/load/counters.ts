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
// An even number, so that the 64-bit cell behind them is aligned.
const LENGTH = 10;

/**
 * What all load threads share during a phase: tickets for sessions and requests, handed out exactly once whatever
 * the number of threads; how many sessions and prefills are under way, so that limits hold over all threads; and the
 * stop sign. Reading or taking costs no message.
 */
export class SharedCounters implements Quota, PhaseProgress {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #moved: BigInt64Array;
  readonly #postponed: BigInt64Array;

  /** @param buffer that of another thread's counters; absent: new ones, all zero. */
  constructor(buffer = new SharedArrayBuffer(4 * LENGTH + 16)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer, 0, LENGTH);
    this.#moved = new BigInt64Array(buffer, 4 * LENGTH, 1);
    this.#postponed = new BigInt64Array(buffer, 4 * LENGTH + 8, 1);
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

  /** All of a limit is theirs. */
  shareOf(limit: number): number {
    return limit;
  }

  /** A request has ended. @param as the result will count it. */
  noteReturn(as: Outcome): void {
    if (as === 'cancelled') Atomics.add(this.#cells, CANCELLED, 1);
    else if (as === 'failed') Atomics.add(this.#cells, FAILED, 1);
    Atomics.add(this.#cells, RETURNED, 1);
  }

  /** Something came from a server: the run is not stuck. */
  noteActivity(): void {
    Atomics.add(this.#cells, ACTIVITY, 1);
  }

  /** A thread was too late to catch up: the rest of the schedule is moved by so much in all, for every thread. */
  moveTo(movedNs: number): void {
    raise(this.#moved, movedNs);
  }

  /** A turn of a fixed schedule became due so much later than recorded, because the turn before it came back late. */
  notePostponed(byNs: number): void {
    Atomics.add(this.#cells, POSTPONED, 1);
    raise(this.#postponed, byNs);
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

  /** From now on nothing new is issued. */
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

  // Compare-and-exchange, so that a refused take leaves no trace in the count.
  #take(cell: number, limit: number): number | undefined {
    for (;;) {
      const number = Atomics.load(this.#cells, cell);
      if (number >= limit) return undefined;
      if (Atomics.compareExchange(this.#cells, cell, number, number + 1) === number) return number;
    }
  }
}

/** Raises the cell to `value` unless it is as large already; atomic. */
function raise(cell: BigInt64Array, value: number): void {
  const wanted = BigInt(Math.round(value));
  for (;;) {
    const known = Atomics.load(cell, 0);
    if (known >= wanted || Atomics.compareExchange(cell, 0, known, wanted) === known) return;
  }
}
