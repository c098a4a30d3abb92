/** `--quick`: a hundredth of the load and one round, to see that a bench works; its figures mean nothing. */
export const quick = process.argv.includes('--quick');

/** How often each measurement is repeated, in turn with the others: `--rounds N`. */
export const rounds = quick ? 1 : Number(argument('--rounds') ?? 3);

/** `count`, or a small part of it with `--quick`. @param least what is needed for the bench to work at all. */
export function scaled(count: number, least = 10): number {
  return quick ? Math.max(least, Math.round(count / 50)) : count;
}

/** The value behind an option of the bench. */
export function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}
