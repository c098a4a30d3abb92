import type { Random } from '../util/random.js';

/**
 * A whole number of tokens, turns or milliseconds: normal around `mean`, never below 1. Without a deviation the
 * rounded mean; else a draw, drawn again while negative, rounded up.
 */
export function sampleLength(mean: number, stddev: number, random: Random): number {
  if (stddev <= 0) return Math.max(1, Math.round(mean));
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const drawn = random.normal(mean, stddev);
    if (drawn >= 0) return Math.max(1, Math.ceil(drawn));
  }
  return Math.max(1, Math.ceil(mean));
}
