import { describe, expect, it } from 'vitest';
import { cut, cutAndCounted } from '../../src/util/cut.js';

describe('a text that is cut', () => {
  it.each([
    ['abc', 3, 'abc', 'abc'],
    ['abcd', 3, 'abc…', 'abc… (1 more characters)'],
    ['', 0, '', ''],
    [`a${'b'.repeat(1234)}`, 1, 'a…', 'a… (1,234 more characters)'],
    // The second half of the emoji would be cut off.
    ['ab😀', 3, 'ab…', 'ab… (2 more characters)'],
    ['ab😀c', 4, 'ab😀…', 'ab😀… (1 more characters)'],
  ])('%j at %d', (text, most, short, counted) => {
    expect([cut(text, most), cutAndCounted(text, most)]).toEqual([short, counted]);
  });
});
