export interface PhaseLimits {
  /** Absent: the phase is not bounded in time, and waits for every response. */
  readonly durationNs?: number | undefined;
  /** How long requests in flight may take beyond the duration; Infinity: as long as they need. */
  readonly graceNs: number;
}

/** Times after the phase's start; Infinity: never. */
export interface PhaseEnd {
  /** Nothing is issued from here on. */
  readonly issueUntilNs: number;
  /** What is still in flight is cancelled. It does not come earlier where a count ended issuing before the duration. */
  readonly cutAtNs: number;
}

/** When a phase stops issuing and when it stops waiting. A grace period without a duration has no meaning. */
export function phaseEnd({ durationNs = Number.POSITIVE_INFINITY, graceNs }: PhaseLimits): PhaseEnd {
  return { issueUntilNs: durationNs, cutAtNs: durationNs + graceNs };
}
