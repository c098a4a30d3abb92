/** Most windows; beyond it, they are joined in pairs. */
const MOST = 512;

/** Counts of times in windows of equal length, which grows with the time they cover: bounded memory, one pass. */
export class LoadWindows {
  #ms = 1;
  #counts = new Float64Array(MOST);
  #latestMs = 0;
  #total = 0;

  /** @param elapsedMs since the first time, at least 0. */
  add(elapsedMs: number): void {
    while (elapsedMs / this.#ms >= MOST) this.#join();
    const window = Math.floor(elapsedMs / this.#ms);
    this.#counts[window] = (this.#counts[window] ?? 0) + 1;
    this.#latestMs = Math.max(this.#latestMs, elapsedMs);
    this.#total++;
  }

  /** Windows of at least `perWindow` counts on average, up to the latest time; the last one may be shorter. */
  windows(perWindow: number): { readonly ms: number; readonly counts: readonly number[] } {
    const used = () => Math.floor(this.#latestMs / this.#ms) + 1;
    while (used() > 1 && this.#total / used() < perWindow) this.#join();
    return { ms: this.#ms, counts: Array.from(this.#counts.subarray(0, used())) };
  }

  #join(): void {
    this.#ms *= 2;
    const joined = new Float64Array(MOST);
    for (let i = 0; i < MOST; i++) joined[i >> 1] = (joined[i >> 1] ?? 0) + (this.#counts[i] ?? 0);
    this.#counts = joined;
  }
}
