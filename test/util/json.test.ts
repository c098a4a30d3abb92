import { describe, expect, it } from 'vitest';
import { isDeeperThan, type Json, refuseHugeJson } from '../../src/util/json.js';

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

describe('refuseHugeJson', () => {
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
