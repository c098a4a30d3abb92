import { redacted } from '../util/secrets.js';
import type { SweepName } from './sweep.js';
import { shown } from './words.js';
import type * as z from './zod.js';

/** What the author of an option says about it. `V` is the type of its value. */
export interface Facts<V> {
  /** All spellings, the one for help and messages first, e.g. `['--model', '--model-names', '-m']`; absent: no flag. */
  readonly flags?: readonly string[];
  /**
   * In place of flags, or before them: the name of a word that stands by itself, e.g. `dir`; in the table's order.
   * The last of them, if it repeats, takes all words that follow.
   */
  readonly argument?: string;
  /** Environment variable that sets it too; a flag wins. */
  readonly env?: string;
  /** Heading in the help. */
  readonly group: string;
  readonly help: string;
  readonly default?: V;
  /** In place of `default` where the default is worked out later. */
  readonly defaultText?: string;
  readonly required?: true;
  /** What a user who left a required option out should do. */
  readonly missing?: string;
  /** The value is masked wherever it would be shown. */
  readonly secret?: true;
  /** A list of values may stand in its place, which makes a run for each: what it is called among those. */
  readonly sweeps?: SweepName;
  /** Spellings that turn a flag off. */
  readonly off?: readonly string[];
}

/** How the words of one sort of option become a value, and which values are right. */
export interface Kind<V> {
  /** `nothing`: a flag; `one` word; `many`: every word up to the next option. */
  readonly takes: 'nothing' | 'one' | 'many';
  /** Whether it may be given more than once; the words add up. */
  readonly repeats: boolean;
  /** Placeholder of the value in the help. */
  readonly metavar: string;
  /** Completes "must be …". */
  readonly expects: string;
  /** Bounds of a number, e.g. `at least 1`. */
  readonly range?: string;
  /** The words a misspelt value is compared with. */
  readonly choices?: readonly string[];
  readonly allowsEmpty?: boolean;
  /** Whether the value under this key of a pair is to be masked. */
  readonly hides?: (key: string) => boolean;
  /** The value is a mapping: a list in a file is read item by item and merged, later items win. */
  readonly isMapping?: true;
  /** A word of the command line with such values masked. */
  readonly mask?: (word: string) => string;
  /** Words to a value; what cannot be read is handed on as it is, for `schema` to refuse. @throws UserError */
  readonly read: (words: readonly string[]) => unknown;
  readonly schema: z.ZodType<V>;
}

/** One row of an options table. */
export type OptionRow = Facts<unknown> & Kind<unknown>;

/** How help and messages name an option. */
export function nameOf({ flags, argument, env }: OptionRow): string {
  return argument === undefined ? (flags?.[0] ?? env ?? '') : `<${argument}>`;
}

/** Options by the key under which their value stands in the configuration. */
export type OptionTable = Readonly<Record<string, OptionRow>>;

/** The type of a row's value: without default and not required, it may be undefined. */
type Value<Row> =
  Row extends Kind<infer V>
    ? Row extends { readonly default: unknown } | { readonly required: true }
      ? V
      : V | undefined
    : never;

/** What a table's options come to. */
export type ConfigOf<Table> = { readonly [Key in keyof Table]: Value<Table[Key]> };

/** The sentence for a value that a row's schema refuses; `name` is where it was given. */
export function refusal(name: string, row: OptionRow, value: unknown): string {
  return `${name} must be ${row.expects}, got ${row.secret ? redacted : shown(value, row.hides)}.`;
}
