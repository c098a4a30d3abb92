/** How recorded times are replayed. Plain data; limits are ms of the replay, and undefined if there is none. */
export interface Pace {
  /** Recorded times and delays are divided by it. */
  readonly speedup: number;
  /** Longest delay before a turn. */
  readonly maxDelayMs: number | undefined;
  /** Longest time without a call in flight: of a session, and of all sessions together. */
  readonly maxSessionIdleMs: number | undefined;
  readonly maxIdleMs: number | undefined;
}

/** Times as recorded. */
export const asRecorded: Pace = {
  speedup: 1,
  maxDelayMs: undefined,
  maxSessionIdleMs: undefined,
  maxIdleMs: undefined,
};

interface Times {
  readonly timestampMs?: number | undefined;
  readonly delayMs?: number | undefined;
}

/** The times of a turn in the replay. */
export function paced(
  { timestampMs, delayMs }: Times,
  { speedup, maxDelayMs = Number.POSITIVE_INFINITY }: Pace,
): Times {
  return {
    timestampMs: timestampMs === undefined ? undefined : timestampMs / speedup,
    delayMs: delayMs === undefined ? undefined : Math.min(delayMs / speedup, maxDelayMs),
  };
}

interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Shortens the gaps between intervals, in which none of them is open.
 * @param limitMs longest gap; undefined: they stay. @returns the intervals moved, in the order given.
 */
export function withoutLongGaps(intervals: readonly Interval[], limitMs: number | undefined): Interval[] {
  if (limitMs === undefined) return [...intervals];
  const moved = [...intervals];
  const byStart = [...intervals.keys()].sort((a, b) => startOf(intervals, a) - startOf(intervals, b));
  let cutMs = 0;
  let openUntilMs = Number.POSITIVE_INFINITY;
  for (const place of byStart) {
    const interval = intervals[place];
    if (interval === undefined) continue;
    const { startMs, endMs } = interval;
    cutMs += Math.max(0, startMs - openUntilMs - limitMs);
    openUntilMs = openUntilMs === Number.POSITIVE_INFINITY ? endMs : Math.max(openUntilMs, endMs);
    moved[place] = { startMs: startMs - cutMs, endMs: endMs - cutMs };
  }
  return moved;
}

function startOf(intervals: readonly Interval[], place: number): number {
  return intervals[place]?.startMs ?? 0;
}
