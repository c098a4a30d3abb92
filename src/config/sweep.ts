import { UserError } from '../util/errors.js';
import { MAX_POINTS } from '../util/limits.js';
import { andList } from '../util/lists.js';

/**
 * The sweepable parameters in grid order, slowest first. Names appear in folders and files, `path` is the
 * place in the resolved configuration, `title` heads a column, `integer` values are integers. `load` puts more
 * pressure on the same work, `work` changes the work, and `extent` only prolongs the run.
 */
export const sweepable = {
  isl: { path: 'datasets.main.prompts.isl.mean', title: 'ISL', integer: true, role: 'work' },
  isl_stddev: { path: 'datasets.main.prompts.isl.stddev', title: 'ISL stddev', integer: false, role: 'work' },
  osl: { path: 'datasets.main.prompts.osl.mean', title: 'OSL', integer: true, role: 'work' },
  osl_stddev: { path: 'datasets.main.prompts.osl.stddev', title: 'OSL stddev', integer: false, role: 'work' },
  turns: { path: 'datasets.main.turns.mean', title: 'Turns', integer: true, role: 'work' },
  concurrency: { path: 'phases.profiling.concurrency', title: 'Concurrency', integer: true, role: 'load' },
  duration: { path: 'phases.profiling.duration', title: 'Duration (s)', integer: false, role: 'extent' },
  prefill_concurrency: {
    path: 'phases.profiling.prefill_concurrency',
    title: 'Prefill concurrency',
    integer: true,
    role: 'load',
  },
  rate: { path: 'phases.profiling.rate', title: 'Request rate', integer: false, role: 'load' },
  requests: { path: 'phases.profiling.requests', title: 'Requests', integer: true, role: 'extent' },
  sessions: { path: 'phases.profiling.sessions', title: 'Sessions', integer: true, role: 'extent' },
  users: { path: 'phases.profiling.users', title: 'Users', integer: true, role: 'load' },
} as const;

export type SweepName = keyof typeof sweepable;

/** The swept options of one point, by name in grid order; empty for a single run. */
export type Parameters = { readonly [Name in SweepName]?: number };

/** The items of a list as given. */
export interface SweepList<Item> {
  readonly name: SweepName;
  readonly items: readonly Item[];
}

/**
 * The points of a sweep: every combination, the last list varying fastest (`grid`), or the n-th items of all
 * lists together (`zip`).
 * @param lists in any order; `zip` needs equal lengths. @returns the items of each point in grid order.
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
 * Why lists form no valid sweep; undefined if they do.
 * @param nameOf the option of a key as the user wrote it.
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
  // A grid repeats a point if a list repeats an item; a zip only if all lists repeat it together.
  const candidates = isZip
    ? [
        {
          name: andList(names),
          items: lists[0]?.items.map((_, i) => andList(lists.map(({ items }) => `${items[i]}`))) ?? [],
        },
      ]
    : lists.map(({ items }, i) => ({ name: names[i] ?? '', items }));
  for (const { name, items } of candidates) {
    const repeated = items.find((item, i) => items.indexOf(item) < i);
    if (repeated !== undefined) {
      return `${name} ${isZip ? 'hold' : 'holds'} ${repeated} twice: each point is run once, and --num-profile-runs repeats it.`;
    }
  }
  return undefined;
}

/**
 * The items of an option's text or of a list in a file; undefined for a single value.
 * @throws UserError whose message continues the option's name.
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
