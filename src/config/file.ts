import { readFileSync } from 'node:fs';
import type { LineCounter, YAMLMap } from 'yaml';
import { messageOf } from '../util/errors.js';
import { type OptionTable, path } from './option.js';
import { nearest } from './words.js';

/** The option that names a file with more options. */
export const configFile = path({
  flags: ['--config', '-f'],
  group: 'Input',
  existing: 'file',
  help: 'YAML file of options: their names without dashes, in kebab-case or snake_case; flags win.',
});

/** An option as a file gives it. */
export interface FileEntry {
  readonly value: unknown;
  /** The key as written. */
  readonly name: string;
  /** `file:line:column` of the key and of the value. */
  readonly at: string;
  readonly valueAt: string;
}

/** What a file says, before anything is made of it. */
export interface ConfigFile {
  readonly entries: ReadonlyMap<string, FileEntry>;
  /** A sentence for every key that is no option, or stands twice, and for text that is no YAML. */
  readonly errors: readonly string[];
}

/** Reads a YAML file by the option names of `table`. */
export async function readConfigFile(table: OptionTable, filePath: string): Promise<ConfigFile> {
  const { isMap, isScalar, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  let source: string;
  try {
    source = readFileSync(filePath, 'utf8');
  } catch (error) {
    return { entries: new Map(), errors: [`--config cannot be read: ${messageOf(error)}.`] };
  }
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const errors = document.errors.map((error) => `${place(filePath, lines, error.pos[0])}: ${error.message}.`);
  const root = document.contents;
  if (errors.length > 0 || root === null) return { entries: new Map(), errors };
  if (!isMap(root)) {
    const at = place(filePath, lines, root.range?.[0]);
    return {
      entries: new Map(),
      errors: [`${at}: a config file must be a mapping of option names to values.`],
    };
  }
  return readKeys(root, keyNames(table));

  function readKeys(map: YAMLMap, keys: ReadonlyMap<string, string>): ConfigFile {
    const entries = new Map<string, FileEntry>();
    for (const { key: node, value } of map.items) {
      const name = isScalar(node) ? String(node.value) : String(node);
      const at = place(filePath, lines, isScalar(node) ? node.range?.[0] : undefined);
      const key = keys.get(kebab(name));
      const earlier = entries.get(key ?? '');
      if (key === undefined) {
        const guess = nearest(kebab(name), keys.keys());
        const hint = guess === undefined ? '' : ` Did you mean ${alike(guess, name)}?`;
        errors.push(`${at}: unknown key '${name}'.${hint}`);
      } else if (earlier !== undefined) {
        errors.push(
          `${at}: ${name} is the same option as ${earlier.name} at ${earlier.at}; give one of them.`,
        );
      } else {
        entries.set(key, { value: toJs(value), name, at, valueAt: valuePlace(value) ?? at });
      }
    }
    return { entries, errors };
  }

  function toJs(node: unknown): unknown {
    return node !== null && typeof node === 'object' && 'toJS' in node && typeof node.toJS === 'function'
      ? node.toJS(document)
      : node;
  }

  function valuePlace(node: unknown): string | undefined {
    if (node === null || typeof node !== 'object' || !('range' in node) || !Array.isArray(node.range)) return;
    return place(filePath, lines, node.range[0]);
  }
}

/** Option keys by every name that a file may use, in kebab-case. */
function keyNames(table: OptionTable): Map<string, string> {
  const names = new Map<string, string>();
  for (const [key, row] of Object.entries(table)) {
    if (row === configFile) continue;
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

/** `guess` in the spelling that the user's own keys have. */
function alike(guess: string, name: string): string {
  return name.includes('-') ? guess : guess.replaceAll('-', '_');
}
