import { describe, expect, it } from 'vitest';
import { inexactIntegers } from '../../src/util/json-text.js';

describe('integers of a JSON text that a double would round', () => {
  it.each([
    ['[9007199254740991]', []],
    ['[9007199254740992]', [['9007199254740992', 1]]],
    ['[-9007199254740993]', [['-9007199254740993', 1]]],
    [
      '{"a":18446744073709551615,"b":[1,12345678901234567890]}',
      [
        ['18446744073709551615', 5],
        ['12345678901234567890', 33],
      ],
    ],
    ['{"a":"18446744073709551615","b":1.8446744073709551615,"c":18446744073709551615e0}', []],
    ['{"a\\"18446744073709551615":1}', []],
    ['123456789012345', []],
  ])('%s', (text, found) => {
    expect(inexactIntegers(text).map(({ digits, index }) => [digits, index])).toEqual(found);
  });

  it('are found wherever they begin', () => {
    for (let before = 0; before < 40; before++) {
      const text = `["${'x'.repeat(before)}", 9007199254740993]`;
      expect(inexactIntegers(text)).toEqual([{ digits: '9007199254740993', index: before + 5 }]);
    }
  });
});
