/** Where the lines of a page are, and which samples they hold. Grows, and is used again. */
export class LineTable {
  /** First byte of each line, and, behind the last line, the end of the page. */
  starts = new Int32Array(1024);
  /** First byte of its value; the end of the line where it has none. */
  values = new Int32Array(1024);
  /** Id of its sample; negative: it has none. */
  ids = new Int32Array(1024);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  add(start: number, valueAt: number, id: number): void {
    const line = this.count++;
    if (line === this.starts.length) this.#grow();
    this.starts[line] = start;
    this.values[line] = valueAt;
    this.ids[line] = id;
  }

  #grow(): void {
    this.starts = grown(this.starts, Int32Array);
    this.values = grown(this.values, Int32Array);
    this.ids = grown(this.ids, Int32Array);
  }
}

interface NumberArray {
  readonly length: number;
  set(values: this): void;
}

/** A copy of twice the length. */
export function grown<A extends NumberArray>(array: A, Type: new (length: number) => A): A {
  const larger = new Type(2 * array.length);
  larger.set(array);
  return larger;
}
