import type { Random } from '../util/random.js';

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
