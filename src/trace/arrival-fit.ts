import jStat from 'jstat';
import { fitGaps } from './gap-models.js';
import { LoadWindows } from './load-windows.js';
import type { TraceModel } from './model.js';
import { OperationalTime } from './operational-time.js';
import { ValueCounts } from './value-counts.js';

/** A window needs so many arrivals for its load to be known to 10 %. */
const PER_WINDOW = 100;
/** Probability that the load of a steady process is taken for one that changes. */
const FALSE_ALARM = 0.01;

/**
 * Fits an arrival process in two passes: the load over time, then the gaps relative to it. By the time-rescaling theorem
 * (Brown et al. 2002), gaps measured in expected arrivals have the mean 1 whatever the load.
 */
export class ArrivalFit {
  readonly #windows = new LoadWindows();
  readonly #gaps = new ValueCounts();
  readonly #rawGaps = new ValueCounts();
  #arrivals = 0;
  #firstMs = 0;
  #lastMs = 0;
  #time: OperationalTime | undefined;
  #last: number | undefined;

  /** The first pass. */
  add(timeMs: number): void {
    if (this.#arrivals === 0) this.#firstMs = timeMs;
    else this.#rawGaps.add(timeMs - this.#lastMs);
    this.#windows.add(timeMs - this.#firstMs);
    this.#lastMs = timeMs;
    this.#arrivals++;
  }

  get arrivals(): number {
    return this.#arrivals;
  }

  get durationMs(): number {
    return this.#lastMs - this.#firstMs;
  }

  /** The second pass. */
  addGap(timeMs: number): void {
    this.#time ??= new OperationalTime(this.#load());
    const expected = this.#time.expected((timeMs - this.#firstMs) / 1000);
    // Rounded, so that floating-point noise does not make equal gaps differ.
    if (this.#last !== undefined) this.#gaps.add(Math.round((expected - this.#last) * 1e9) / 1e9);
    this.#last = expected;
  }

  /** Undefined with fewer than two times. */
  result(): TraceModel['arrivals'] | undefined {
    const gaps = this.#gaps.distribution();
    if (gaps === undefined || this.#time === undefined) return undefined;
    const { model, distances } = fitGaps(gaps);
    const fitted = model.family === 'empirical' ? { ...model, quantiles: [...model.quantiles] } : model;
    return { ...this.#time.load, gaps: fitted, gap_distances: distances };
  }

  /** The load over time; one window if it does not change more than gaps with this CV explain. */
  #load(): OperationalTime['load'] {
    const { ms, counts } = this.#windows.windows(PER_WINDOW);
    // So many gaps in this time.
    const perSecond = (this.#arrivals - 1) / (this.durationMs / 1000);
    const whole = counts.slice(0, -1);
    if (whole.length < 2 || !this.#changes(whole, ms)) {
      return { per_second: perSecond, window_sec: this.durationMs / 1000, load: [1] };
    }
    const lengths = counts.map((_, i) => Math.min(ms, this.durationMs - i * ms) / 1000);
    // A last window shorter than a tenth has too few arrivals: its load is that of the one before.
    const rates = counts.map((count, i) => count / (lengths[i] ?? 1));
    const last = lengths.length - 1;
    if ((lengths[last] ?? 0) < ms / 10_000) rates[last] = rates[last - 1] ?? 0;
    return { per_second: perSecond, window_sec: ms / 1000, load: rates.map((rate) => rate / perSecond) };
  }

  /**
   * Whether counts vary more than those of a renewal process with the CV of the gaps, whose variance is mean · CV² for
   * long windows (Cox 1962): a chi-squared test of their dispersion. Gaps longer than a window are pauses, i.e. changes
   * of the load, and have no part in the CV.
   */
  #changes(counts: readonly number[], windowMs: number): boolean {
    const gaps = this.#rawGaps.distribution();
    if (gaps === undefined) return false;
    const sum = (of: (gap: number) => number) => gaps.sum((gap) => (gap <= windowMs ? of(gap) : 0));
    const count = sum(() => 1);
    const meanGap = sum((gap) => gap) / count;
    const variation = sum((gap) => (gap - meanGap) ** 2) / count / meanGap ** 2;
    const mean = counts.reduce((total, one) => total + one, 0) / counts.length;
    const squares = counts.reduce((total, one) => total + (one - mean) ** 2, 0);
    const variance = Math.max(mean * variation, 1e-9);
    return jStat.chisquare.cdf(squares / variance, counts.length - 1) > 1 - FALSE_ALARM;
  }
}
