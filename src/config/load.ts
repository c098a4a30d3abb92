import { UserError } from '../util/errors.js';
import { isObject } from '../util/json.js';
import { orList } from '../util/lists.js';
import { learnSecrets } from '../util/secrets.js';
import { type CommandLine, type Refuse, readCommandLine } from './command-line.js';
import { readConfigFile } from './file.js';
import type { ConfigFile, FileEntry } from './file-entry.js';
import { type ConfigOf, nameOf, type OptionRow, type OptionTable, refusal } from './option.js';
import { secretsOfValue } from './option-secrets.js';
import { listItems, type Parameters, type SweepList, sweepFault, sweepPoints } from './sweep.js';
import { nearest, valueWords } from './words.js';

/** Where a value came from, for messages. */
interface Source {
  readonly from: 'flag' | 'environment' | 'file';
  /** `--isl`, `AIPERF_HTTP_IP_VERSION`, or `bench.yaml:3:1: isl`. */
  readonly name: string;
}

/** The values of a table's options. */
export interface Loaded<Table extends OptionTable> {
  /** The config of the only or first point; in a check, of the point being checked. */
  readonly config: ConfigOf<Table>;
  /** Where each value came from; an option that is missing here has its default. */
  readonly sources: ReadonlyMap<keyof Table, Source>;
  /** The points to run, in order: several if options were given as lists, else one. */
  readonly points: readonly ConfigPoint<Table>[];
  /** The options given as lists. */
  readonly lists: readonly (keyof Table & string)[];
}

/** One point of a sweep. */
export interface ConfigPoint<Table extends OptionTable> {
  readonly config: ConfigOf<Table>;
  readonly parameters: Parameters;
}

/** Results of the rules across options. */
export interface Findings {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Of the panel, where each option is valid by itself; absent: that of all errors. */
  readonly title?: string;
}

/** Checks options together. `isValid(key…)` is false if one of the named values is itself refused. */
export type Check<Table extends OptionTable> = (
  loaded: Loaded<Table>,
  isValid: (...keys: (keyof Table)[]) => boolean,
) => Findings;

/**
 * Resolves a table's options: flag, then environment, then config file, then default.
 * @param argv the words after the command's name. @param refuse knows options that are not in the table.
 * @throws UserError with one sentence for each error, all together.
 */
export async function load<Table extends OptionTable>(
  table: Table,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  check?: Check<Table>,
  refuse?: Refuse,
): Promise<Loaded<Table> & { readonly warnings: readonly string[] }> {
  const line = readCommandLine(table, argv, refuse);
  const errors = [...line.errors];
  const file = await readFile(table, line, env, refuse);
  errors.push(...file.errors);

  const values: Record<string, unknown> = {};
  const sources = new Map<string, Source>();
  const refused = new Set<string>();
  const lists: (SweepList<unknown> & { readonly key: string })[] = [];
  for (const [key, row] of Object.entries(table)) {
    values[key] = row.default;
    const found = find(key, row, line, env, file.entries);
    if (found === undefined) {
      if (row.required) {
        errors.push(`${nameOf(row)} is required: ${row.missing ?? `give ${row.expects}`}.`);
        refused.add(key);
      }
      continue;
    }
    sources.set(key, found.source);
    const items = itemsOf(row, found);
    const results = 'error' in items ? [items] : items.map((item) => resolveValue(row, item, table));
    const wrong = results.flatMap((result) => ('error' in result ? result.error : []));
    if (wrong.length > 0) {
      errors.push(...wrong);
      refused.add(key);
      continue;
    }
    const settled = results.flatMap((result) => ('value' in result ? [result.value] : []));
    values[key] = settled[0];
    if (row.sweeps !== undefined && settled.length > 1) lists.push({ key, name: row.sweeps, items: settled });
  }

  const fault = sweepFault(lists, values.sweepType, (key) => sources.get(key)?.name ?? key);
  if (fault !== undefined) errors.push(fault);
  const keyOf = new Map(lists.map(({ name, key }) => [name, key]));
  // Lists that form no valid sweep are still checked against the other options, using two of their items.
  const swept =
    fault === undefined ? lists : lists.map((list) => ({ ...list, items: list.items.slice(0, 2) }));
  const points = sweepPoints(swept, values.sweepType === 'zip' ? 'zip' : 'grid').map((point) => ({
    config: { ...values, ...Object.fromEntries(point.map(({ name, item }) => [keyOf.get(name), item])) },
    parameters: Object.fromEntries(point.map(({ name, item }) => [name, item])),
  }));
  // Sound: row by row, each value comes from the schema that ConfigOf derives its type from, or is the
  // default.
  const loaded = {
    config: values,
    sources,
    points,
    lists: lists.map(({ key }) => key),
  } as unknown as Loaded<Table>;
  const isValid = (...keys: (keyof Table)[]) => keys.every((key) => !refused.has(String(key)));
  const findings = loaded.points.map(({ config }) => check?.({ ...loaded, config }, isValid));
  const title = errors.length === 0 ? findings[0]?.title : undefined;
  errors.push(...new Set(findings.flatMap((found) => found?.errors ?? [])));
  if (errors.length > 0) throw new UserError(errors.join('\n'), undefined, title);
  const found = findings.flatMap((finding) => finding?.warnings ?? []);
  return { ...loaded, warnings: [...new Set([...file.warnings, ...found])] };
}

