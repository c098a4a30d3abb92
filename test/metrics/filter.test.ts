import { describe, expect, it } from 'vitest';
import { parseFilter, passes } from '../../src/metrics/filter.js';
import { UserError } from '../../src/util/errors.js';

describe('--where', () => {
  const values: Readonly<Record<string, number | bigint>> = {
    isl: 8000,
    turn_index: 0,
    request_start_ns: 1_795_513_936_484_103_925n,
    small_ns: 5n,
    tpot: -0.5,
  };
  it.each([
    ['isl > 8000', false],
    ['turn_index = false', true],
    ['turn_index = TRUE', false],
    ['isl>=8000', true],
    ['isl < 8000.5', true],
    ['isl <= 7999', false],
    ['isl = 8e3', true],
    ['isl == 8000', true],
    ['isl != 8000', false],
    ['tpot<-.25', true],
    ['isl > 5 and turn_index = 0', true],
    ['isl > 5 AND turn_index=1', false],
    ['isl > 5 and turn_index = 0 and tpot > 0', false],
    // Beyond 2^53: the neighbour is another number.
    ['request_start_ns = 1795513936484103925', true],
    ['request_start_ns = 1795513936484103924', false],
    ['request_start_ns < 1795513936484103926', true],
    ['small_ns = 5', true],
    ['small_ns > 4.5', true],
    // What is not there meets nothing.
    ['nothing = 0', false],
    ['nothing != 0', false],
  ])('%s: %s', (text, expected) => {
    expect(passes(parseFilter(text), (name) => values[name])).toBe(expected);
  });

  it.each([
    ['', "--where: at column 1 of '' it ends; expected the name of a metric or of a number in the metadata."],
    ['isl', "--where: at column 4 of 'isl' it ends; expected one of < <= > >= = !=."],
    ['isl >', "--where: at column 6 of 'isl >' it ends; expected a number, true or false."],
    ['isl > x', "--where: at column 7 of 'isl > x' there is 'x'; expected a number, true or false."],
    ['isl => 5', "--where: at column 5 of 'isl => 5' there is '=>'; expected one of < <= > >= = !=."],
    [
      'isl > 5 or osl > 3',
      "--where: at column 9 of 'isl > 5 or osl > 3' there is 'or'; expected 'and', or the end.",
    ],
    [
      'isl > 5 and',
      "--where: at column 12 of 'isl > 5 and' it ends; expected the name of a metric or of a number in the metadata.",
    ],
    [
      '5 < isl',
      "--where: at column 1 of '5 < isl' there is '5'; expected the name of a metric or of a number in the metadata.",
    ],
  ])('%s is refused with its place', (text, message) => {
    let thrown: unknown;
    try {
      parseFilter(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UserError);
    expect(thrown instanceof UserError && thrown.message).toBe(message);
  });
});
