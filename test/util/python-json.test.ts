import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Float, prettyJson, pythonFloat } from '../../src/util/python-json.js';

// What Python 3.11's json.dumps prints.
test.each([
  [0, '0.0'],
  [-0, '-0.0'],
  [330, '330.0'],
  [57.509812999999994, '57.509812999999994'],
  [57.509813, '57.509813'],
  [57.5, '57.5'],
  [0.000101, '0.000101'],
  [12.00001, '12.00001'],
  [999999999.999999, '999999999.999999'],
  [1234567890.123457, '1234567890.123457'],
  [1e-7, '1e-07'],
  [1.5e-5, '1.5e-05'],
  [0.0001, '0.0001'],
  [0.00012345, '0.00012345'],
  [-2.5e-10, '-2.5e-10'],
  [1e15, '1000000000000000.0'],
  [9999999999999998, '9999999999999998.0'],
  [1e16, '1e+16'],
  [123456789012345680, '1.2345678901234568e+17'],
  [1e22, '1e+22'],
  [Number.MAX_VALUE, '1.7976931348623157e+308'],
  [Number.MIN_VALUE, '5e-324'],
])('%d', (value, text) => {
  expect(pythonFloat(value)).toBe(text);
});

test('reads back as the same double', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Number(pythonFloat(value))).toBe(value);
      expect(pythonFloat(value)).toMatch(/^-?\d+(\.\d+)?(e[+-]\d{2,})?$/);
    }),
  );
});

test('writes whole nanoseconds in ms as any other number', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 2 ** 52 }), (nanoseconds) => {
      const value = nanoseconds / 1e6;
      expect(pythonFloat(value)).toBe(Number.isInteger(value) ? `${value}.0` : `${value}`);
    }),
  );
});

test('pretty JSON: two spaces, floats and exact integers, undefined members left out', () => {
  const value = {
    text: 'a "b"\n é',
    whole: 3,
    float: new Float(3),
    epoch: 1_767_225_600_000_000_001n,
    nothing: null,
    absent: undefined,
    list: [1, { deep: true }],
    emptyList: [],
    emptyObject: {},
  };
  expect(prettyJson(value)).toBe(`{
  "text": "a \\"b\\"\\n é",
  "whole": 3,
  "float": 3.0,
  "epoch": 1767225600000000001,
  "nothing": null,
  "list": [
    1,
    {
      "deep": true
    }
  ],
  "emptyList": [],
  "emptyObject": {}
}`);
});
