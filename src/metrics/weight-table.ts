const FIRST_ROOM = 64;

/**
 * The weight of each of many values: a hash table of doubles in two arrays. With a `Map`, and its values sorted, the
 * statistics of 500,000 different values took three times as long. Values may not be NaN.
 */
export class WeightTable {
  /** NaN: the place is free. */
  #values = new Float64Array(FIRST_ROOM).fill(Number.NaN);
  #weights = new Float64Array(FIRST_ROOM);
  #count = 0;

  add(value: number, weight: number): void {
    const place = this.#placeOf(value);
    if (this.#values[place] === value) {
      this.#weights[place] = (this.#weights[place] ?? 0) + weight;
      return;
    }
    this.#values[place] = value;
    this.#weights[place] = weight;
    // Beyond half full, searches grow long.
    if (2 * ++this.#count > this.#values.length) this.#grow();
  }

  /**
   * The first value, in ascending order, up to which the values weigh at least `weight` together; the largest where
   * all weigh less, undefined where there is none. Takes a time in proportion to their number (quickselect).
   */
  valueAt(weight: number): number | undefined {
    const { values, weights } = this.#compact();
    const swap = (a: number, b: number) => {
      swapIn(values, a, b);
      swapIn(weights, a, b);
    };
    let from = 0;
    let to = values.length;
    let left = weight;
    while (from < to) {
      const last = to - 1;
      swap(middleOf(values, from, (from + last) >> 1, last), last);
      const pivot = values[last] ?? 0;
      let place = from;
      let below = 0;
      for (let i = from; i < last; i++) {
        if ((values[i] ?? 0) > pivot) continue;
        below += weights[i] ?? 0;
        swap(i, place++);
      }
      swap(place, last);
      const upTo = below + (weights[place] ?? 0);
      if (place > from && below >= left) {
        to = place;
      } else if (upTo >= left || place === last) {
        return pivot;
      } else {
        left -= upTo;
        from = place + 1;
      }
    }
    return undefined;
  }

  #placeOf(value: number): number {
    const values = this.#values;
    const mask = values.length - 1;
    let place = hashOf(value) & mask;
    for (;;) {
      const there = values[place] ?? Number.NaN;
      if (there === value || Number.isNaN(there)) return place;
      place = (place + 1) & mask;
    }
  }

  #grow(): void {
    const { values, weights } = this.#compact();
    this.#values = new Float64Array(2 * this.#values.length).fill(Number.NaN);
    this.#weights = new Float64Array(this.#values.length);
    for (let i = 0; i < values.length; i++) {
      const place = this.#placeOf(values[i] ?? 0);
      this.#values[place] = values[i] ?? 0;
      this.#weights[place] = weights[i] ?? 0;
    }
  }

  /** Values and weights without the free places. */
  #compact(): { values: Float64Array; weights: Float64Array } {
    const values = new Float64Array(this.#count);
    const weights = new Float64Array(this.#count);
    let count = 0;
    for (let place = 0; place < this.#values.length; place++) {
      const value = this.#values[place] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      values[count] = value;
      weights[count++] = this.#weights[place] ?? 0;
    }
    return { values, weights };
  }
}

function swapIn(numbers: Float64Array, a: number, b: number): void {
  const there = numbers[a] ?? 0;
  numbers[a] = numbers[b] ?? 0;
  numbers[b] = there;
}

/** The one of three places that holds the middle value. */
function middleOf(values: Float64Array, a: number, b: number, c: number): number {
  const [x, y, z] = [values[a] ?? 0, values[b] ?? 0, values[c] ?? 0];
  if (x <= y) return y <= z ? b : x <= z ? c : a;
  return x <= z ? a : y <= z ? c : b;
}

const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

function hashOf(value: number): number {
  double[0] = value;
  const mixed = Math.imul((words[0] ?? 0) ^ Math.imul(words[1] ?? 0, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
