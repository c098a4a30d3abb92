import type { TraceModel } from './model.js';

/**
 * Converts between time and the number of arrivals expected until then, under a load that is constant within windows
 * and repeats after the last one.
 */
export class OperationalTime {
  readonly load: Pick<TraceModel['arrivals'], 'per_second' | 'window_sec' | 'load'>;
  /** Expected arrivals up to the start of each window, and to the end of the last. */
  readonly #starts: number[] = [0];

  constructor(load: OperationalTime['load']) {
    this.load = load;
    for (const relative of load.load) {
      this.#starts.push((this.#starts.at(-1) ?? 0) + relative * load.per_second * load.window_sec);
    }
  }

  /** Expected arrivals from 0 to this time. */
  expected(seconds: number): number {
    const { per_second, window_sec, load } = this.load;
    const cycles = Math.floor(seconds / (window_sec * load.length));
    const rest = seconds - cycles * window_sec * load.length;
    const window = Math.min(load.length - 1, Math.floor(rest / window_sec));
    const within = (rest - window * window_sec) * (load[window] ?? 0) * per_second;
    return cycles * (this.#starts.at(-1) ?? 0) + (this.#starts[window] ?? 0) + within;
  }

  /** The time, in seconds, until which so many arrivals are expected. */
  seconds(expected: number): number {
    const { per_second, window_sec, load } = this.load;
    const total = this.#starts.at(-1) ?? 0;
    const cycles = Math.floor(expected / total);
    const rest = expected - cycles * total;
    let window = this.#starts.findLastIndex((start) => start <= rest);
    window = Math.min(window, load.length - 1);
    // Windows without load pass at once.
    const rate = (load[window] ?? 0) * per_second;
    const within = rate > 0 ? (rest - (this.#starts[window] ?? 0)) / rate : 0;
    return (cycles * load.length + window) * window_sec + within;
  }
}
