import { expect, it } from 'vitest';
import { isNarrow, textWidth } from '../../src/util/text-width.js';

it.each([
  ['plain', 5, true],
  ['│ 1,234 … ±', 11, true],
  ['日本', 4, false],
  ['soft\u00adhyphen', 10, false],
  ['◾', 2, false],
  ['\u001b[31mred\u001b[39m', 3, false],
])('%j takes %d columns', (text, columns, narrow) => {
  expect([textWidth(text), isNarrow(text)]).toEqual([columns, narrow]);
});
