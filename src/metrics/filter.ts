import { UserError } from '../util/errors.js';
import { decimalIn } from '../util/numerals.js';

const operators = ['<=', '>=', '==', '!=', '<', '>', '='] as const;
type Operator = (typeof operators)[number];

/** A name compared with a number. */
interface Comparison {
  readonly kind: 'comparison';
  readonly name: string;
  /** Position of the name, from 1. */
  readonly column: number;
  readonly operator: Operator;
  /** Integers that a double does not hold exactly, such as epochs in ns, are bigints. */
  readonly number: number | bigint;
}

/** A condition on one request. */
export type Filter =
  | Comparison
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter };

/** Holds for every request. */
export const everything: Filter = { kind: 'and', parts: [] };

interface Token {
  readonly text: string;
  readonly column: number;
}

/** Parentheses and `not` within each other. */
const MAX_LEVELS = 100;

/**
 * Reads comparisons joined by `not`, `and` and `or`, which bind in this order, and parentheses:
 * `isl > 8000 and (turn_index = 0 or not osl < 10)`.
 * @param nameFor the full name of a word, where it is an abbreviation.
 * @throws UserError with the place of what cannot be read.
 */
export function parseFilter(text: string, nameFor: (word: string) => string = (word) => word): Filter {
  const tokens = tokensOf(text);
  let at = 0;
  const isNext = (word: string) => tokens[at]?.text.toLowerCase() === word;
  const take = (expected: string, is: (token: string) => boolean): Token => {
    const token = tokens[at];
    if (token === undefined || !is(token.text)) throw unreadable(expected, token, text);
    at++;
    return token;
  };
  const joined = (kind: 'and' | 'or', level: number, part: (level: number) => Filter): Filter => {
    const first = part(level);
    if (!isNext(kind)) return first;
    const parts = [first];
    while (isNext(kind)) {
      at++;
      parts.push(part(level));
    }
    return { kind, parts };
  };
  const condition = (level: number): Filter => joined('or', level, (inner) => joined('and', inner, negated));
  const negated = (level: number): Filter => {
    if (level > MAX_LEVELS) {
      throw new UserError(`--where: it is nested too deeply: at most ${MAX_LEVELS} levels are read.`);
    }
    if (isNext('not')) {
      at++;
      return { kind: 'not', part: negated(level + 1) };
    }
    if (!isNext('(')) return comparison();
    at++;
    const inner = condition(level + 1);
    take("'and', 'or' or ')'", (token) => token === ')');
    return inner;
  };
  const comparison = (): Comparison => {
    const name = take('the name of a metric or of a number in the metadata', isName);
    const operator = take('one of < <= > >= = !=', isOperator).text;
    const number = take('a number, true or false', (token) => numberIn(token) !== undefined).text;
    if (!isOperator(operator)) throw new Error(`${operator} was taken for an operator`);
    return {
      kind: 'comparison',
      name: nameFor(name.text),
      column: name.column,
      operator,
      number: numberIn(number) ?? Number.NaN,
    };
  };
  const filter = condition(0);
  if (tokens[at] !== undefined) throw unreadable("'and', 'or', or the end", tokens[at], text);
  return filter;
}

/**
 * Whether a condition holds. A comparison with what is not there is neither true nor false, and so is its opposite:
 * `not ttft > 500` selects requests that have a TTFT.
 * @param numberNamed the value of a name.
 */
export function passes(filter: Filter, numberNamed: (name: string) => number | bigint | undefined): boolean {
  return truth(filter, numberNamed) === true;
}

/** Every comparison of a condition, from left to right. */
export function comparisonsIn(filter: Filter): readonly Comparison[] {
  if (filter.kind === 'comparison') return [filter];
  return filter.kind === 'not' ? comparisonsIn(filter.part) : filter.parts.flatMap(comparisonsIn);
}

/** Undefined: neither true nor false (Kleene's logic of three values). */
function truth(
  filter: Filter,
  numberNamed: (name: string) => number | bigint | undefined,
): boolean | undefined {
  if (filter.kind === 'comparison') {
    const value = numberNamed(filter.name);
    return value === undefined ? undefined : holds(value, filter.operator, filter.number);
  }
  if (filter.kind === 'not') {
    const value = truth(filter.part, numberNamed);
    return value === undefined ? undefined : !value;
  }
  // One false part decides an `and`, one true part an `or`.
  const deciding = filter.kind === 'or';
  let result: boolean | undefined = !deciding;
  for (const part of filter.parts) {
    const value = truth(part, numberNamed);
    if (value === deciding) return deciding;
    if (value === undefined) result = undefined;
  }
  return result;
}

function holds(value: number | bigint, operator: Operator, number: number | bigint): boolean {
  // Only these compare bigints with numbers exactly; lint forbids == for equality.
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
  return [...text.matchAll(/[<>=!]+|[()]|[^\s<>=!()]+/g)].map((match) => ({
    text: match[0],
    column: match.index + 1,
  }));
}

function isName(token: string): boolean {
  return /^[a-z_][\w.]*$/i.test(token) && !/^(and|or|not)$/i.test(token);
}

function isOperator(token: string): token is Operator {
  return operators.some((operator) => operator === token);
}

function numberIn(token: string): number | bigint | undefined {
  if (/^(true|false)$/i.test(token)) return /^t/i.test(token) ? 1 : 0;
  const number = decimalIn(token);
  const isInteger = /^[+-]?[\d_]+$/.test(token);
  return number !== undefined && isInteger && !Number.isSafeInteger(number)
    ? BigInt(token.replaceAll('_', ''))
    : number;
}

function unreadable(expected: string, token: Token | undefined, text: string): UserError {
  const found = token === undefined ? 'it ends' : `there is '${token.text}'`;
  return new UserError(
    `--where: at column ${token?.column ?? text.length + 1} of '${text}' ${found}; expected ${expected}.`,
    "Join comparisons with 'and', 'or', 'not' and parentheses, e.g. --where 'isl > 8000 and (turn_index = 0 or osl < 10)'.",
  );
}
