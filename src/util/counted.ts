/** An integer with thousands separators: `1,234`. */
export function withThousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A count with its noun: `1 request`, `2 requests`, `1.5 CPUs`. @param many the plural if it is irregular. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString('en-US')} ${value === 1 ? one : many}`;
}
