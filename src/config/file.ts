import type { Document, LineCounter, YAMLMap } from 'yaml';
import { counted } from '../util/counted.js';
import { messageOf, UserError } from '../util/errors.js';
import { isObject } from '../util/json.js';
import { oneLine } from '../util/plain-text.js';
import { readTextFile } from '../util/text-file.js';
import type { FilePath } from './aiperf/reading.js';
import type { Refuse } from './command-line.js';
import type { ConfigFile, FileEntry } from './file-entry.js';
import type { OptionTable } from './option.js';
import { nearest } from './words.js';

/** Reads a YAML file by the option names of `table`, or in AIPerf's form if its top-level keys are AIPerf's. */
export async function readConfigFile(
  table: OptionTable,
  filePath: string,
  env: Readonly<Record<string, string | undefined>>,
  refuse?: Refuse,
): Promise<ConfigFile> {
  const { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } = await import('yaml');
  const { isAiperfForm, readAiperfFile } = await import('./aiperf/file.js');
  const lines = new LineCounter();
  let document: Document;
  try {
    const source = readTextFile(filePath, MAX_BYTES);
    document = parseDocument(source, {
      lineCounter: lines,
      prettyErrors: false,
      intAsBigInt: true,
      merge: true,
      // The parser compares each key with all before it, which takes half a minute for 50,000 keys.
      uniqueKeys: false,
    });
  } catch (error) {
    const hint = error instanceof UserError && error.hint !== undefined ? `; ${error.hint}` : '';
    return { ...noEntries, errors: [`--config: ${messageOf(error)}${hint}.`] };
  }
  // An unknown tag is only a warning to the parser, and its value would be read as if untagged.
  const errors = [...document.errors, ...document.warnings].map(
    ({ pos, code, message }) => `${place(filePath, lines, pos[0])}: ${reworded(code, message)}.`,
  );
  visit(document, { Map: (_, map) => noteRepeatedKeys(map) });
  const root = document.contents;
  if (errors.length > 0 || root === null) return { ...noEntries, errors: capped(errors) };
  if (!isMap(root)) {
    const at = place(filePath, lines, root.range?.[0]);
    return { ...noEntries, errors: [`${at}: a config file must be a mapping of option names to values.`] };
  }
  const keys = root.items.map(({ key }) => nameOfKey(key));
  const mappings = root.items.filter(({ value }) => isMap(value)).map(({ key }) => nameOfKey(key));
  if (!isAiperfForm(keys, mappings)) return readKeys(root, keyNames(table));
  let values: unknown;
  try {
    values = toJs(root);
  } catch (error) {
    return { ...noEntries, errors: [`${filePath}: the file ${messageOf(error)}.`] };
  }
  return readAiperfFile(table, { path: filePath, root: isObject(values) ? values : {}, placeOf, env });

  function readKeys(map: YAMLMap, keys: ReadonlyMap<string, string>): ConfigFile {
    const entries = new Map<string, FileEntry>();
    for (const { key: node, value } of map.items) {
      const name = nameOfKey(node);
      const at = valuePlace(node) ?? filePath;
      const key = keys.get(kebab(name));
      const earlier = entries.get(key ?? '');
      if (key === undefined) {
        errors.push(`${at}: ${errors.length < MOST_ERRORS ? unknownKey(name, keys) : 'unknown key'}`);
      } else if (earlier !== undefined) {
        errors.push(
          `${at}: ${name} is the same option as ${earlier.name} at ${earlier.at}; give one of them.`,
        );
      } else {
        const valueAt = valuePlace(value) ?? at;
        try {
          entries.set(key, { value: toJs(value), name, at, valueAt });
        } catch (error) {
          errors.push(`${valueAt}: ${name} ${messageOf(error)}.`);
        }
      }
    }
    return { entries, errors: capped(errors), warnings: [] };
  }

  function nameOfKey(node: unknown): string {
    const key = isScalar(node) ? node.value : node;
    return typeof key === 'symbol' ? (key.description ?? '') : String(key);
  }

  /** The place of the last step of the path that exists: settings read together may be written in several places. */
  function placeOf(path: FilePath): Pick<FileEntry, 'at' | 'valueAt'> {
    let node: unknown = root;
    let found = { at: filePath, valueAt: filePath };
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => nameOfKey(key) === step);
        if (pair === undefined) continue;
        const at = valuePlace(pair.key) ?? found.at;
        found = { at, valueAt: valuePlace(pair.value) ?? at };
        node = pair.value;
      } else if (isSeq(node)) {
        const item = node.items[Number(step)];
        const at = valuePlace(item) ?? found.at;
        found = { at, valueAt: at };
        node = item;
      }
    }
    return found;
  }

  function noteRepeatedKeys(map: YAMLMap): void {
    const names = new Set<string>();
    for (const { key } of map.items) {
      const name = nameOfKey(key);
      if (names.has(name)) errors.push(`${valuePlace(key) ?? filePath}: Map keys must be unique.`);
      names.add(name);
    }
  }

  function unknownKey(name: string, keys: ReadonlyMap<string, string>): string {
    const refusal = refuse?.(name);
    if (refusal !== undefined) return refusal;
    if (name === '<<')
      return 'a merge key merges into the value of an option, not into the options; write them out.';
    const guess = nearest(kebab(name), keys.keys());
    const hint = guess === undefined ? '' : ` Did you mean ${spelledLike(guess, name)}?`;
    return `unknown key '${oneLine(name)}'.${hint}`;
  }

  function toJs(node: unknown): unknown {
    if (node === null || typeof node !== 'object' || !('toJS' in node)) return node;
    if (typeof node.toJS !== 'function') return node;
    let value: unknown;
    try {
      value = node.toJS(document, { maxAliasCount: MAX_ALIASES });
    } catch (error) {
      if (error instanceof RangeError) throw new UserError(`is nested too deeply: ${LEVELS}`);
      const isBomb = messageOf(error).startsWith('Excessive alias count');
      throw new UserError(
        isBomb ? `expands to more than ${MAX_ALIASES} aliases` : `is invalid: ${messageOf(error)}`,
      );
    }
    return plain(value, 0);
  }

  function valuePlace(node: unknown): string | undefined {
    if (node === null || typeof node !== 'object' || !('range' in node) || !Array.isArray(node.range)) return;
    return place(filePath, lines, node.range[0]);
  }
}

