import { Command, Option } from 'commander';
import { orList } from '../util/lists.js';
import { nameOf, type OptionRow, type OptionTable } from './option.js';
import { nearest, valueWords } from './words.js';

/** A parsed command line, before its values are read. */
export interface CommandLine {
  /** Words by option key, in the order given; `undefined` for an option without a value. */
  readonly words: ReadonlyMap<string, readonly (string | undefined)[]>;
  /** The first spelling that the user wrote for each option. */
  readonly spellings: ReadonlyMap<string, string>;
  /** A sentence for each unknown option, unexpected word and repeated option. */
  readonly errors: readonly string[];
}

/** Returns the sentence that refuses a name that the table does not hold; undefined if the name is unknown. */
export type Refuse = (name: string) => string | undefined;

/**
 * Parses a command line by the spellings of `table`.
 * @param argv the words after the command's name. @param refuse knows options that are not in the table.
 */
export function readCommandLine(table: OptionTable, argv: readonly string[], refuse?: Refuse): CommandLine {
  const words = new Map<string, (string | undefined)[]>();
  const spellings = new Map<string, string>();
  const errors: string[] = [];
  const { command, keys } = spelled(table, (key, spelling, word) => {
    const earlier = words.get(key);
    if (earlier === undefined) {
      words.set(key, [word]);
      spellings.set(key, spelling);
    } else {
      earlier.push(word);
    }
  });
  const respelt = argv.map((word) => normalizedSpelling(word));
  const { operands, unknown } = command.parseOptions(respelt);

  for (const [key, given] of words) {
    const row = table[key];
    if (row === undefined || row.repeats || given.length < 2) continue;
    const values = row.secret ? '' : ` (${given.map((word) => word ?? 'no value').join(', ')})`;
    errors.push(`${spellings.get(key)} was given ${given.length} times${values}; it takes one value.`);
  }
  const places = Object.entries(table).filter(([, row]) => row.argument !== undefined);
  const last = places.at(-1);
  for (const [index, word] of operands.entries()) {
    const [key, row] = places[index] ?? (last?.[1].repeats ? last : []);
    if (key === undefined || row === undefined) {
      errors.push(
        last
          ? wordTooMany(word, last[1], operands[places.length - 1])
          : strayWord(word, respelt, table, keys),
      );
    } else if (index < places.length && words.has(key)) {
      errors.push(`Unexpected word ${valueWords(word)}: ${spellings.get(key)} already sets ${nameOf(row)}.`);
    } else {
      words.set(key, [...(words.get(key) ?? []), word]);
      spellings.set(key, nameOf(row));
    }
  }
  // A bare word after an unknown option is probably that option's value, so only options are reported.
  for (const word of unknown) if (word.startsWith('-')) errors.push(unknownOption(word, table, keys, refuse));
  return { words, spellings, errors };
}

type OnWord = (key: string, spelling: string, word: string | undefined) => void;

/** A commander command with every spelling of the table as an option of its own, and each spelling's key. */
function spelled(
  table: OptionTable,
  onWord: OnWord,
): { command: Command; keys: ReadonlyMap<string, string> } {
  const command = new Command();
  const keys = new Map<string, string>();
  for (const [key, row] of Object.entries(table)) {
    const placeholder = { nothing: '', one: ' [word]', many: ' [word...]' }[row.takes];
    for (const spelling of row.flags ?? []) {
      keys.set(spelling, key);
      if (/^-[^-]./.test(spelling)) continue;
      listen(command, spelling + placeholder, (word) => onWord(key, spelling, word));
      if (row.takes !== 'nothing' || !spelling.startsWith('--')) continue;
      for (const value of ['true', 'false']) {
        listen(command, `${spelling}=${value}`, () => onWord(key, spelling, value));
      }
    }
    for (const spelling of row.off ?? []) {
      keys.set(spelling, key);
      listen(command, spelling, () => onWord(key, spelling, 'false'));
    }
  }
  return { command, keys };
}

function listen(command: Command, flags: string, onWord: (word: string | undefined) => void): void {
  const option = new Option(flags);
  command.addOption(option).on(`option:${option.name()}`, (word: string | null) => onWord(word ?? undefined));
}

/** Rewrites spellings that commander does not know: `--a_b` for `--a-b`, `-m=x` for `-mx`, and `-vv`. */
function normalizedSpelling(word: string): string {
  if (word === '-vv') return '--extra-verbose';
  if (/^-[a-zA-Z]=/.test(word)) return word.slice(0, 2) + word.slice(3);
  return word.replace(/^--[^=]+/, (name) => name.replaceAll('_', '-'));
}

function wordTooMany(word: string, last: OptionRow, given: string | undefined): string {
  return `Unexpected word ${valueWords(word)}: ${nameOf(last)} takes one word, and is already ${valueWords(given)}.`;
}

function strayWord(
  word: string,
  argv: readonly string[],
  table: OptionTable,
  keys: ReadonlyMap<string, string>,
): string {
  const option = argv.slice(0, argv.indexOf(word)).findLast((other) => other.startsWith('-'));
  const [before = ''] = option?.split('=', 1) ?? [];
  const row = table[keys.get(before) ?? ''];
  if (row === undefined) return `Unexpected word ${valueWords(word)}: no option precedes it.`;
  if (row.takes === 'nothing') {
    return `Unexpected word ${valueWords(word)}: ${before} takes no word; write ${before}=true or ${before}=false.`;
  }
  return `Unexpected word ${valueWords(word)}: ${before} takes one value; quote a value that holds spaces.`;
}

function unknownOption(
  word: string,
  table: OptionTable,
  keys: ReadonlyMap<string, string>,
  refuse?: Refuse,
): string {
  const [name = word, value] = word.split('=', 2);
  const row = table[keys.get(name) ?? ''];
  if (row?.takes === 'nothing')
    return `${name} takes ${orList(['=true', '=false'])}, got ${valueWords(value)}.`;
  const refusal = refuse?.(name);
  if (refusal !== undefined) return refusal;
  const guess = nearest(name, keys.keys());
  return `Unknown option: ${name}.${guess === undefined ? '' : ` Did you mean ${guess}?`}`;
}
