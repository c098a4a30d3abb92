import type { Length, LengthPair } from '../config/length-mix.js';
import { type Random, randomStreams } from '../util/random.js';

/**
 * A positive integer count of tokens, turns or milliseconds, drawn from a normal distribution around `mean`. Without a
 * deviation it is the rounded mean; otherwise negative draws are repeated and the result is rounded up. At least 1.
 */
export function sampleLength(mean: number, stddev: number, random: Random): number {
  if (stddev <= 0) return Math.max(1, Math.round(mean));
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const drawn = random.normal(mean, stddev);
    if (drawn >= 0) return Math.max(1, Math.ceil(drawn));
  }
  return Math.max(1, Math.ceil(mean));
}

/** A positive integer drawn from a distribution of lengths. */
export function drawLength(length: Length, random: Random): number {
  switch (length.kind) {
    case 'normal':
      return sampleLength(length.mean, length.stddev, random);
    case 'uniform':
      return length.low + random.integer(length.high - length.low + 1);
    case 'lognormal': {
      // Of a log-normal, the median is exp(mu) and the mean exp(mu + sigma^2 / 2).
      const { mean, median } = length;
      const sigma = Math.sqrt(2 * Math.log(mean / median));
      return Math.max(1, Math.round(Math.exp(random.normal(Math.log(median), sigma))));
    }
  }
}

/** The mean of a distribution of lengths. */
export function meanOf(length: Length): number {
  return length.kind === 'uniform' ? (length.low + length.high) / 2 : length.mean;
}

/** What turn `number` draws its lengths from: one of the pairs, by their weights; its output length is drawn already. */
export function openPairs(
  pairs: readonly LengthPair[],
  seed: number,
): (number: number) => { readonly isl: Length; readonly maxTokens: number } {
  const streams = randomStreams(seed, 'length-pair');
  let sum = 0;
  const upTo = Float64Array.from(pairs, ({ weight }) => {
    sum += weight;
    return sum;
  });
  return (number) => {
    const random = streams(number);
    const { isl, osl } = pairs[firstAbove(upTo, random.uniform() * sum)] ?? onlyZeros();
    return { isl, maxTokens: drawLength(osl, random) };
  };
}

function onlyZeros(): never {
  throw new Error('a mix of lengths without weight');
}

/** Index of the first of ascending values above one. */
function firstAbove(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
