/** Numbers by index, 0 until set; grows as needed. 8 to 16 bytes per entry. */
export class GrowingArray {
  #values = new Float64Array(1024);

  get(index: number): number {
    return this.#values[index] ?? 0;
  }

  set(index: number, value: number): void {
    if (index >= this.#values.length) {
      const larger = new Float64Array(2 ** Math.ceil(Math.log2(index + 1)));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[index] = value;
  }
}
