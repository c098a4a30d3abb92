/** Times of the units that carry content. The first is kept alone: an answer that arrives whole has no other. */
export class ContentTimes {
  count = 0;
  #firstNs = Number.NaN;
  #lastNs = Number.NaN;
  // Intervals in four bytes each; whole times once one interval is too long for that (4.3 s).
  #intervalsNs: Uint32Array | undefined = undefined;
  #timesNs: Float64Array | undefined = undefined;

  note(atNs: number): void {
    const place = this.count;
    const intervalNs = atNs - this.#lastNs;
    this.#lastNs = atNs;
    if (place === 0) {
      this.count = 1;
      this.#firstNs = atNs;
      return;
    }
    if (this.#timesNs === undefined && intervalNs >>> 0 === intervalNs) {
      let intervals = this.#intervalsNs;
      if (intervals === undefined || intervals.length < place) {
        const grown = new Uint32Array(grownSize(place, 16));
        if (intervals !== undefined) grown.set(intervals);
        intervals = grown;
        this.#intervalsNs = grown;
      }
      intervals[place - 1] = intervalNs;
    } else {
      this.#noteWhole(atNs, place);
    }
    this.count = place + 1;
  }

  /** All of them, in order, ns. */
  get all(): Float64Array {
    if (this.#timesNs !== undefined) return this.#timesNs.subarray(0, this.count);
    const times = new Float64Array(this.count);
    let atNs = this.#firstNs;
    for (let i = 0; i < times.length; i++) {
      if (i > 0) atNs += this.#intervalsNs?.[i - 1] ?? 0;
      times[i] = atNs;
    }
    return times;
  }

  #noteWhole(atNs: number, place: number): void {
    let times = this.#timesNs;
    if (times === undefined || times.length <= place) {
      const grown = new Float64Array(grownSize(place + 1, 16));
      grown.set(this.all);
      times = grown;
      this.#timesNs = grown;
      this.#intervalsNs = undefined;
    }
    times[place] = atNs;
  }
}

/** Size for `needed` values: doubled while there are few, then an eighth more, since many streams are open at a time. */
export function grownSize(needed: number, least: number): number {
  return Math.max(least, needed <= 1024 ? 2 * needed : needed + (needed >> 3));
}
