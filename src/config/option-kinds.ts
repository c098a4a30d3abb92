import { statSync } from 'node:fs';
import { UserError } from '../util/errors.js';
import { andList, orList } from '../util/lists.js';
import { decimalIn, integerIn } from '../util/numerals.js';
import type { Facts, Kind } from './option.js';
import * as z from './zod.js';

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** An integer without unit or exponent; `100_000` is read as in Python. */
export function integer<F extends Facts<number> & Range>(facts: F): F & Kind<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = facts;
  const exactIn = (word: string) => {
    const value = integerIn(word);
    if (value === undefined || Number.isSafeInteger(value)) return value;
    // Show the text as written: a double cannot represent it.
    if (facts.max === undefined) throw new UserError(`expects an integer of at most 2^53 - 1, got ${word}`);
    return undefined;
  };
  return {
    ...facts,
    ...numeric('<integer>', 'an integer', rangeOf(facts), exactIn),
    schema: z.int().min(min).max(max),
  };
}

/** A finite number. `above` and `below` are exclusive bounds; `orInfinite` also accepts `inf`. */
export function number<
  F extends Facts<number> &
    Range & { readonly above?: number; readonly below?: number; readonly orInfinite?: true },
>(facts: F): F & Kind<number> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, orInfinite = false } = facts;
  const { above, below } = facts;
  const bound = z
    .number()
    .min(min)
    .max(max)
    .lt(below ?? Number.POSITIVE_INFINITY);
  const finite = above === undefined ? bound : bound.gt(above);
  const open = [above === undefined ? [] : `above ${above}`, below === undefined ? [] : `below ${below}`];
  const range = above === undefined && below === undefined ? rangeOf(facts) : open.flat().join(' and ');
  const kind = numeric('<number>', 'a number', range, decimalIn);
  if (!orInfinite) return { ...facts, ...kind, schema: finite };
  return {
    ...facts,
    ...kind,
    expects: `${kind.expects}, or inf`,
    read: (words) => (/^inf(inity)?$/i.test(words[0] ?? '') ? Number.POSITIVE_INFINITY : kind.read(words)),
    schema: finite.or(z.custom<number>((value) => value === Number.POSITIVE_INFINITY)),
  };
}

/** One of several names, ignoring case, hyphens and underscores. The value is spelled as in `choices`. */
export function choice<
  const C extends readonly [string, ...string[]],
  F extends Facts<C[number]> & { readonly metavar?: string },
>(choices: C, facts: F): F & Kind<C[number]> {
  return {
    ...facts,
    ...single(facts.metavar ?? `<${choices.join('|')}>`, orList(choices), (word) => spelledAs(choices, word)),
    choices,
    schema: z.enum(choices),
  };
}

/** Comma-separated names from a list; may be repeated. With `greedy` it takes every word up to the next option. */
export function choices<
  const C extends readonly [string, ...string[]],
  F extends Facts<readonly C[number][]> & { readonly greedy?: true },
>(names: C, facts: F): F & Kind<readonly C[number][]> {
  return {
    ...facts,
    takes: facts.greedy ? 'many' : 'one',
    repeats: true,
    metavar: `<${names.join('|')},…>`,
    expects: `one or more of ${andList(names)}, separated by commas`,
    read: (words) => words.flatMap((word) => word.split(',').map((part) => spelledAs(names, part.trim()))),
    schema: z.array(z.enum(names)).min(1),
  };
}

/** Single-line text. `allowsEmpty` accepts an empty text; `isValid` and `what` restrict it further. */
export function text<
  F extends Facts<string> & {
    readonly metavar?: string;
    readonly allowsEmpty?: true;
    readonly what?: string;
    readonly isValid?: (text: string) => boolean;
  },
>(facts: F): F & Kind<string> {
  const { metavar = '<text>', allowsEmpty = false, what = 'one line of text', isValid = () => true } = facts;
  return {
    ...facts,
    ...single(metavar, what, (word) => word),
    allowsEmpty,
    schema: z
      .string()
      .regex(allowsEmpty ? /^[^\r\n\0]*$/ : /^[^\r\n\0]+$/)
      .refine(isValid),
  };
}

/** The name of an HTTP header. */
export function headerName<F extends Facts<string>>(facts: F): F & Kind<string> {
  return {
    ...facts,
    ...single('<name>', 'the name of an HTTP header', (word) => word),
    schema: z.string().regex(headerNamePattern),
  };
}

/** A path; `existing` is the kind of file that must already exist there. */
export function path<F extends Facts<string> & { readonly existing?: PathKind }>(facts: F): F & Kind<string> {
  const { existing } = facts;
  const schema = z.string().min(1);
  return {
    ...facts,
    ...single(
      '<path>',
      existing === undefined ? 'a path' : `the path of an existing ${existing}`,
      (word) => word,
    ),
    schema: existing === undefined ? schema : schema.refine((value) => isThere(value, existing)),
  };
}

