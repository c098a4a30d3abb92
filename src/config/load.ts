import { existsSync } from 'node:fs';
import { UserError } from '../util/errors.js';
import { type CommandLine, readCommandLine } from './command-line.js';
import { type FileEntry, readConfigFile } from './file.js';
import { type ConfigOf, nameOf, type OptionRow, type OptionTable, refusal } from './option.js';
import { nearest } from './words.js';

/** Where a value came from, as messages name it. */
interface Source {
  readonly from: 'flag' | 'environment' | 'file';
  /** `--isl`, `AIPERF_HTTP_IP_VERSION`, or `bench.yaml:3:1: isl`. */
  readonly name: string;
}

/** A table's options with their values. */
export interface Loaded<Table extends OptionTable> {
  readonly config: ConfigOf<Table>;
  /** Where each value came from; an option that is missing here has its default. */
  readonly given: ReadonlyMap<keyof Table, Source>;
}

/** What rules that look at several options have found. */
export interface Findings {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Looks at the options together. `sound(key…)` is false while one of the named values is itself refused. */
export type Check<Table extends OptionTable> = (
  loaded: Loaded<Table>,
  sound: (...keys: (keyof Table)[]) => boolean,
) => Findings;

/**
 * Works out a table's options: flag before environment before config file before default.
 * @param argv what follows the command's name.
 * @throws UserError with one sentence for each thing that is wrong, all of them together.
 */
export async function load<Table extends OptionTable>(
  table: Table,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  check?: Check<Table>,
): Promise<Loaded<Table> & { readonly warnings: readonly string[] }> {
  const line = readCommandLine(table, argv);
  const errors = [...line.errors];
  const fromFile = await fileEntries(table, line, errors);

  const values: Record<string, unknown> = {};
  const given = new Map<string, Source>();
  const refused = new Set<string>();
  for (const [key, row] of Object.entries(table)) {
    values[key] = row.default;
    const found = find(key, row, line, env, fromFile);
    if (found === undefined) {
      if (row.required) {
        errors.push(`${nameOf(row)} is required: ${row.missing ?? `give ${row.expects}`}.`);
        refused.add(key);
      }
      continue;
    }
    given.set(key, found.source);
    const result = settle(row, found);
    if ('error' in result) {
      errors.push(result.error);
      refused.add(key);
    } else {
      values[key] = result.value;
    }
  }

  // Row by row, every value was made by the schema that ConfigOf reads its type from, or is the row's default.
  const loaded = { config: values, given } as unknown as Loaded<Table>;
  const findings = check?.(loaded, (...keys) => keys.every((key) => !refused.has(String(key))));
  errors.push(...(findings?.errors ?? []));
  if (errors.length > 0) throw new UserError(errors.join('\n'));
  return { ...loaded, warnings: findings?.warnings ?? [] };
}

interface Found {
  readonly source: Source;
  /** Words of a flag or variable; `undefined` among them: an option without its value. */
  readonly words?: readonly (string | undefined)[];
  /** A value of a file, with its place. */
  readonly entry?: FileEntry;
}

function find(
  key: string,
  row: OptionRow,
  line: CommandLine,
  env: Readonly<Record<string, string | undefined>>,
  file: ReadonlyMap<string, FileEntry>,
): Found | undefined {
  const words = line.words.get(key);
  if (words !== undefined) {
    return { source: { from: 'flag', name: line.spellings.get(key) ?? key }, words };
  }
  const variable = row.env === undefined ? undefined : env[row.env];
  if (row.env !== undefined && variable !== undefined && variable !== '') {
    return { source: { from: 'environment', name: row.env }, words: [variable] };
  }
  const entry = file.get(key);
  return entry && { source: { from: 'file', name: `${entry.at}: ${entry.name}` }, entry };
}

/** The value that was found, read and validated, or the sentence that refuses it. */
function settle(row: OptionRow, found: Found): { value: unknown } | { error: string } {
  const { source, entry } = found;
  const name = entry === undefined ? source.name : `${entry.valueAt}: ${entry.name}`;
  let value: unknown;
  try {
    value = entry === undefined ? readWords(row, found.words ?? []) : readEntry(row, entry.value);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { error: `${name} ${error.message}.` };
  }
  const result = row.schema.safeParse(value);
  if (result.success) return { value: result.data };
  const guess = row.choices && typeof value === 'string' ? nearest(value, row.choices) : undefined;
  return { error: refusal(name, row, value) + (guess === undefined ? '' : ` Did you mean ${guess}?`) };
}

function readWords(row: OptionRow, words: readonly (string | undefined)[]): unknown {
  if (row.takes === 'nothing') return row.read(words.filter((word) => word !== undefined));
  const present = words.filter((word) => word !== undefined && (word !== '' || row.allowsEmpty));
  if (present.length < words.length) throw new UserError(`needs a value: ${row.expects}`);
  return row.read(present.filter((word) => word !== undefined));
}

/** Text in a file means what it would mean on the command line; other values stand for themselves. */
function readEntry(row: OptionRow, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (value === '' && !row.allowsEmpty) throw new UserError(`needs a value: ${row.expects}`);
  return row.read([value]);
}

async function fileEntries(
  table: OptionTable,
  line: CommandLine,
  errors: string[],
): Promise<ReadonlyMap<string, FileEntry>> {
  const [path] = line.words.get('configFile') ?? [];
  if (path === undefined || !existsSync(path)) return new Map();
  const file = await readConfigFile(table, path);
  errors.push(...file.errors);
  return file.entries;
}
