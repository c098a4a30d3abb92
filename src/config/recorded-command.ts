import { maskedUrl, redacted } from '../util/secrets.js';
import { isPlainNumber } from './key-values.js';
import type { OptionRow, OptionTable } from './option.js';

/**
 * A command line as reports show it: words in single quotes, numbers bare, `true`, `false` and `none` bare and
 * capitalised unless they are the name of a choice, secrets masked. A shell reads it back.
 */
export function recordedCommand(name: string, argv: readonly string[], table: OptionTable): string {
  const rows = new Map(
    Object.values(table).flatMap((row) => (row.flags ?? []).map((flag) => [flag, row] as const)),
  );
  const words = [`aiperf ${name}`];
  let row: OptionRow | undefined;
  for (const word of argv) {
    if (!word.startsWith('-') || isPlainNumber(word)) {
      words.push(row?.choices === undefined ? plainValue(masked(row, word)) : quoted(word));
      continue;
    }
    const attached = attachedValue(word, rows);
    const option = attached === undefined ? word : word.slice(0, word.length - attached.length);
    row = rows.get(option.replace(/=$/, '').replaceAll('_', '-'));
    words.push(attached === undefined ? option : option + shellWord(masked(row, attached)));
  }
  return words.join(' ');
}

/** The value in `--opt=value`, `-m=value` and `-mvalue`. */
function attachedValue(word: string, rows: ReadonlyMap<string, OptionRow>): string | undefined {
  const equals = word.indexOf('=');
  if (word.startsWith('--') || word[2] === '=') return equals < 0 ? undefined : word.slice(equals + 1);
  return word.length > 2 && !rows.has(word) && rows.has(word.slice(0, 2)) ? word.slice(2) : undefined;
}

function masked(row: OptionRow | undefined, word: string): string {
  if (row?.secret) return redacted;
  if (row?.mask !== undefined) return row.mask(word);
  return maskedUrl(word);
}

function plainValue(word: string): string {
  if (isPlainNumber(word)) return word;
  if (/^(true|false)$/i.test(word)) return word.toLowerCase() === 'true' ? 'True' : 'False';
  return /^(none|null)$/i.test(word) ? 'None' : quoted(word);
}

/** An attached value stands as it is where the shell would leave it alone. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]*$/.test(word) ? word : quoted(word);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
