import { monotonicNs } from '../util/clock.js';
import { Timeout } from '../util/timeout.js';

/** Acts at times that it chooses itself. */
export interface Paced {
  /** Acts, and returns when to act next, ns of `monotonicNs`; undefined: never. */
  act(): number | undefined;
}

/**
 * How to wait for the last millisecond, because timers are that late. `precise` spins the event loop, which still reads
 * sockets but keeps a core busy; `low-cpu` accepts the delay.
 */
export type Timer = 'precise' | 'low-cpu';

const spinNs = { precise: 1_100_000, 'low-cpu': 0 } satisfies Record<Timer, number>;

/** Calls each `Paced` at its time: never early, and late only if the machine or other calls delay it. */
export class Pacer {
  /** A binary heap by due time. */
  #dueNs = new Float64Array(1024);
  #paced: Paced[] = [];
  #timer: Timeout | undefined;
  #timerDueNs = 0;
  #immediate: NodeJS.Immediate | undefined;
  readonly #spinNs: number;

  constructor(timer: Timer) {
    this.#spinNs = spinNs[timer];
  }

  // An act may add others, but not in the past, so the acting one stays at the top of the heap.
  add(paced: Paced, dueNs: number): void {
    const place = this.#paced.length;
    if (place === this.#dueNs.length) {
      const larger = new Float64Array(2 * place);
      larger.set(this.#dueNs);
      this.#dueNs = larger;
    }
    this.#paced.push(paced);
    this.#rise(place, paced, dueNs);
    this.#arm();
  }

  /** Stops all calls. */
  close(): void {
    this.#paced = [];
    this.#timer?.clear();
    clearImmediate(this.#immediate);
  }

  readonly #step = () => {
    this.#immediate = undefined;
    this.#timer = undefined;
    // Only what is due now: read sockets before handling what falls due in the meantime.
    const untilNs = monotonicNs();
    for (let first = this.#paced[0]; first !== undefined; first = this.#paced[0]) {
      if (this.#first() > untilNs) break;
      const nextNs = first.act();
      if (nextNs === undefined) this.#removeFirst();
      else this.#sink(first, nextNs);
    }
    this.#arm();
  };

  #first(): number {
    return this.#dueNs[0] ?? 0;
  }

  #arm(): void {
    if (this.#paced.length === 0 || this.#immediate !== undefined) return;
    const dueNs = this.#first();
    if (this.#timer !== undefined) {
      if (this.#timerDueNs <= dueNs) return;
      this.#timer.clear();
      this.#timer = undefined;
    }
    const waitNs = dueNs - monotonicNs() - this.#spinNs;
    if (waitNs <= 0) {
      this.#immediate = setImmediate(this.#step);
    } else {
      this.#timerDueNs = dueNs;
      this.#timer = new Timeout(this.#step, Math.floor(waitNs / 1e6));
    }
  }

  #removeFirst(): void {
    const last = this.#paced.pop();
    if (last !== undefined && this.#paced.length > 0) this.#sink(last, this.#dueNs[this.#paced.length] ?? 0);
  }

  /** Puts an entry at the top and sifts it down. */
  #sink(paced: Paced, dueNs: number): void {
    const [dues, all] = [this.#dueNs, this.#paced];
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= all.length) break;
      if (child + 1 < all.length && (dues[child + 1] ?? 0) < (dues[child] ?? 0)) child++;
      const [childDueNs, childPaced] = [dues[child], all[child]];
      if (childDueNs === undefined || childPaced === undefined || childDueNs >= dueNs) break;
      dues[place] = childDueNs;
      all[place] = childPaced;
      place = child;
    }
    dues[place] = dueNs;
    all[place] = paced;
  }

  #rise(from: number, paced: Paced, dueNs: number): void {
    const [dues, all] = [this.#dueNs, this.#paced];
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const [parentDueNs, parentPaced] = [dues[parent], all[parent]];
      if (parentDueNs === undefined || parentPaced === undefined || parentDueNs <= dueNs) break;
      dues[place] = parentDueNs;
      all[place] = parentPaced;
      place = parent;
    }
    dues[place] = dueNs;
    all[place] = paced;
  }
}
