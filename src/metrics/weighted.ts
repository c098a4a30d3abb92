import { CompensatedSum } from './compensated-sum.js';
import type { Statistics, StatName } from './statistics.js';
import { WeightTable } from './weight-table.js';

/** The percentiles of weighted values, in percent. */
const weightedPercents = [50, 90, 95, 99] as const;

/** Takes a value of one of the series with its weight, above zero. */
export type VisitValue = (series: number, value: number, weight: number) => void;

/**
 * Statistics of several series of weighted values at once; undefined for a series without values. A percentile is the
 * first value, in ascending order, at which the share of the weight is reached: no interpolation.
 *
 * Exact, and few values are held: all are gone through twice, for averages and how the weight is spread over ranges,
 * and for deviations and the values in the ranges that hold the percentiles.
 * @param walk visits every value of every series, none negative, the same each time.
 */
export function weightedStatistics(
  series: number,
  walk: (visit: VisitValue) => void,
): (Statistics | undefined)[] {
  const spreads = Array.from({ length: series }, () => new Spread());
  walk((index, value, weight) => spreads[index]?.add(value, weight));
  const details = spreads.map((spread) => new Details(spread));
  walk((index, value, weight) => details[index]?.add(value, weight));
  return details.map((one) => one.statistics());
}

/** How weight is spread over values. */
class Spread {
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  weight = 0;
  readonly #sum = new CompensatedSum();
  /** Weight of each range of values; ranges of one power of two lie together, and only those with values are there. */
  readonly #octaves: (Float64Array | undefined)[] = [];

  get avg(): number {
    return this.#sum.value / this.weight;
  }

  add(value: number, weight: number): void {
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.weight += weight;
    this.#sum.add(value * weight);
    const range = rangeOf(value);
    let ranges = this.#octaves[range >>> 8];
    if (ranges === undefined) {
      ranges = new Float64Array(256);
      this.#octaves[range >>> 8] = ranges;
    }
    ranges[range & 0xff] = (ranges[range & 0xff] ?? 0) + weight;
  }

  /** Of each percentile: the weight at which it is reached, the range where that is, and the weight below that. */
  targets(): readonly Target[] {
    // Few of some thousand octaves are there.
    const octaves = Object.keys(this.#octaves).map(Number);
    return weightedPercents.map((percent) => {
      const weight = (percent / 100) * this.weight;
      let below = 0;
      let range = 0;
      for (const octave of octaves) {
        const ranges = this.#octaves[octave] ?? [];
        for (let part = 0; part < ranges.length; part++) {
          const one = ranges[part] ?? 0;
          if (one === 0) continue;
          range = octave * 256 + part;
          if (below + one >= weight) return { percent, weight, range, below };
          below += one;
        }
      }
      return { percent, weight, range, below };
    });
  }
}

interface Target {
  readonly percent: (typeof weightedPercents)[number];
  readonly weight: number;
  readonly range: number;
  readonly below: number;
}

class Details {
  readonly #spread: Spread;
  readonly #avg: number;
  readonly #targets: readonly Target[];
  readonly #squares = new CompensatedSum();
  /** Of each range that holds a percentile, the weight of each of its values. */
  readonly #values = new Map<number, WeightTable>();
  /** The range of the value before, and its values: they mostly come again. */
  #range = -1;
  #inRange: WeightTable | undefined = undefined;

  constructor(spread: Spread) {
    this.#spread = spread;
    this.#avg = spread.avg;
    this.#targets = spread.targets();
    for (const { range } of this.#targets) this.#values.set(range, new WeightTable());
  }

  add(value: number, weight: number): void {
    const distance = value - this.#avg;
    this.#squares.add(distance * distance * weight);
    const range = rangeOf(value);
    if (range !== this.#range) {
      this.#range = range;
      this.#inRange = this.#values.get(range);
    }
    this.#inRange?.add(value, weight);
  }

  statistics(): Statistics | undefined {
    const { min, max, weight: whole } = this.#spread;
    if (whole === 0) return undefined;
    const std = Math.sqrt(this.#squares.value / whole);
    const result: { [Name in StatName]?: number } = { avg: this.#avg, min, max, std };
    for (const { percent, weight, range, below } of this.#targets) {
      result[`p${percent}`] = this.#values.get(range)?.valueAt(weight - below) ?? max;
    }
    return result;
  }
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** Number of the range that a value is in, ascending with the values, none negative: 256 to each power of two. */
function rangeOf(value: number): number {
  double[0] = value;
  return (words[HIGH] ?? 0) >>> 12;
}
