import { expect, it } from 'vitest';
import { QuantileSketch } from '../../src/util/quantile-sketch.js';

const bucket = 2 ** (1 / 16);

it('counts by weight; quantiles are at most a sixteenth of a doubling too large', () => {
  const sketch = new QuantileSketch();
  sketch.add(1000, 98);
  sketch.add(1_000_000, 2);
  const { p50, p99, max } = sketch.spread;
  expect(p50).toBeGreaterThanOrEqual(1000);
  expect(p50).toBeLessThan(1000 * bucket);
  expect(p99).toBe(1_000_000);
  expect(max).toBe(1_000_000);
});

it('is all zero without a value', () => {
  const sketch = new QuantileSketch();
  expect(sketch.isEmpty).toBe(true);
  expect(sketch.spread).toEqual({ p50: 0, p99: 0, max: 0 });
});

it('two of them make that of all values', () => {
  const [one, other, all] = [new QuantileSketch(), new QuantileSketch(), new QuantileSketch()];
  for (let ns = 1; ns <= 1000; ns++) {
    (ns % 3 === 0 ? one : other).add(ns);
    all.add(ns);
  }
  one.addAll(other);
  for (const share of [0.1, 0.5, 0.9, 0.99, 1]) {
    expect(one.quantile(share)).toBe(all.quantile(share));
    expect(one.quantile(share)).toBeGreaterThanOrEqual(share * 1000);
    expect(one.quantile(share)).toBeLessThan(share * 1000 * bucket);
  }
});
