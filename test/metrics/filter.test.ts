import { describe, expect, it } from 'vitest';
import { metricTag } from '../../src/metrics/abbreviations.js';
import { comparisonsIn, parseFilter, passes } from '../../src/metrics/filter.js';
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
    ['not nothing = 0', false],
    ['not (nothing = 0 and isl > 9000)', true],
    ['not (nothing = 0 or isl > 9000)', false],
    ['nothing = 0 or isl = 8000', true],
    ['isl = 8_000', true],
    ['request_start_ns = 1_795_513_936_484_103_925', true],
    // not before and, and before or: (false and false) or true; true or (true and false).
    ['isl < 5 and turn_index = 1 or tpot < 0', true],
    ['tpot < 0 or isl > 5 and turn_index = 1', true],
    ['(tpot < 0 or isl > 5) and turn_index = 1', false],
    ['not isl < 5 and turn_index = 1', false],
    ['not (isl < 5 and turn_index = 1)', true],
    ['NOT isl > 5 OR NOT turn_index = 1', true],
    ['not not isl > 5', true],
    ['((isl>5)and(not(turn_index=1)))', true],
  ])('%s: %s', (text, expected) => {
    expect(passes(parseFilter(text), (name) => values[name])).toBe(expected);
  });

  it('knows names by their abbreviations', () => {
    const filter = parseFilter('TTFT > 5 or Isl < 3', metricTag);
    expect(comparisonsIn(filter).map(({ name }) => name)).toEqual([
      'time_to_first_token',
      'input_sequence_length',
    ]);
  });

  it.each([
    ['', "--where: at column 1 of '' it ends; expected the name of a metric or of a number in the metadata."],
    ['isl', "--where: at column 4 of 'isl' it ends; expected one of < <= > >= = !=."],
    ['isl >', "--where: at column 6 of 'isl >' it ends; expected a number, true or false."],
    ['isl > x', "--where: at column 7 of 'isl > x' there is 'x'; expected a number, true or false."],
    ['isl => 5', "--where: at column 5 of 'isl => 5' there is '=>'; expected one of < <= > >= = !=."],
    [
      'isl > 5 xor',
      "--where: at column 9 of 'isl > 5 xor' there is 'xor'; expected 'and', 'or', or the end.",
    ],
    ['(isl > 5', "--where: at column 9 of '(isl > 5' it ends; expected 'and', 'or' or ')'."],
    ['isl > 5)', "--where: at column 8 of 'isl > 5)' there is ')'; expected 'and', 'or', or the end."],
    [
      'not',
      "--where: at column 4 of 'not' it ends; expected the name of a metric or of a number in the metadata.",
    ],
    [
      'isl > 5 or or osl > 3',
      "--where: at column 12 of 'isl > 5 or or osl > 3' there is 'or'; expected the name of a metric or of a number in the metadata.",
    ],
    ['('.repeat(100_000), '--where: it is nested too deeply: at most 100 levels are read.'],
    ['not '.repeat(100_000), '--where: it is nested too deeply: at most 100 levels are read.'],
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
