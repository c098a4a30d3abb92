/** `a`, `a or b`, `a, b or c`. */
export function orList(names: readonly string[]): string {
  return joined(names, 'or');
}

/** `a`, `a and b`, `a, b and c`. */
export function andList(names: readonly string[]): string {
  return joined(names, 'and');
}

function joined(names: readonly string[], last: string): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`;
}

/** Items by a key, in the order in which they come. */
export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
