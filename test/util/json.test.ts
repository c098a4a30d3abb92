import { describe, expect, it } from 'vitest';
import { holdsMoreThan, isDeeperThan, type Json, refuseHugeJson } from '../../src/util/json.js';

describe('isDeeperThan', () => {
  it.each<[Json, number, boolean]>([
    ['a', 0, false],
    [[], 0, true],
    [[], 1, false],
    [{ a: [1, { b: 'c' }] }, 3, false],
    [{ a: [1, { b: 'c' }] }, 2, true],
    [{ a: 1, b: [[]] }, 2, true],
  ])('%j is nested more than %i levels deep: %s', (value, levels, deeper) => {
    expect(isDeeperThan(value, levels)).toBe(deeper);
  });

  it('looks no deeper than it must', () => {
    expect(isDeeperThan(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)), 200)).toBe(true);
  });
});

describe('holdsMoreThan', () => {
  it.each<[Json, number, boolean]>([
    ['a', 0, false],
    [[], 0, false],
    [[1, 2], 1, true],
    [{ a: [1, { b: 'c' }] }, 4, false],
    [{ a: [1, { b: 'c' }] }, 3, true],
  ])('%j holds more than %i keys and items: %s', (value, most, more) => {
    expect(holdsMoreThan(value, most)).toBe(more);
  });
});

describe('refuseHugeJson', () => {
  const listed = (count: number, item: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => item(i)).join();
  /** Other than keys and short texts, and longer than what is looked at. */
  const filler = `"${'x'.repeat(2 ** 22)}"`;

  it.each([
    ['keys', `{"a":${filler},${listed(600_000, (i) => `"\\"${i}" \n: 1`)}}`],
    ['keys in objects of their own', `[${filler},${listed(600_000, (i) => `{"a long name ${i}":1}`)}]`],
    ['short texts', `[${filler},${listed(600_000, (i) => `"${i}"`)}]`],
  ])('refuses half a million different %s', (_, text) => {
    expect(() => JSON.parse(text)).not.toThrow();
    expect(() => refuseHugeJson(text)).toThrow(
      'it holds JSON of more than 500000 different keys and short texts',
    );
  });

  it.each([
    ['different keys', `{"a":${filler},${listed(490_000, (i) => `"${i}":1`)}}`],
    ['the same keys', `[${filler},${listed(1_000_000, () => '{"token":"a","bytes":"b"}')}]`],
    ['different long texts', `[${filler},${listed(600_000, (i) => `"a longer text ${i}"`)}]`],
  ])('takes many %s', (_, text) => {
    expect(() => refuseHugeJson(text)).not.toThrow();
  });

  it.each(['['.repeat(2 ** 22 + 1), `[${'{},'.repeat(2 ** 22)}{}]`])('refuses too many values', (text) => {
    expect(() => refuseHugeJson(text)).toThrow('it holds JSON of more than 4194304 arrays and objects');
  });

  it.each(['['.repeat(2 ** 22), `[${'1,'.repeat(2 ** 22)}1]`, `"${'x'.repeat(2 ** 23)}"`])(
    'takes as many as that, and any number of others',
    (text) => {
      expect(() => refuseHugeJson(text)).not.toThrow();
    },
  );
});
