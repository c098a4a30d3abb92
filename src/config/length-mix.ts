import { UserError } from '../util/errors.js';
import { isObject, type Json, jsonFault } from '../util/json.js';
import { MAX_TOKENS } from '../util/limits.js';
import { decimalIn } from '../util/numerals.js';
import { readTextFile } from '../util/text-file.js';
import type { Facts, Kind } from './option.js';
import { valueWords } from './words.js';
import * as z from './zod.js';

/** A length in tokens, drawn anew for each turn. */
export type Length =
  /** A deviation of 0: the mean itself. */
  | { readonly kind: 'normal'; readonly mean: number; readonly stddev: number }
  /** The median is below the mean. */
  | { readonly kind: 'lognormal'; readonly mean: number; readonly median: number }
  /** Integers, both ends included. */
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number };

/** An input and an output length that go together. */
export interface LengthPair {
  readonly isl: Length;
  readonly osl: Length;
  /** How often it is drawn, relative to the other pairs. */
  readonly weight: number;
}

const shape =
  'ISL,OSL:PERCENT pairs such as 128,64:25;512,128:75, or the path of a CSV with columns isl and osl';

/** `--seq-dist`: the text of a mix of lengths, or the path of a CSV file. The text is checked when it is read. */
export function lengthMix<F extends Facts<string>>(facts: F): F & Kind<string> {
  return {
    ...facts,
    takes: 'one',
    repeats: false,
    metavar: '<ISL,OSL:PERCENT;…>',
    expects: shape,
    read: ([word = '']) => {
      if (!isCsv(word)) parsed(word);
      return word;
    },
    schema: z.string().min(1),
  };
}

/** The pairs of a mix. @throws UserError that says what is wrong, and in a file where. */
export function lengthPairs(text: string): readonly LengthPair[] {
  return isCsv(text) ? readCsv(text) : parsed(text);
}

function isCsv(text: string): boolean {
  return /\.csv$/i.test(text);
}

function parsed(text: string): readonly LengthPair[] {
  const trimmed = text.trim();
  const pairs = trimmed.startsWith('{')
    ? pairsInJson(trimmed)
    : (trimmed.startsWith('[') ? inBrackets(trimmed) : trimmed.split(';')).map(pairIn);
  const sum = pairs.reduce((total, { weight }) => total + weight, 0);
  if (Math.abs(sum - 100) > 1e-4) throw fault(`the percentages must add up to 100, got ${sum}`);
  return pairs;
}

/** `[(256,128):40,(512,256):60]` as `256,128:40` and `512,256:60`. */
function inBrackets(text: string): string[] {
  const inner = /^\[(.*)\]$/s.exec(text)?.[1];
  const pair = /\s*\(([^()]*)\)\s*:\s*([^,()]*)/y;
  const found: string[] = [];
  if (inner === undefined) throw fault(`${valueWords(text)} has no closing bracket`);
  while (pair.lastIndex < inner.length) {
    const at = pair.lastIndex;
    const [, lengths, percent] = pair.exec(inner) ?? [];
    if (lengths === undefined) throw fault(`${valueWords(inner.slice(at))} is not (ISL,OSL):PERCENT`);
    found.push(`${lengths}:${percent}`);
    if (pair.lastIndex < inner.length && inner[pair.lastIndex++] !== ',') {
      throw fault(`a comma is missing before ${valueWords(inner.slice(pair.lastIndex - 1))}`);
    }
  }
  return found;
}

function pairIn(text: string): LengthPair {
  const [, isl, osl, percent] = /^([^,:]*),([^,:]*):([^,:]*)$/.exec(text.trim()) ?? [];
  if (isl === undefined || osl === undefined || percent === undefined)
    throw fault(`${valueWords(text.trim())} is not ISL,OSL:PERCENT`);
  return { isl: lengthIn(isl.trim()), osl: lengthIn(osl.trim()), weight: percentIn(percent.trim()) };
}

/** `128`, `128|10` (mean and deviation), `64..256` (uniform) or `800~500` (log-normal: mean and median). */
function lengthIn(text: string): Length {
  const [, first = '', sign = '|', second = '0'] = /^([^|~.]*?)(?:(\||~|\.\.)(.*))?$/.exec(text) ?? [];
  const [a, b] = [decimalIn(first), decimalIn(second)];
  const made = a === undefined || b === undefined ? undefined : lengthOf(sign, a, b);
  if (made === undefined)
    throw fault(
      `${valueWords(text)} must be a length from 1 to ${MAX_TOKENS} tokens, such as 128, 128|10 with a deviation, 64..256 for all lengths between, or 800~500 for a log-normal with mean and median`,
    );
  return made;
}

