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

it('travels as plain data, and knows what was added since', () => {
  const sketch = new QuantileSketch();
  // Buckets of 2 ** (n / 16) ns: 1 ns is in bucket 0, 1000 ns in 159 (1000 = 2 ** (159.45 / 16)).
  sketch.add(1, 3);
  sketch.add(1_000_000);
  const earlier = sketch.state;
  sketch.add(1000, 2);
  expect(sketch.state).toEqual({ max: 1_000_000, buckets: [0, 3, 159, 2, 318, 1] });
  expect(QuantileSketch.of(sketch.state).spread).toEqual(sketch.spread);
  const later = sketch.since(earlier);
  expect(later.state).toEqual({ max: 2 ** 10, buckets: [159, 2] });
  expect(sketch.since(sketch.state).isEmpty).toBe(true);
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
