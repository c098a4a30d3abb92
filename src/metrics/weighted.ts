import { CompensatedSum } from './compensated-sum.js';
import type { Statistics, StatName } from './statistics.js';

/** The percentiles of weighted values, in percent. */
const weightedPercents = [50, 90, 95, 99] as const;

/** Takes a value of one of the series with its weight, above zero. */
export type VisitValue = (series: number, value: number, weight: number) => void;

/** Bins that a distribution is first counted in; more values than this share them. */
const MOST_BINS = 65_536;

/**
 * Statistics of several series of weighted values at once; undefined for a series without values. A percentile is the
 * first value, in ascending order, at which the share of the weight is reached: no interpolation.
 *
 * Exact, and no value is held: all are gone through three times, for extremes and means, for a count in bins, and for
 * those in the bins that hold the percentiles.
 * @param walk visits every value of every series, the same each time.
 */
export function weightedStatistics(
  series: number,
  walk: (visit: VisitValue) => void,
): (Statistics | undefined)[] {
  const all = Array.from({ length: series }, () => new WeightedSeries());
  walk((index, value, weight) => all[index]?.measure(value, weight));
  walk((index, value, weight) => all[index]?.count(value, weight));
  walk((index, value, weight) => all[index]?.locate(value, weight));
  return all.map((one) => one.statistics());
}

class WeightedSeries {
  #values = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  readonly #weight = new CompensatedSum();
  readonly #sum = new CompensatedSum();
  readonly #squares = new CompensatedSum();
  #avg = 0;
  #bins: Float64Array | undefined;
  /** Of each bin that holds a percentile, the weight of each of its values. */
  #located: Map<number, Map<number, number>> | undefined;

  measure(value: number, weight: number): void {
    this.#values++;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#weight.add(weight);
    this.#sum.add(value * weight);
  }

  count(value: number, weight: number): void {
    if (this.#bins === undefined) {
      this.#avg = this.#sum.value / this.#weight.value;
      this.#bins = new Float64Array(Math.min(MOST_BINS, this.#values));
    }
    this.#squares.add((value - this.#avg) ** 2 * weight);
    const bin = this.#binOf(value);
    this.#bins[bin] = (this.#bins[bin] ?? 0) + weight;
  }

  locate(value: number, weight: number): void {
    this.#located ??= new Map(this.#targets().map(({ bin }) => [bin, new Map<number, number>()]));
    const values = this.#located.get(this.#binOf(value));
    values?.set(value, (values.get(value) ?? 0) + weight);
  }

  statistics(): Statistics | undefined {
    if (this.#values === 0) return undefined;
    const result: { [Name in StatName]?: number } = {
      avg: this.#avg,
      min: this.#min,
      max: this.#max,
      std: Math.sqrt(this.#squares.value / this.#weight.value),
    };
    for (const { percent, weight, bin, below } of this.#targets()) {
      let reached = below;
      const values = [...(this.#located?.get(bin) ?? [])].sort(([a], [b]) => a - b);
      const found = values.find(([, one]) => {
        reached += one;
        return reached >= weight;
      });
      // The last digit of a sum may keep the last value of a bin from reaching its share.
      result[`p${percent}`] = (found ?? values.at(-1))?.[0] ?? this.#max;
    }
    return result;
  }

  /** Of each percentile: the weight at which it is reached, the bin where that is, and the weight below that bin. */
  #targets() {
    const bins = this.#bins ?? new Float64Array(1);
    return weightedPercents.map((percent) => {
      const weight = (percent / 100) * this.#weight.value;
      let below = 0;
      let bin = 0;
      while (bin < bins.length - 1 && below + (bins[bin] ?? 0) < weight) below += bins[bin++] ?? 0;
      return { percent, weight, bin, below };
    });
  }

  #binOf(value: number): number {
    const bins = this.#bins?.length ?? 1;
    const range = this.#max - this.#min;
    return range > 0 ? Math.min(bins - 1, Math.floor(((value - this.#min) / range) * bins)) : 0;
  }
}
