import type { JsonCursor, NumberCursor } from './layout.js';

/** Puts a record's numbers behind those of the records before it. */
export class NumberWriter implements NumberCursor {
  length = 0;
  #numbers = new Float64Array(0);

  get written(): Float64Array<ArrayBuffer> {
    return this.#numbers.subarray(0, this.length);
  }

  /** Makes room. @param first numbers that the first room has. */
  reserve(more: number, first: number): void {
    const length = this.length + more;
    if (length <= this.#numbers.length) return;
    const grown = new Float64Array(Math.max(first, 2 * this.#numbers.length, length));
    grown.set(this.written);
    this.#numbers = grown;
  }

  /** Forgets what was written. @param mostKept bytes of memory that are kept for what comes next. */
  clear(mostKept: number): void {
    if (this.#numbers.byteLength > mostKept) this.#numbers = new Float64Array(0);
    this.length = 0;
  }

  number(value: number): number {
    this.#numbers[this.length++] = value;
    return value;
  }

  optional(value: number | undefined): number | undefined {
    this.#numbers[this.length++] = value ?? Number.NaN;
    return value;
  }

  flag(value: boolean): boolean {
    this.#numbers[this.length++] = value ? 1 : 0;
    return value;
  }

  list(values: Float64Array): Float64Array {
    this.number(values.length);
    this.#numbers.set(values, this.length);
    this.length += values.length;
    return values;
  }
}

export class NumberReader implements NumberCursor {
  readonly #numbers: Float64Array;
  #at = 0;

  constructor(numbers: Float64Array) {
    this.#numbers = numbers;
  }

  number(): number {
    return this.#numbers[this.#at++] ?? Number.NaN;
  }

  optional(): number | undefined {
    const value = this.number();
    return Number.isNaN(value) ? undefined : value;
  }

  flag(): boolean {
    return this.number() === 1;
  }

  list(): Float64Array {
    const length = this.number();
    this.#at += length;
    return this.#numbers.subarray(this.#at - length, this.#at);
  }
}

/** Collects a record's texts; used again for the next one, which has as many. */
export class JsonWriter implements JsonCursor {
  readonly #values: unknown[] = [];
  #at = 0;

  /** What was written, as a JSON array; the next text is the first one again. */
  take(): string {
    this.#at = 0;
    return JSON.stringify(this.#values);
  }

  text(value: string): string {
    this.#values[this.#at++] = value;
    return value;
  }

  optional<Value>(value: Value | undefined): Value | undefined {
    this.#values[this.#at++] = value ?? null;
    return value;
  }
}

export class JsonReader implements JsonCursor {
  readonly #values: readonly unknown[];
  #at = 0;

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  text(): string {
    return this.#values[this.#at++] as string;
  }

  optional<Value>(): Value | undefined {
    return (this.#values[this.#at++] ?? undefined) as Value | undefined;
  }
}

/** How many numbers `pass` writes. */
export function countNumbers(pass: (cursor: NumberCursor) => void): number {
  const writer = new NumberWriter();
  writer.reserve(1000, 0);
  pass(writer);
  return writer.length;
}
