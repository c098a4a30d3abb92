/** Rate and inter-arrival CV of times in ascending order, in constant memory (Welford 1962). */
export class GapVariation {
  #firstMs = 0;
  #lastMs = 0;
  #times = 0;
  #mean = 0;
  /** Sum of squared deviations of the gaps from their mean. */
  #squares = 0;

  add(timeMs: number): void {
    if (this.#times === 0) this.#firstMs = timeMs;
    else {
      const gap = timeMs - this.#lastMs;
      const before = gap - this.#mean;
      this.#mean += before / this.#times;
      this.#squares += before * (gap - this.#mean);
    }
    this.#lastMs = timeMs;
    this.#times++;
  }

  get times(): number {
    return this.#times;
  }

  get firstMs(): number {
    return this.#firstMs;
  }

  get durationMs(): number {
    return this.#lastMs - this.#firstMs;
  }

  /** Times divided by the duration; undefined for a duration of 0. */
  get perSecond(): number | undefined {
    return this.durationMs > 0 ? this.#times / (this.durationMs / 1000) : undefined;
  }

  /** Population standard deviation of the gaps divided by their mean; undefined if the mean is 0. */
  get cv(): number | undefined {
    return this.durationMs > 0 ? Math.sqrt(this.#squares / (this.#times - 1)) / this.#mean : undefined;
  }
}
