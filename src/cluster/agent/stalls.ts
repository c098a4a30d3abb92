import type { JudgedThread } from '../../fidelity/verdict.js';

/** The same threads with the longest stalls of all of them alone, at most `most`, in chronological order. */
export function withLongestStalls<Thread extends Pick<JudgedThread, 'stalls'>>(
  threads: readonly Thread[],
  most: number,
): (Omit<Thread, 'stalls'> & { stalls: Thread['stalls'][number][] })[] {
  const lengths = threads.flatMap(({ stalls }) => stalls.map(({ startNs, endNs }) => endNs - startNs));
  const least = lengths.sort((a, b) => b - a)[most - 1] ?? 0;
  let left = most;
  return threads.map((thread) => ({
    ...thread,
    stalls: thread.stalls.filter(({ startNs, endNs }) => endNs - startNs >= least && left-- > 0),
  }));
}
