import { UserError } from '../util/errors.js';
import { MAX_POINTS } from '../util/limits.js';
import { andList } from '../util/lists.js';

/**
 * What a run can be swept over, in the order of a grid, the slowest first. The names stand in folders and files;
 * `path` is the place in the resolved configuration, `title` heads a column, and `whole` values are integers. A
 * `load` presses harder on the same work, `work` is another work, and an `extent` only goes on for longer.
 */
export const sweepable = {
  isl: { path: 'datasets.main.prompts.isl.mean', title: 'ISL', whole: true, role: 'work' },
  isl_stddev: { path: 'datasets.main.prompts.isl.stddev', title: 'ISL stddev', whole: false, role: 'work' },
  osl: { path: 'datasets.main.prompts.osl.mean', title: 'OSL', whole: true, role: 'work' },
  osl_stddev: { path: 'datasets.main.prompts.osl.stddev', title: 'OSL stddev', whole: false, role: 'work' },
  turns: { path: 'datasets.main.turns.mean', title: 'Turns', whole: true, role: 'work' },
  concurrency: { path: 'phases.profiling.concurrency', title: 'Concurrency', whole: true, role: 'load' },
  duration: { path: 'phases.profiling.duration', title: 'Duration (s)', whole: false, role: 'extent' },
  prefill_concurrency: {
    path: 'phases.profiling.prefill_concurrency',
    title: 'Prefill concurrency',
    whole: true,
    role: 'load',
  },
  rate: { path: 'phases.profiling.rate', title: 'Request rate', whole: false, role: 'load' },
  requests: { path: 'phases.profiling.requests', title: 'Requests', whole: true, role: 'extent' },
  sessions: { path: 'phases.profiling.sessions', title: 'Sessions', whole: true, role: 'extent' },
  users: { path: 'phases.profiling.users', title: 'Users', whole: true, role: 'load' },
} as const;

export type SweepName = keyof typeof sweepable;

/** The swept options of one point, by name, in the order of a grid; a plain run has none. */
export type Parameters = { readonly [Name in SweepName]?: number };

/** The items of a list, as given. */
export interface SweepList<Item> {
  readonly name: SweepName;
  readonly items: readonly Item[];
}

/**
 * The points of a sweep: every combination (`grid`), the last list varying fastest, or each list's first items, then
 * their second ones (`zip`).
 * @param lists in any order; `zip` needs them to be equally long. @returns for each point its items, list by list in
 * the order of a grid.
 */
export function sweepPoints<Item>(
  lists: readonly SweepList<Item>[],
  type: 'grid' | 'zip',
): { readonly name: SweepName; readonly item: Item }[][] {
  const order = Object.keys(sweepable);
  const sorted = [...lists].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  if (type === 'zip') {
    const length = sorted[0]?.items.length ?? 0;
    return Array.from({ length }, (_, i) =>
      sorted.flatMap(({ name, items }) => items.slice(i, i + 1).map((item) => ({ name, item }))),
    );
  }
  return sorted.reduce<{ readonly name: SweepName; readonly item: Item }[][]>(
    (points, { name, items }) => points.flatMap((point) => items.map((item) => [...point, { name, item }])),
    [[]],
  );
}

/**
 * Why lists do not make a sweep; undefined where they do.
 * @param nameOf gives the option of a key as the user wrote it.
 */
export function sweepFault(
  lists: readonly (SweepList<unknown> & { readonly key: string })[],
  type: unknown,
  nameOf: (key: string) => string,
): string | undefined {
  const names = lists.map(({ key }) => nameOf(key));
  const isZip = lists.length > 1 && type === 'zip';
  const lengths = lists.map(({ items }) => items.length);
  if (isZip && new Set(lengths).size > 1) {
    const counts = names.map((name, i) => `${name} has ${lengths[i]}`);
    return `--sweep-type zip takes one item of each list at a time, so they must be equally long: ${andList(counts)}.`;
  }
  const points = isZip ? (lengths[0] ?? 1) : lengths.reduce((product, length) => product * length, 1);
  if (points > MAX_POINTS) {
    return `${andList(names)} ${names.length === 1 ? 'makes' : 'make'} ${points} points: a sweep has at most ${MAX_POINTS}.`;
  }
  // In a grid a point comes twice where an item does; in a zip, where all of its items do.
  const candidates = isZip
    ? [
        {
          name: andList(names),
          items: lists[0]?.items.map((_, i) => andList(lists.map(({ items }) => `${items[i]}`))) ?? [],
        },
      ]
    : lists.map(({ items }, i) => ({ name: names[i] ?? '', items }));
  for (const { name, items } of candidates) {
    const twice = items.find((item, i) => items.indexOf(item) < i);
    if (twice !== undefined) {
      return `${name} ${isZip ? 'hold' : 'holds'} ${twice} twice: each point is run once, and --num-profile-runs repeats it.`;
    }
  }
  return undefined;
}

/**
 * The items of an option's text, or of a list in a file; undefined where it is a single value.
 * @throws UserError whose message goes on from the option's name.
 */
export function listItems(value: unknown): readonly unknown[] | undefined {
  const items = typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value;
  if (!Array.isArray(items) || (items.length < 2 && items !== value)) return undefined;
  const shown = `'${items.join(',')}'`;
  if (items.some((item) => item === '' || item === null)) {
    throw new UserError(`holds an empty item: ${shown}; a sweep is a list such as 10,50,100`);
  }
  return items;
}
