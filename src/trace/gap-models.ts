import { randomGamma } from 'd3-random';
import jStat from 'jstat';
import type { Random } from '../util/random.js';
import type { Distribution } from './distribution.js';
import { type QuantileTable, tableMean, tableOf, tableQuantile } from './quantile-table.js';

/** How gaps between arrivals are distributed, relative to their mean. */
export type GapModel =
  | { readonly family: 'poisson' }
  /** Gamma with this shape: 1 is Poisson, below 1 burstier. */
  | { readonly family: 'gamma'; readonly shape: number }
  /** Two rates, one of which is drawn for each gap: short gaps within bursts, long ones between them. */
  | {
      readonly family: 'on_off';
      readonly short_share: number;
      readonly short_mean: number;
      readonly long_mean: number;
    }
  /** The measured gaps. */
  | { readonly family: 'empirical'; readonly quantiles: QuantileTable };

/** Goodness of fit of each family: the Kolmogorov-Smirnov distance, 0 to 1. */
export type GapFit = Readonly<Partial<Record<GapModel['family'], number>>>;

/** A family this close to the measured gaps replaces them. */
const CLOSE = 0.05;
/** Distances are computed at as many values at most. */
const MOST_VALUES = 20_000;

/**
 * Chooses the simplest model of gaps whose mean is 1: Poisson, if a Kolmogorov-Smirnov test at 5 % does not reject it;
 * else gamma or on-off, whichever is closer, if its distance is at most 0.05; else the measured distribution.
 *
 * Gamma is fitted by the method of moments, shape = 1 / CV², because it keeps the CV and takes gaps of 0. On-off, for a
 * CV above 1, is an interrupted Poisson process, whose gaps are hyperexponential (Kuczura 1973), fitted by the first two
 * moments with balanced means (Whitt 1982): `p = (1 + √((c² - 1) / (c² + 1))) / 2` of the gaps have the mean `1 / 2p`.
 */
export function fitGaps(gaps: Distribution): { readonly model: GapModel; readonly distances: GapFit } {
  const cv = Math.sqrt(Math.max(0, gaps.sum((gap) => (gap - 1) ** 2) / gaps.count));
  const empirical: GapModel = { family: 'empirical', quantiles: tableOf(gaps) };
  const poisson: GapModel = { family: 'poisson' };
  const candidates: GapModel[] = [poisson];
  // A CV near 0 is a clock, which no gamma of a usable shape describes.
  if (cv > 0.01) candidates.push({ family: 'gamma', shape: 1 / cv ** 2 });
  if (cv > 1) {
    const share = (1 + Math.sqrt((cv ** 2 - 1) / (cv ** 2 + 1))) / 2;
    candidates.push({
      family: 'on_off',
      short_share: share,
      short_mean: 1 / (2 * share),
      long_mean: 1 / (2 * (1 - share)),
    });
  }
  const measured = candidates.map((model) => ({ model, distance: distance(gaps, model) }));
  const distances = Object.fromEntries(measured.map(({ model, distance }) => [model.family, distance]));
  // The limiting 5 % point of the Kolmogorov distribution.
  const isPoisson = (measured[0]?.distance ?? 1) * Math.sqrt(gaps.count) < 1.358;
  const [closest] = measured.toSorted((a, b) => a.distance - b.distance);
  const isClose = closest !== undefined && closest.distance <= CLOSE;
  return { model: isPoisson ? poisson : isClose ? closest.model : empirical, distances };
}

/** The greatest difference between the cumulative distributions of gaps and model (Kolmogorov 1933). */
function distance(gaps: Distribution, model: GapModel): number {
  const cumulative = cumulativeOf(model);
  const stride = Math.ceil(gaps.count / MOST_VALUES);
  let greatest = 0;
  let nextAt = 0;
  for (const { value, below, upTo } of gaps.steps()) {
    if (upTo * gaps.count < nextAt) continue;
    nextAt = upTo * gaps.count + stride;
    const expected = cumulative(value);
    greatest = Math.max(greatest, Math.abs(expected - below), Math.abs(upTo - expected));
  }
  return greatest;
}

function cumulativeOf(model: GapModel): (gap: number) => number {
  switch (model.family) {
    case 'poisson':
      return (gap) => -Math.expm1(-gap);
    case 'gamma':
      return (gap) => jStat.gamma.cdf(gap, model.shape, 1 / model.shape);
    case 'on_off':
      return (gap) =>
        -model.short_share * Math.expm1(-gap / model.short_mean) -
        (1 - model.short_share) * Math.expm1(-gap / model.long_mean);
    case 'empirical':
      throw new Error('the measured gaps are not compared with themselves');
  }
}

/** Draws gaps whose mean is 1. */
export function gapSource(model: GapModel, random: Random): () => number {
  const exponential = () => -Math.log1p(-random.uniform());
  switch (model.family) {
    case 'poisson':
      return exponential;
    case 'gamma':
      return randomGamma.source(random.uniform)(model.shape, 1 / model.shape);
    case 'on_off':
      return () =>
        exponential() * (random.uniform() < model.short_share ? model.short_mean : model.long_mean);
    case 'empirical': {
      // The mean of a table differs a little from that of the gaps.
      const mean = tableMean(model.quantiles);
      return () => tableQuantile(model.quantiles, random.uniform()) / mean;
    }
  }
}
