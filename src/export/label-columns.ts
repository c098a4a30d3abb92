/**
 * Labels as columns, so that cells that are filled together are side by side: labels that occur together form a group,
 * groups are sorted by their first name, and in a group the labels of a single series come before all others.
 * @param series the names of the labels of each, sorted.
 */
export function labelColumns(series: readonly (readonly string[])[]): string[] {
  const groups = new Map<string, Set<string>>();
  const counts = new Map<string, number>();
  for (const names of series) {
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    // The usual case: a set of names that was there before.
    const [one] = names;
    const group = one === undefined ? undefined : groups.get(one);
    if (one === undefined || (group !== undefined && names.every((name) => group.has(name)))) continue;
    const joined = new Set(names.flatMap((name) => [name, ...(groups.get(name) ?? [])]));
    for (const name of joined) groups.set(name, joined);
  }
  const isShared = (name: string) => (counts.get(name) ?? 0) > 1;
  return [...new Set(groups.values())]
    .map((group) => [...group].sort())
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
    .flatMap((names) => [...names.filter((name) => !isShared(name)), ...names.filter(isShared)]);
}

/**
 * Names for columns of labels, where the file has columns of its own: a label of such a name becomes `exported_…`, as
 * Prometheus renames labels of a target that collide with its own.
 */
export function freeNames(labels: readonly string[], taken: readonly string[]): string[] {
  const used = new Set([...taken, ...labels]);
  return labels.map((label) => {
    if (!taken.includes(label)) return label;
    let name = label;
    while (used.has(name)) name = `exported_${name}`;
    used.add(name);
    return name;
  });
}
