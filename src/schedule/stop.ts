export interface PhaseLimits {
  /** Absent: the phase has no time limit and waits for every response. */
  readonly durationNs?: number | undefined;
  /** Time for requests in flight after the duration; Infinity: unlimited. */
  readonly graceNs: number;
}

/** Times after the phase's start; Infinity: never. */
export interface PhaseEnd {
  /** No request is issued from this time on. */
  readonly issueUntilNs: number;
  /** Requests still in flight are cancelled at this time, even if a count ended issuing before the duration. */
  readonly cutAtNs: number;
}

/** When a phase stops issuing and when it stops waiting. The grace period only applies with a duration. */
export function phaseEnd({ durationNs = Number.POSITIVE_INFINITY, graceNs }: PhaseLimits): PhaseEnd {
  return { issueUntilNs: durationNs, cutAtNs: durationNs + graceNs };
}
