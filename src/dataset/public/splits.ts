import { parse } from 'yaml';
import { globOf } from '../../util/glob.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';

/** The data files of each split, as paths in the repository. */
type Splits = ReadonlyMap<string, readonly string[]>;

/** The subsets of a data set, which the hub calls configurations. */
export interface Subsets {
  readonly byName: ReadonlyMap<string, Splits>;
  /** The one that is meant without a name; undefined if one must be named. */
  readonly meant: string | undefined;
}

/** The subset of a data set that has no names for them. */
const defaultSubset = 'default';

/**
 * The splits of a data set by the rules of Hugging Face's own `datasets`: what `configs` in its README lists, else
 * the names of its files.
 * @param readme '' for none.
 */
export function splitsOf(paths: readonly string[], readme: string): Subsets {
  const data = paths.filter(isDataFile);
  const byName = new Map<string, Splits>();
  let byDefault: string | undefined;
  for (const config of configsOf(readme)) {
    const splits = listedSplits(config, data);
    const name = typeof config.config_name === 'string' ? config.config_name : defaultSubset;
    if (splits.size > 0) byName.set(name, splits);
    if (splits.size > 0 && config.default === true) byDefault = name;
  }
  const named = namedSplits(data);
  if (byName.size === 0 && named.size > 0) byName.set(defaultSubset, named);
  return { byName, meant: byDefault ?? onlyOf(byName) };
}

/** The splits on the branch of Parquet files that the hub makes of data sets: `<subset>/<split>/0000.parquet`. */
export function convertedSplits(paths: readonly string[]): Subsets {
  const byName = new Map<string, Map<string, string[]>>();
  for (const path of [...paths].sort()) {
    const [, subset, split] = /^([^/]+)\/(?:partial-)?([^/]+)\/[^/]+\.parquet$/.exec(path) ?? [];
    if (subset === undefined || split === undefined) continue;
    const splits = byName.get(subset) ?? new Map<string, string[]>();
    byName.set(subset, splits.set(split, [...(splits.get(split) ?? []), path]));
  }
  return { byName, meant: onlyOf(byName) };
}

function onlyOf(byName: ReadonlyMap<string, Splits>): string | undefined {
  const [first] = byName.keys();
  return byName.has(defaultSubset) ? defaultSubset : byName.size === 1 ? first : undefined;
}

const dataFile = /\.(parquet|jsonl|ndjson|json|csv)(\.gz)?$/i;

/** Whether a file can hold rows: its format is known, and it does not describe the data set. */
export function isDataFile(path: string): boolean {
  const name = path.split('/').at(-1) ?? '';
  return dataFile.test(name) && !/^(\.|_)|^(dataset_infos?|metadata|config)\.json$/i.test(name);
}

/** The `configs` of a README. */
function configsOf(readme: string): JsonObject[] {
  const [, header] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(readme) ?? [];
  if (header === undefined) return [];
  let json: Json;
  try {
    json = parse(header);
  } catch {
    return [];
  }
  return isObject(json) && Array.isArray(json.configs) ? json.configs.filter(isObject) : [];
}

function listedSplits(config: JsonObject, data: readonly string[]): Map<string, string[]> {
  const folder = typeof config.data_dir === 'string' ? `${config.data_dir.replace(/^\.?\/|\/$/g, '')}/` : '';
  const files = config.data_files ?? undefined;
  if (files === undefined) return namedSplits(data.filter((path) => path.startsWith(folder)));
  const splits = new Map<string, string[]>();
  for (const [split, patterns] of patternsOf(files)) {
    const matching = patterns.flatMap((pattern) => {
      const glob = globOf(folder + pattern.replace(/^\.?\//, ''));
      return data.filter((path) => glob.test(path)).sort();
    });
    if (matching.length > 0) splits.set(split, [...new Set(matching)]);
  }
  return splits;
}

/** `data_files` is one pattern, a list of patterns, a mapping of splits, or a list of `{split, path}`. */
function patternsOf(files: Json): [string, string[]][] {
  if (Array.isArray(files) && files.some(isObject)) {
    return files.filter(isObject).map(({ split, path }) => [String(split ?? 'train'), textsOf(path)]);
  }
  if (isObject(files)) return Object.entries(files).map(([split, path]) => [split, textsOf(path)]);
  return [['train', textsOf(files)]];
}

function textsOf(value: Json | undefined): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
}

/** Words in the names of files and folders that mean a split. */
const splitWords: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'val', 'dev'],
  test: ['test', 'testing', 'eval', 'evaluation'],
};

/** Splits by names: `data/<split>-00000-of-00001.parquet`, or a word anywhere in the path; without either all is train. */
function namedSplits(data: readonly string[]): Map<string, string[]> {
  const files = oneFormat(data).sort();
  const sharded = new Map<string, string[]>();
  for (const path of files) {
    const [, split] = /(?:^|\/)data\/([\w.-]+?)-\d{5}-of-\d{5}[^/]*$/.exec(path) ?? [];
    if (split !== undefined) sharded.set(split, [...(sharded.get(split) ?? []), path]);
  }
  if (sharded.size > 0) return sharded;
  const splits = new Map<string, string[]>();
  for (const [split, words] of Object.entries(splitWords)) {
    const word = new RegExp(`(^|[^a-z])(${words.join('|')})([^a-z]|$)`, 'i');
    const matching = files.filter((path) => word.test(path));
    if (matching.length > 0) splits.set(split, matching);
  }
  return splits.size > 0 || files.length === 0 ? splits : new Map([['train', files]]);
}

/** The files of the most frequent format: others repeat the same rows. */
function oneFormat(data: readonly string[]): string[] {
  const formats = new Map<string, string[]>();
  for (const path of data) {
    const [, format = ''] = dataFile.exec(path) ?? [];
    formats.set(format, [...(formats.get(format) ?? []), path]);
  }
  const [most = []] = [...formats.values()].sort((a, b) => b.length - a.length);
  return most;
}
