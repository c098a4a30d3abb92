import { QuantileSketch } from '../util/quantile-sketch.js';
import { CompensatedSum } from './compensated-sum.js';
import { type Statistics, statisticsByPercent } from './statistics.js';

/** Statistics of values that come one by one. Percentiles are estimates, at most 4.4 % too large; all others are exact. */
export class RunningStatistics {
  readonly #scale: number;
  readonly #sketch = new QuantileSketch();
  readonly #sum = new CompensatedSum();
  #count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  /** Welford's mean and sum of squared differences from it. */
  #mean = 0;
  #squares = 0;

  /** @param scale times a value is what the sketch holds, whose estimates begin at 1. */
  constructor(scale: number) {
    this.#scale = scale;
  }

  /** Leaves NaN out. */
  add(value: number): void {
    if (Number.isNaN(value)) return;
    this.#count++;
    this.#sum.add(value);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    const difference = value - this.#mean;
    this.#mean += difference / this.#count;
    this.#squares += difference * (value - this.#mean);
    this.#sketch.add(value * this.#scale);
  }

  /** Undefined without values. */
  get statistics(): Statistics | undefined {
    if (this.#count === 0) return undefined;
    const sum = this.#sum.value;
    return {
      avg: sum / this.#count,
      ...statisticsByPercent((percent) => this.#quantile(percent / 100)),
      min: this.#min,
      max: this.#max,
      std: Math.sqrt(this.#squares / this.#count),
      count: this.#count,
      sum,
    };
  }

  /** Percentiles with failures as infinite values; undefined without values or failures. */
  withFailures(failures: number): Statistics | undefined {
    if (this.#count === 0 || failures === 0) return undefined;
    const count = this.#count + failures;
    const atPercent = (percent: number) => {
      const share = (percent / 100) * (count / this.#count);
      return share > 1 ? undefined : this.#quantile(share);
    };
    return { ...statisticsByPercent(atPercent), min: this.#min, count };
  }

  #quantile(share: number): number {
    const estimate = this.#sketch.quantile(share) / this.#scale;
    return Math.min(this.#max, Math.max(this.#min, estimate));
  }
}
