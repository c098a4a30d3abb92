import type { Stall } from './thread-report.js';

/** A period with stalls close to each other; ns since the clock's origin. */
export interface Span {
  readonly startNs: number;
  readonly endNs: number;
  /** Total length of its stalls, over all threads. */
  readonly stalledNs: number;
}

// Stalls less than this apart belong to one span.
const NEAR_NS = 1e9;

/** Merges the stalls of all threads, in any order, that are within a second of each other. */
export function mergeStalls(stalls: readonly Stall[]): Span[] {
  const spans: { startNs: number; endNs: number; stalledNs: number }[] = [];
  for (const { startNs, endNs } of [...stalls].sort((a, b) => a.startNs - b.startNs)) {
    const last = spans.at(-1);
    if (last === undefined || startNs > last.endNs + NEAR_NS) {
      spans.push({ startNs, endNs, stalledNs: endNs - startNs });
    } else {
      last.endNs = Math.max(last.endNs, endNs);
      last.stalledNs += endNs - startNs;
    }
  }
  return spans;
}

const MAX_NAMED = 3;

/** The longest spans, in seconds since `zeroNs`: `0.4 s to 1.2 s, 9.0 s to 9.1 s and 2 more`. */
export function spansText(spans: readonly Span[], zeroNs: number): string {
  const seconds = (ns: number) => `${Math.max(0, (ns - zeroNs) / 1e9).toFixed(1)} s`;
  const named = [...spans]
    .sort((a, b) => b.stalledNs - a.stalledNs)
    .slice(0, MAX_NAMED)
    .sort((a, b) => a.startNs - b.startNs)
    .map(({ startNs, endNs }) => `${seconds(startNs)} to ${seconds(endNs)}`);
  const rest = spans.length - named.length;
  return rest > 0 ? `${named.join(', ')} and ${rest} more` : named.join(', ');
}