interface Found {
  readonly source: Source;
  /** Words of a flag or variable; `undefined` for an option without its value. */
  readonly words?: readonly (string | undefined)[];
  /** Value in a file. */
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

/** The items of a list, or the value itself; an error if the list cannot be read. */
function itemsOf(row: OptionRow, found: Found): readonly Found[] | { error: string } {
  const { source, entry, words = [] } = found;
  if (row.sweeps === undefined) return [found];
  try {
    const items = listItems(entry === undefined ? words[0] : entry.value);
    if (items === undefined) return [found];
    return items.map((item) =>
      entry === undefined ? { source, words: [String(item)] } : { source, entry: { ...entry, value: item } },
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const name = entry === undefined ? source.name : `${entry.valueAt}: ${entry.name}`;
    return { error: `${name} ${error.message}.` };
  }
}

/** Reads and validates a value, or returns the error. */
function resolveValue(
  row: OptionRow,
  found: Found,
  table: OptionTable,
): { value: unknown } | { error: string } {
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
  const hint = guess === undefined ? '' : ` Did you mean ${guess}?`;
  return { error: refusal(name, row, value) + hint + listHint(row, value, table) };
}

/** A hint if a list was given where none is allowed. */
function listHint(row: OptionRow, value: unknown, table: OptionTable): string {
  const items = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [];
  const single = (item: unknown) => row.schema.safeParse(readEntry(row, item)).success;
  if (row.takes !== 'one' || row.repeats || items.length < 2 || !items.every(single)) return '';
  const sweeps = Object.values(table).filter((other) => other.sweeps !== undefined);
  return sweeps.length === 0
    ? ' It takes one value.'
    : ` It takes one value; a sweep is a list of ${orList(sweeps.map(nameOf))}.`;
}

function readWords(row: OptionRow, words: readonly (string | undefined)[]): unknown {
  if (row.takes === 'nothing' || (row.mayBeEmpty && words.every((word) => word === undefined)))
    return row.read(words.filter((word) => word !== undefined));
  const present = words.filter((word) => word !== undefined && (word !== '' || row.allowsEmpty));
  if (present.length < words.length) throw new UserError(`needs a value: ${row.expects}`);
  return row.read(present.filter((word) => word !== undefined));
}

/** Strings in a file are parsed as on the command line, also within lists; other values are used unchanged. */
function readEntry(row: OptionRow, value: unknown): unknown {
  if (Array.isArray(value)) {
    if (row.isMapping && value.length > 0)
      return merged(
        value.map((item) => readEntry(row, item)),
        row,
      );
    const isText = value.every((item) => typeof item === 'string' && item !== '');
    return row.repeats && isText ? row.read(value) : value;
  }
  if (typeof value !== 'string') return value;
  if (value === '' && !row.allowsEmpty) throw new UserError(`needs a value: ${row.expects}`);
  return row.read([value]);
}

function merged(mappings: readonly unknown[], row: OptionRow): unknown {
  const other = mappings.find((mapping) => !isObject(mapping));
  if (other !== undefined)
    throw new UserError(`expects ${row.expects}, got ${valueWords(other)} in its list`);
  return Object.assign({}, ...mappings);
}

async function readFile(
  table: OptionTable,
  line: CommandLine,
  env: Readonly<Record<string, string | undefined>>,
  refuse?: Refuse,
): Promise<ConfigFile> {
  const [path] = line.words.get('configFile') ?? [];
  // An invalid path is reported by its own option.
  if (path === undefined || table.configFile?.schema.safeParse(path).success !== true) {
    return { entries: new Map(), errors: [], warnings: [] };
  }
  const file = await readConfigFile(table, path, env, refuse);
  for (const [key, { value }] of file.entries) learnSecrets(secretsOfValue(value, table[key]));
  return file;
}
