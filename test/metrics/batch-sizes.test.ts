import { describe, expect, it } from 'vitest';
import { BatchSizes } from '../../src/metrics/batch-sizes.js';

const ms = (value: number) => value * 1e6;

describe('latency by batch size', () => {
  it('has a row for each size, with the rate of items within its requests', () => {
    const sizes = new BatchSizes();
    for (const [items, latency] of [
      [8, 40],
      [1, 10],
      [1, 20],
      [8, 60],
      [1, 30],
    ] as const)
      sizes.add(items, ms(latency));
    const [one, eight, ...others] = sizes.rows();
    expect(others).toEqual([]);
    // 3 items in 10 + 20 + 30 ms; 16 in 40 + 60 ms.
    expect(one).toMatchObject({ from: 1, to: 1, latency: { count: 3, avg: 20, p50: 20, max: 30 } });
    expect(one?.itemsPerSecond).toBeCloseTo(50, 9);
    expect(eight).toMatchObject({ from: 8, to: 8, latency: { count: 2, avg: 50, p50: 50, max: 60 } });
    expect(eight?.itemsPerSecond).toBeCloseTo(160, 9);
  });

  it('joins sizes between powers of two where there are many', () => {
    const sizes = new BatchSizes();
    for (let items = 1; items <= 20; items++) sizes.add(items, ms(10));
    expect(sizes.rows().map(({ from, to, latency }) => [from, to, latency.count])).toEqual([
      [1, 1, 1],
      [2, 3, 2],
      [4, 7, 4],
      [8, 15, 8],
      [16, 20, 5],
    ]);
  });

  it('has nothing to say of equal sizes', () => {
    const sizes = new BatchSizes();
    expect(sizes.rows()).toEqual([]);
    sizes.add(4, ms(1));
    sizes.add(4, ms(2));
    expect(sizes.rows()).toEqual([]);
  });
});
