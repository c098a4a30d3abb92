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

/** `the wall clock was set forward by 5.0 s`. @param driftMs change of the offset of that clock. */
export function setText(driftMs: number): string {
  return `the wall clock was set ${driftMs < 0 ? 'forward' : 'back'} by ${(Math.abs(driftMs) / 1000).toFixed(1)} s`;
}
