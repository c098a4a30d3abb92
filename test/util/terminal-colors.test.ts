import { expect, it } from 'vitest';
import { allowsColors } from '../../src/util/terminal-colors.js';

it('writes colours only to a terminal that shows them, unless NO_COLOR is set', () => {
  const terminal = { isTTY: true };
  expect(allowsColors(terminal, { TERM: 'xterm' })).toBe(true);
  expect(allowsColors(terminal, {})).toBe(true);
  expect(allowsColors(terminal, { TERM: 'dumb' })).toBe(false);
  expect(allowsColors(terminal, { NO_COLOR: '1' })).toBe(false);
  expect(allowsColors({}, { TERM: 'xterm' })).toBe(false);
});
