// How two lists, values or trees differ, in one line for each difference.

/** What one list has and the other has not. */
export function setDifferences(what: string, theirs: readonly string[], ours: readonly string[]): string[] {
  return [
    ...theirs.filter((name) => !ours.includes(name)).map((name) => `${what} ${name} is missing`),
    ...ours.filter((name) => !theirs.includes(name)).map((name) => `${what} ${name} is new`),
  ];
}

/** Those, and whether what both have stands in the same order. */
export function listDifferences(what: string, theirs: readonly string[], ours: readonly string[]): string[] {
  const common = (list: readonly string[], other: readonly string[]) =>
    list.filter((name) => other.includes(name)).join(' | ');
  const [a, b] = [common(theirs, ours), common(ours, theirs)];
  const order = a === b ? [] : [`order of ${what} is ${b}, there ${a}`];
  return [...setDifferences(what, theirs, ours), ...order];
}

export function valueDifference(what: string, theirs: string, ours: string): string[] {
  return theirs === ours ? [] : [`${what} is ${ours}, there ${theirs}`];
}

/** How a number is written: 1 and 1.0 are two forms. */
export function formOf(text: string | undefined): string {
  if (text === undefined) return 'nothing';
  if (text.startsWith('[')) return 'list';
  return /^-?\d+$/.test(text) ? 'integer' : /^-?\d+(\.\d+|(\.\d+)?e[+-]\d\d+)$/.test(text) ? 'float' : text;
}

/** The keys of an object and of the objects in it, from the outside inwards. */
export function keyPaths(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [path + key, ...keyPaths(inner, `${path}${key}.`)]);
}

/** Leaves of two trees of JSON: which are missing or new, and which have another value where a run does not make it. */
export function treeDifferences(what: string, theirs: unknown, ours: unknown): string[] {
  const [a, b] = [new Map(leaves(theirs)), new Map(leaves(ours))];
  return [
    ...setDifferences(what, [...a.keys()], [...b.keys()]),
    ...[...a].flatMap(([path, value]) => {
      const own = b.get(path);
      return own === undefined ? [] : valueDifference(`value of ${what} ${path}`, value, own);
    }),
  ];
}

/** Path and value of each leaf; empty objects and lists are leaves. What differs from run to run is masked. */
export function leaves(value: unknown, path = ''): [string, string][] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length > 0) {
    return entries.flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
  }
  return [[path, masked(path, value)]];
}

function masked(path: string, value: unknown): string {
  if (/(^|\.)(urls\.\d+|dir|path|artifact_dir|cli_command)$/.test(path)) return typeof value;
  if (/_ns$|benchmark_id$|sweep_id$/.test(path)) return typeof value;
  if (path === 'tokenizer.name' || path === 'cfg.tokenizer.name') return typeof value;
  return JSON.stringify(value);
}