const noEntries = { entries: new Map<string, FileEntry>(), errors: [], warnings: [] };

/** Config files are written by hand; larger ones are mistakes. */
const MAX_BYTES = 2 ** 20;
const MAX_LEVELS = 64;
const LEVELS = `at most ${MAX_LEVELS} levels are read`;
/** Errors shown per file. */
const MOST_ERRORS = 20;
/** Nested aliases multiply at each level ("billion laughs"). */
const MAX_ALIASES = 100;

/** Rewords an error of the parser for the author of the file. */
function reworded(code: string, message: string): string {
  // The parser is recursive and reports stack overflows with this message.
  if (message.startsWith('Maximum call stack')) return `nested too deeply: ${LEVELS}`;
  if (code === 'MULTIPLE_DOCS') return "a second document begins here; keep one, and remove its '---'";
  if (code === 'TAG_RESOLVE_FAILED') return `${oneLine(message)}; ${PLAIN}`;
  return message;
}

const PLAIN = 'write text, numbers, true, false, null, lists and mappings, without a tag';

function capped(errors: readonly string[]): readonly string[] {
  const more = errors.length - MOST_ERRORS;
  return more <= 0 ? errors : [...errors.slice(0, MOST_ERRORS), `and ${counted(more, 'more error')}.`];
}

/** Converts a parsed value, with bigints as numbers. @throws UserError whose message continues the option's name. */
function plain(value: unknown, level: number): unknown {
  if (level > MAX_LEVELS) throw new UserError(`is nested too deeply, or holds itself: ${LEVELS}`);
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    throw new UserError(`expects integers that a double holds exactly (up to 2^53 - 1), got ${value}`);
  }
  if (Array.isArray(value)) return value.map((item) => plain(item, level + 1));
  if (typeof value !== 'object' || value === null) return value;
  // Tags create dates, sets, ordered maps and binary data.
  if (Object.getPrototypeOf(value) !== Object.prototype)
    throw new UserError(`holds a value with a tag such as !!binary or !!set; ${PLAIN}`);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, level + 1)]));
}

/** Option keys by every name that a file may use, in kebab-case. */
function keyNames(table: OptionTable): Map<string, string> {
  const names = new Map<string, string>();
  for (const [key, row] of Object.entries(table)) {
    if (key === 'configFile') continue;
    for (const flag of row.flags ?? []) if (flag.startsWith('--')) names.set(flag.slice(2), key);
  }
  return names;
}

function place(filePath: string, lines: LineCounter, offset: number | undefined): string {
  if (offset === undefined) return filePath;
  const { line, col } = lines.linePos(offset);
  return `${filePath}:${line}:${col}`;
}

function kebab(name: string): string {
  return name.replaceAll('_', '-');
}

/** Spells `guess` with hyphens or underscores, as in the user's own key. */
function spelledLike(guess: string, name: string): string {
  return name.includes('-') ? guess : guess.replaceAll('-', '_');
}
