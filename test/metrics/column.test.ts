import { describe, expect, test } from 'vitest';
import { Column, ListColumn, SortBuffer } from '../../src/metrics/column.js';
import { copyPresent, pack, packedAt } from '../../src/metrics/packed.js';

const buffer = new SortBuffer();
const none = Number.NaN;

describe('packed numbers are what they were', () => {
  test.each<[string, number[]]>([
    ['all equal', [7, 7, 7]],
    ['none', [none, none]],
    ['whole, 254 apart at most', [1e15, none, 1e15 + 254, 1e15 + 1]],
    ['255 apart: two bytes', [-100, 155, none]],
    ['65,534 apart at most', [65_534, 0, none]],
    ['65,535 apart: four bytes', [0, 65_535, none]],
    ['2^32 - 2 apart at most', [5, 2 ** 32 + 3, none]],
    ['2^32 - 1 apart: as they are', [5, 2 ** 32 + 4, none]],
    ['not whole', [0.1, none, 1e300, -0.1]],
    ['infinite', [Number.POSITIVE_INFINITY, 1]],
    ['beyond what a double counts in ones', [2 ** 53, 2 ** 53 + 2, none]],
  ])('%s', (_, numbers) => {
    const packed = pack(Float64Array.from(numbers));
    expect(numbers.map((_number, place) => packedAt(packed, place))).toEqual(numbers);
    const target = new Float64Array(numbers.length + 1).fill(-1);
    const present = numbers.filter((number) => !Number.isNaN(number));
    expect(copyPresent(packed, target, 1)).toBe(present.length + 1);
    expect(Array.from(target.subarray(1, present.length + 1))).toEqual(present);
  });
});

// 50,000 rows are three packed chunks and a newest one; every third row has no value.
const rows = Array.from({ length: 50_000 }, (_, row) => row);
const has = (row: number) => row % 3 !== 1;

describe.each<[string, (row: number) => number]>([
  ['whole numbers', (row) => (row * 7919) % 50_000],
  ['fractions', (row) => ((row * 7919) % 50_000) / 8],
  ['some negative', (row) => ((row * 7919) % 50_000) - 100],
])('a column of %s', (_, numberOf) => {
  const column = new Column();
  for (const row of rows) if (has(row)) column.set(row, numberOf(row));
  const values = rows.filter(has).map(numberOf);
  const ascending = (some: number[]) => [...some].sort((a, b) => a - b);

  test('holds each value at its row', () => {
    expect(rows.every((row) => Object.is(column.at(row), has(row) ? numberOf(row) : none))).toBe(true);
    expect(column.at(50_001)).toBeNaN();
    expect(column.count).toBe(values.length);
  });

  test('sorts all, and those of some rows', () => {
    expect(Array.from(column.sorted(undefined, buffer))).toEqual(ascending(values));
    const some = [0, 1, 2, 16_383, 16_384, 40_000, 49_999];
    expect(Array.from(column.sorted(Int32Array.from(some), buffer))).toEqual(
      ascending(some.filter(has).map(numberOf)),
    );
    expect(column.sorted(new Int32Array(), buffer)).toHaveLength(0);
  });

  test('adds up all, and those of some rows', () => {
    const sum = (some: number[]) => some.reduce((total, value) => total + value, 0);
    expect(column.total(undefined)).toBe(sum(values));
    expect(column.total(Int32Array.of(0, 1, 40_001))).toBe(numberOf(0) + numberOf(40_001));
    expect(column.total(Int32Array.of(1))).toBeUndefined();
  });
});

test('an empty column', () => {
  const column = new Column();
  expect([column.count, column.total(undefined)]).toEqual([0, undefined]);
  expect(column.at(0)).toBeNaN();
  expect(column.sorted(undefined, buffer)).toHaveLength(0);
});

test('rows that are left out by the thousand', () => {
  const column = new Column();
  column.set(5, 1);
  column.set(100_000, 2);
  expect([column.at(5), column.at(6), column.at(50_000), column.at(100_000)]).toEqual([1, none, none, 2]);
  expect(Array.from(column.sorted(undefined, buffer))).toEqual([1, 2]);
});

test('lists: each row has its own, and all are sorted together', () => {
  const lists = new ListColumn();
  for (let row = 0; row < 20_000; row++) {
    if (row % 2 === 0) lists.set(row, Float64Array.of(row, 2 * row, 3 * row));
  }
  lists.set(20_001, new Float64Array());
  expect([...lists.at(10)]).toEqual([10, 20, 30]);
  expect([...lists.at(19_998)]).toEqual([19_998, 39_996, 59_994]);
  for (const row of [11, 20_001, 30_000]) expect(lists.at(row)).toHaveLength(0);
  expect([...lists.sorted(Int32Array.of(4, 5, 6), buffer)]).toEqual([4, 6, 8, 12, 12, 18]);
  const all = lists.sorted(undefined, buffer);
  expect([all.length, all[0], all.at(-1)]).toEqual([30_000, 0, 59_994]);
});
