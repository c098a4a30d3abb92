/**
 * A sum that keeps the digits which plain addition drops (Neumaier's algorithm): right to the last digit for any sane
 * input, so it depends neither on the order of its parts nor on how a run was split.
 */
export class CompensatedSum {
  #sum = 0;
  #lost = 0;

  get value(): number {
    return this.#sum + this.#lost;
  }

  add(x: number): void {
    const next = this.#sum + x;
    this.#lost += Math.abs(this.#sum) >= Math.abs(x) ? this.#sum - next + x : x - next + this.#sum;
    this.#sum = next;
  }

  copy(): CompensatedSum {
    const copy = new CompensatedSum();
    copy.#sum = this.#sum;
    copy.#lost = this.#lost;
    return copy;
  }
}
