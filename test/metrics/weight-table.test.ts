import { expect, test } from 'vitest';
import { WeightTable } from '../../src/metrics/weight-table.js';

test('the first value up to which the values weigh enough, by hand', () => {
  const table = new WeightTable();
  table.add(30, 1);
  table.add(10, 2);
  table.add(20, 3);
  table.add(10, 2);
  // 10 weighs 4, 20 and below 7, 30 and below 8.
  expect([0, 4, 4.5, 7, 7.5, 8].map((weight) => table.valueAt(weight))).toEqual([10, 10, 20, 20, 30, 30]);
  // A sum that was rounded up asks for more than there is.
  expect(table.valueAt(8.000001)).toBe(30);
});

test('an empty table has no value', () => {
  expect(new WeightTable().valueAt(1)).toBeUndefined();
});

test('thousands of values, each several times, agree with sorting them', () => {
  const table = new WeightTable();
  const weights = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    // 5003 is prime: four rounds through all values, in mixed order.
    const value = ((i * 777) % 5003) / 7;
    const weight = 1 + (i % 11);
    table.add(value, weight);
    weights.set(value, (weights.get(value) ?? 0) + weight);
  }
  const ascending = [...weights].sort(([a], [b]) => a - b);
  let sum = 0;
  const wrong: number[] = [];
  for (const [place, [value, weight]] of ascending.entries()) {
    sum += weight;
    if (place % 50 > 0) continue;
    if (table.valueAt(sum) !== value || table.valueAt(sum - weight + 0.5) !== value) wrong.push(value);
  }
  expect(ascending).toHaveLength(5003);
  expect(wrong).toEqual([]);
});
