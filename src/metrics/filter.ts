import { UserError } from '../util/errors.js';

const operators = ['<=', '>=', '==', '!=', '<', '>', '='] as const;
type Operator = (typeof operators)[number];

/** A name compared with a number. */
interface Comparison {
  readonly name: string;
  /** Where the name stands, from 1. */
  readonly column: number;
  readonly operator: Operator;
  /** Integers that a double does not hold exactly, such as epochs in ns, are bigints. */
  readonly number: number | bigint;
}

/** Comparisons that must all hold. */
export type Filter = readonly Comparison[];

interface Token {
  readonly text: string;
  readonly column: number;
}

/**
 * Reads comparisons joined by `and`: `input_sequence_length > 8000 and turn_index = 0`.
 * @throws UserError with the place of what is not one.
 */
export function parseFilter(text: string): Filter {
  const tokens = tokensOf(text);
  const filter: Comparison[] = [];
  let at = 0;
  const take = (expected: string, is: (token: string) => boolean): Token => {
    const token = tokens[at];
    if (token === undefined || !is(token.text)) throw unreadable(expected, token, text);
    at++;
    return token;
  };
  do {
    const name = take('the name of a metric or of a number in the metadata', isName);
    const operator = take('one of < <= > >= = !=', isOperator).text;
    const number = take('a number, true or false', isNumber).text;
    if (!isOperator(operator)) throw new Error(`${operator} was taken for an operator`);
    filter.push({ name: name.text, column: name.column, operator, number: numberOf(number) });
  } while (tokens[at] !== undefined && take("'and', or the end", isAnd));
  return filter;
}

/** @param numberNamed the value of a name; a comparison with what is not there does not hold. */
export function passes(filter: Filter, numberNamed: (name: string) => number | bigint | undefined): boolean {
  return filter.every(({ name, operator, number }) => {
    const value = numberNamed(name);
    return value !== undefined && holds(value, operator, number);
  });
}

function holds(value: number | bigint, operator: Operator, number: number | bigint): boolean {
  // Only these compare bigints with numbers exactly, and lint knows no other way to say that they are equal.
  const isLess = value < number;
  const isMore = value > number;
  switch (operator) {
    case '<':
      return isLess;
    case '<=':
      return !isMore;
    case '>':
      return isMore;
    case '>=':
      return !isLess;
    case '!=':
      return isLess || isMore;
    case '=':
    case '==':
      return !isLess && !isMore;
  }
}

function tokensOf(text: string): Token[] {
  return [...text.matchAll(/[<>=!]+|[^\s<>=!]+/g)].map((match) => ({
    text: match[0],
    column: match.index + 1,
  }));
}

function isName(token: string): boolean {
  return /^[a-z_][\w.]*$/i.test(token) && !isAnd(token);
}

function isOperator(token: string): token is Operator {
  return operators.some((operator) => operator === token);
}

function isNumber(token: string): boolean {
  return /^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|true|false)$/i.test(token);
}

function isAnd(token: string): boolean {
  return /^and$/i.test(token);
}

function numberOf(token: string): number | bigint {
  if (/^[tf]/i.test(token)) return /^t/i.test(token) ? 1 : 0;
  const number = Number(token);
  return /^[+-]?\d+$/.test(token) && !Number.isSafeInteger(number) ? BigInt(token) : number;
}

function unreadable(expected: string, token: Token | undefined, text: string): UserError {
  const found = token === undefined ? 'it ends' : `there is '${token.text}'`;
  return new UserError(
    `--where: at column ${token?.column ?? text.length + 1} of '${text}' ${found}; expected ${expected}.`,
    "Comparisons are joined by 'and', e.g. --where 'input_sequence_length > 8000 and turn_index = 0'.",
  );
}