function lengthOf(sign: string, a: number, b: number): Length | undefined {
  if (!isTokens(a)) return undefined;
  if (sign === '|') return b >= 0 && b <= MAX_TOKENS ? { kind: 'normal', mean: a, stddev: b } : undefined;
  if (!isTokens(b)) return undefined;
  if (sign === '~') return b <= a ? { kind: 'lognormal', mean: a, median: b } : undefined;
  return a <= b ? { kind: 'uniform', low: a, high: b } : undefined;
}

function isTokens(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= MAX_TOKENS;
}

function percentIn(text: string): number {
  const percent = decimalIn(text);
  if (percent === undefined || percent < 0 || percent > 100)
    throw fault(`${valueWords(text)} is not a percentage from 0 to 100`);
  return percent;
}

/** `{"pairs":[{"isl":256,"isl_stddev":10,"osl":128,"osl_stddev":5,"prob":40}]}` */
function pairsInJson(text: string): LengthPair[] {
  let json: Json;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    throw fault(jsonFault(thrown));
  }
  const pairs = isObject(json) ? json.pairs : undefined;
  if (!Array.isArray(pairs) || pairs.length === 0)
    throw fault('a list "pairs" with at least one pair is missing');
  return pairs.map((pair, i) => {
    const member = (key: string, absent?: string): string => {
      const value = isObject(pair) ? pair[key] : undefined;
      if (value === undefined && absent !== undefined) return absent;
      if (typeof value === 'number' || typeof value === 'string') return String(value);
      throw fault(`pair ${i + 1} needs "${key}", a number`);
    };
    const length = (key: 'isl' | 'osl') => {
      const stddev = member(`${key}_stddev`, '0');
      return lengthIn(stddev === '0' ? member(key) : `${member(key)}|${stddev}`);
    };
    return { isl: length('isl'), osl: length('osl'), weight: percentIn(member('prob')) };
  });
}

function fault(what: string): UserError {
  return new UserError(`expects ${shape}: ${what}`);
}

const MAX_CSV_BYTES = 256 * 2 ** 20;

/** A row of the file is a pair; a column `count` says how often it occurred. Equal rows count together. */
function readCsv(path: string): readonly LengthPair[] {
  const [head = '', ...lines] = readTextFile(path, MAX_CSV_BYTES).split(/\r?\n/);
  const columns = head.split(',').map((name) => name.trim().toLowerCase());
  const at = (name: string) => columns.indexOf(name);
  if (at('isl') < 0 || at('osl') < 0)
    throw new UserError(`${path}:1 must name the columns isl and osl, got ${valueWords(head)}`);
  const weights = new Map<string, number>();
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const cells = line.split(',').map((cell) => cell.trim());
    const tokens = (name: 'isl' | 'osl') => {
      const cell = cells[at(name)] ?? '';
      const value = decimalIn(cell) ?? Number.NaN;
      if (!isTokens(value))
        throw new UserError(
          `${path}:${i + 2}: ${name} must be an integer from 1 to ${MAX_TOKENS}, got ${valueWords(cell)}`,
        );
      return value;
    };
    const count = at('count') < 0 ? 1 : decimalIn(cells[at('count')] ?? '');
    if (count === undefined || count < 0)
      throw new UserError(
        `${path}:${i + 2}: count must be a number of at least 0, got ${valueWords(cells[at('count')])}`,
      );
    const key = `${tokens('isl')},${tokens('osl')}`;
    weights.set(key, (weights.get(key) ?? 0) + count);
  }
  const pairs = [...weights]
    .filter(([, weight]) => weight > 0)
    .map(([key, weight]) => {
      const [isl = 0, osl = 0] = key.split(',').map(Number);
      return {
        isl: { kind: 'normal', mean: isl, stddev: 0 },
        osl: { kind: 'normal', mean: osl, stddev: 0 },
        weight,
      } as const;
    });
  if (pairs.length === 0) throw new UserError(`${path} has no rows below its header`);
  return pairs;
}
