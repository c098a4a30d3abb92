/** `60.0 s (± 1.0 s) behind`: how far a clock is from the one that it was compared with. @param offsetMs of that one less its own. */
export function leadText({
  offsetMs,
  errorMs,
}: {
  readonly offsetMs: number;
  readonly errorMs: number;
}): string {
  const seconds = (ms: number) => `${(Math.abs(ms) / 1000).toFixed(1)} s`;
  return `${seconds(offsetMs)} (± ${seconds(errorMs)}) ${offsetMs > 0 ? 'behind' : 'ahead of'}`;
}
