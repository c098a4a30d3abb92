import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { pad, wrap } from '../../src/report/wrap.js';

test.each([
  ['fits', 4, ['fits']],
  ['one two three', 7, ['one two', 'three']],
  ['  - indented text goes on', 14, ['  - indented', '  text goes on']],
  ['abcdefgh', 3, ['abc', 'def', 'gh']],
  ['ab cdefghij', 4, ['ab', 'cdef', 'ghij']],
  ['two\nlines', 9, ['two', 'lines']],
  ['日本語文字', 5, ['日本', '語文', '字']],
  ['tab\tbell\u0007\u001b[31mred', 40, ['tab bell red']],
  ['', 5, ['']],
])('%j at %d columns', (text, width, lines) => {
  expect(wrap(text, width)).toEqual(lines);
});

test.each([
  ['   Reason: one two three four', 24, 11, ['   Reason: one two three', '           four']],
  ['- abcdefghij', 8, 2, ['-', '  abcdef', '  ghij']],
  // No room for text beside it: the line's own indentation, or none.
  ['  - one two three', 9, 6, ['  - one', '  two', '  three']],
  ['     one two', 9, 6, ['one two']],
])('%j at %d columns, going on at %d', (text, width, hang, lines) => {
  expect(wrap(text, width, hang)).toEqual(lines);
});

test('no line is wider than asked, and no letter is lost', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '日', '👩‍🚀', '\n'), maxLength: 80 });
  fc.assert(
    fc.property(texts, fc.integer({ min: 2, max: 30 }), (text, width) => {
      const lines = wrap(text, width);
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replace(/[ \n]/g, ''));
    }),
  );
});

test('padding counts columns, not characters', () => {
  expect([
    pad('日本', 6, 'right'),
    pad('ab', 5, 'center'),
    pad('ab', 4, 'left'),
    pad('abc', 2, 'left'),
  ]).toEqual(['  日本', ' ab  ', 'ab  ', 'abc']);
});
