/** A whole number with commas between thousands: `1,234`. */
export function withThousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A number of things: `1 request`, `2 requests`, `1.5 CPUs`. @param many the plural, where it is not made by an s. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${value.toLocaleString('en-US')} ${value === 1 ? one : many}`;
}