/** Kinds of files that a path may require. Pipes and devices count as files. */
type PathKind = 'file' | 'directory' | 'file or directory' | 'socket';

function isThere(path: string, kind: PathKind): boolean {
  try {
    const found = statSync(path);
    if (kind === 'socket') return found.isSocket();
    return kind === 'file or directory' || found.isDirectory() === (kind === 'directory');
  } catch {
    return false;
  }
}

/** Paths, one per word. */
export function paths<F extends Facts<readonly string[]>>(facts: F): F & Kind<readonly string[]> {
  return {
    ...facts,
    takes: 'many',
    repeats: true,
    metavar: '<path…>',
    expects: 'one or more paths',
    read: (words) => words,
    schema: z.array(z.string().min(1)).min(1),
  };
}

/** A boolean. Takes no word; `=true` and `=false` may be attached. Off by default unless `default` is set. */
export function flag<F extends Facts<boolean>>(facts: F): F & Kind<boolean> & { readonly default: boolean } {
  return {
    default: false,
    ...facts,
    takes: 'nothing',
    repeats: false,
    metavar: '',
    expects: 'true or false',
    read: ([word = 'true']) => {
      if (/^(true|1)$/i.test(word)) return true;
      return /^(false|0)$/i.test(word) ? false : word;
    },
    schema: z.boolean(),
  };
}

/** Comma-separated texts; may be repeated. With `greedy` it takes every word up to the next option. */
export function list<
  F extends Facts<readonly string[]> & {
    readonly greedy?: true;
    readonly mayBeEmpty?: true;
    /** What each item is, e.g. `model names`. */
    readonly items: string;
    readonly item?: (text: string) => boolean;
    /** Converts an item; by default the item itself. */
    readonly as?: (text: string) => string;
  },
>(facts: F): F & Kind<readonly string[]> {
  const { greedy = false, mayBeEmpty = false, items } = facts;
  const { item = () => true, as = (text: string) => text } = facts;
  return {
    ...facts,
    takes: greedy ? 'many' : 'one',
    repeats: true,
    metavar: '<text,…>',
    expects: `${items}, separated by commas`,
    read: (words) => words.flatMap((word) => word.split(',').map((part) => as(part.trim()))),
    schema: z.array(z.string().min(1).refine(item)).min(mayBeEmpty ? 0 : 1),
  };
}

/** All remaining words of the command line, unchanged. */
export function words<F extends Facts<readonly string[]> & { readonly items: string }>(
  facts: F,
): F & Kind<readonly string[]> {
  return {
    ...facts,
    takes: 'many',
    repeats: true,
    metavar: '<word …>',
    expects: facts.items,
    read: (given) => given,
    schema: z.array(z.string()).min(1),
  };
}

/** Single-line text that must match a pattern. `shape` describes it, e.g. `a port, like 8000`. */
export function matching<
  F extends Facts<string> & { readonly metavar: string; readonly shape: string; readonly pattern: RegExp },
>(facts: F): F & Kind<string> {
  return {
    ...facts,
    ...single(facts.metavar, facts.shape, (word) => word),
    schema: z.string().regex(facts.pattern),
  };
}

/** The value of an HTTP header. */
export function headerValue<F extends Facts<string>>(facts: F): F & Kind<string> {
  return {
    ...facts,
    ...single('<text>', 'text without control characters, line breaks or spaces around it', (word) => word),
    schema: z
      .string()
      .min(1)
      .regex(headerValuePattern)
      .regex(/^\S(.*\S)?$/),
  };
}

/** Excludes all control characters except tab: a line end would end the header. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern refuses them.
export const headerValuePattern = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;

/** The characters that RFC 9110 allows in a header name. */
export const headerNamePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The entry of `names` that matches `word`, or the word itself. */
function spelledAs(names: readonly string[], word: string): string {
  const plain = (name: string) => name.toLowerCase().replaceAll('_', '-');
  return names.find((name) => plain(name) === plain(word)) ?? word;
}

/** A kind that takes one word, once. */
function single(metavar: string, expects: string, read: (word: string) => unknown) {
  return {
    takes: 'one',
    repeats: false,
    metavar,
    expects,
    read: ([word = '']: readonly string[]) => read(word),
  } as const;
}

/** A kind whose word is parsed by `numberIn`. */
function numeric(
  metavar: string,
  what: string,
  range: string | undefined,
  numberIn: (word: string) => number | undefined,
) {
  const expects = [what, range?.replace(/^at/, 'of at')].filter((part) => part !== undefined).join(' ');
  const read = (word: string) => numberIn(word) ?? word;
  return { ...single(metavar, expects, read), ...(range === undefined ? {} : { range }) };
}

function rangeOf({ min, max }: Range): string | undefined {
  if (min !== undefined && max !== undefined) return `from ${min} to ${max}`;
  if (min !== undefined) return `at least ${min}`;
  return max === undefined ? undefined : `at most ${max}`;
}
