import { redacted } from '../util/secrets.js';
import type { SweepName } from './sweep.js';
import { valueWords } from './words.js';
import type * as z from './zod.js';

/** Declares an option. `V` is the type of its value. */
export interface Facts<V> {
  /** All spellings, the primary one first, e.g. `['--model', '--model-names', '-m']`; absent: no flag. */
  readonly flags?: readonly string[];
  /**
   * Name of a positional argument, e.g. `dir`, before or instead of flags; positions follow the table. A
   * repeated last one takes all remaining words.
   */
  readonly argument?: string;
  /** Environment variable that also sets it; a flag wins. */
  readonly env?: string;
  /** Heading in the help. */
  readonly group: string;
  readonly help: string;
  readonly default?: V;
  /** Description of a default that is computed later. */
  readonly defaultText?: string;
  readonly required?: true;
  /** What to do if a required option is missing. */
  readonly missing?: string;
  /** The value is masked wherever it is shown. */
  readonly secret?: true;
  /** The name under which a list of values makes a sweep, with one run per value. */
  readonly sweeps?: SweepName;
  /** Spellings that turn a flag off. */
  readonly off?: readonly string[];
}

/** How words become a value of one kind, and which values are valid. */
export interface Kind<V> {
  /** `nothing` (a flag), `one` word, or `many`: every word up to the next option. */
  readonly takes: 'nothing' | 'one' | 'many';
  /** Whether it may be given more than once; the words are concatenated. */
  readonly repeats: boolean;
  /** Placeholder of the value in help. */
  readonly metavar: string;
  /** Completes "must be …". */
  readonly expects: string;
  /** Bounds of a number, e.g. `at least 1`. */
  readonly range?: string;
  /** Names that a misspelled value is compared with. */
  readonly choices?: readonly string[];
  readonly allowsEmpty?: boolean;
  /** May be given without a value: an empty list. */
  readonly mayBeEmpty?: boolean;
  /** Whether the value of this key in a pair is masked. */
  readonly hides?: (key: string) => boolean;
  /** The value is a mapping: lists in a file are read item by item and merged, later items win. */
  readonly isMapping?: true;
  /** Masks such values in a word of the command line. */
  readonly mask?: (word: string) => string;
  /** Converts words to a value; unreadable ones are returned unchanged for `schema` to refuse. @throws UserError */
  readonly read: (words: readonly string[]) => unknown;
  readonly schema: z.ZodType<V>;
}

/** One row of an options table. */
export type OptionRow = Facts<unknown> & Kind<unknown>;

/** The name of an option in help and messages. */
export function nameOf({ flags, argument, env }: OptionRow): string {
  return argument === undefined ? (flags?.[0] ?? env ?? '') : `<${argument}>`;
}

/** Options by their key in the configuration. */
export type OptionTable = Readonly<Record<string, OptionRow>>;

/** The type of a row's value; it may be undefined if the option has no default and is not required. */
type Value<Row> =
  Row extends Kind<infer V>
    ? Row extends { readonly default: unknown } | { readonly required: true }
      ? V
      : V | undefined
    : never;

/** The configuration type of a table. */
export type ConfigOf<Table> = { readonly [Key in keyof Table]: Value<Table[Key]> };

/** The message for a value that a row's schema refuses; `name` is where it was given. */
export function refusal(name: string, row: OptionRow, value: unknown): string {
  return `${name} must be ${row.expects}, got ${row.secret ? redacted : valueWords(value, row.hides)}.`;
}
