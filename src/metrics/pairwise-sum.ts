// Longest range that is added up in one go.
const BLOCK = 128;

/**
 * Sum of a range in the order in which NumPy adds (halves, and eight running sums within 128 values), so that the
 * result is equal to the last digit.
 */
export function pairwiseSum(values: Float64Array, from = 0, to = values.length): number {
  const count = to - from;
  if (count > BLOCK) {
    const half = Math.floor(count / 2);
    const middle = from + half - (half % 8);
    return pairwiseSum(values, from, middle) + pairwiseSum(values, middle, to);
  }
  if (count < 8) return inOrder(values, from, to, 0);
  const eights = to - (count % 8);
  const sums = values.slice(from, from + 8);
  for (let i = from + 8; i < eights; i++) {
    const lane = (i - from) % 8;
    sums[lane] = (sums[lane] ?? 0) + (values[i] ?? 0);
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = sums;
  return inOrder(values, eights, to, a + b + (c + d) + (e + f + (g + h)));
}

function inOrder(values: Float64Array, from: number, to: number, start: number): number {
  let sum = start;
  for (let i = from; i < to; i++) sum += values[i] ?? 0;
  return sum;
}

/** Mean of values, to the last digit as NumPy. */
export function pairwiseMean(values: Float64Array): number {
  return pairwiseSum(values) / values.length;
}

/** Standard deviation of a sample (divided by n - 1), to the last digit as NumPy; 0 for fewer than two values. */
export function sampleDeviation(values: Float64Array): number {
  return values.length < 2 ? 0 : Math.sqrt(sampleVariance(values));
}

/** Variance of a sample of two or more values (divided by n - 1), to the last digit as NumPy. */
export function sampleVariance(values: Float64Array): number {
  const mean = pairwiseMean(values);
  return pairwiseSum(values.map((value) => (value - mean) * (value - mean))) / (values.length - 1);
}
