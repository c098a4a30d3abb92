import { isSecretKey } from '../util/secret-names.js';
import { redacted, withoutSecrets } from '../util/secrets.js';
import { isPlainNumber } from './key-values.js';
import type { OptionRow, OptionTable } from './option.js';
import { secretsOfValue } from './option-secrets.js';

/** A word of a command line: an option, a value, or an option with its value. */
interface Word {
  /** The option as given, up to its value; undefined for a value alone. */
  readonly option: string | undefined;
  readonly value: string | undefined;
  /** The option that the value belongs to; undefined if it is not in the table. */
  readonly row: OptionRow | undefined;
}

/**
 * A command line for reports: words in single quotes, numbers bare, `true`, `false` and `none` bare and
 * capitalized unless they are the name of a choice, secrets masked. It can be pasted into a shell.
 */
export function recordedCommand(name: string, argv: readonly string[], table: OptionTable): string {
  const words = [`aiperf ${name}`];
  for (const { option, value, row } of parsedWords(argv, table)) {
    if (value === undefined) words.push(option ?? '');
    else if (option === undefined)
      words.push(row?.choices === undefined ? plainValue(masked(row, value)) : quoted(value));
    else words.push(option + shellWord(masked(row, value)));
  }
  return words.join(' ');
}

/** The secrets in a command line, including one that will be refused. */
export function secretsOfCommandLine(argv: readonly string[], table: OptionTable): string[] {
  let before: string | undefined;
  return [...parsedWords(argv, table)].flatMap(({ option, value, row }) => {
    const name = option ?? before;
    before = option;
    if (value === undefined) return [];
    // A misspelled option is refused, and the message may show its value.
    if (row === undefined && name !== undefined && isSecretKey(name.replace(/=$/, ''))) return [value];
    return secretsOfValue(value, row);
  });
}

function* parsedWords(argv: readonly string[], table: OptionTable): Generator<Word> {
  const rows = new Map(
    Object.values(table).flatMap((row) => (row.flags ?? []).map((flag) => [flag, row] as const)),
  );
  let row: OptionRow | undefined;
  for (const word of argv) {
    if (!word.startsWith('-') || isPlainNumber(word)) {
      yield { option: undefined, value: word, row };
      continue;
    }
    const value = attachedValue(word, rows);
    const option = value === undefined ? word : word.slice(0, word.length - value.length);
    row = rows.get(option.replace(/=$/, '').replaceAll('_', '-'));
    yield { option, value, row };
  }
}

/** The value in `--opt=value`, `-m=value` and `-mvalue`. */
function attachedValue(word: string, rows: ReadonlyMap<string, OptionRow>): string | undefined {
  const equals = word.indexOf('=');
  if (word.startsWith('--') || word[2] === '=') return equals < 0 ? undefined : word.slice(equals + 1);
  return word.length > 2 && !rows.has(word) && rows.has(word.slice(0, 2)) ? word.slice(2) : undefined;
}

function masked(row: OptionRow | undefined, word: string): string {
  if (row?.secret) return redacted;
  return withoutSecrets(row?.mask === undefined ? word : row.mask(word));
}

function plainValue(word: string): string {
  if (isPlainNumber(word)) return word;
  if (/^(true|false)$/i.test(word)) return word.toLowerCase() === 'true' ? 'True' : 'False';
  return /^(none|null)$/i.test(word) ? 'None' : quoted(word);
}

/** Quotes a word for a shell if necessary. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]*$/.test(word) ? word : quoted(word);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
