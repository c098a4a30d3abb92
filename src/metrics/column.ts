/** Numbers of one metric, in order of arrival: 8 bytes each, no object per value. */
export class Column {
  #values = new Float64Array(1024);
  #length = 0;
  #sum = 0;

  get length(): number {
    return this.#length;
  }

  /** Mean so far, good enough for a live screen; undefined for none. */
  get runningMean(): number | undefined {
    return this.#length === 0 ? undefined : this.#sum / this.#length;
  }

  get runningSum(): number {
    return this.#sum;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#grow(this.#length + 1);
    this.#values[this.#length++] = value;
    this.#sum += value;
  }

  pushAll(values: Float64Array): void {
    if (this.#length + values.length > this.#values.length) this.#grow(this.#length + values.length);
    this.#values.set(values, this.#length);
    this.#length += values.length;
    for (let i = 0; i < values.length; i++) this.#sum += values[i] ?? 0;
  }

  /** A sorted copy. */
  sorted(): Float64Array {
    return this.#values.slice(0, this.#length).sort();
  }

  #grow(least: number): void {
    const values = new Float64Array(Math.max(least, this.#values.length * 2));
    values.set(this.#values);
    this.#values = values;
  }
}
