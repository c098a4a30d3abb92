export interface PhaseLimits {
  /** Absent: the phase has no time limit and waits for every response. */
  readonly durationNs?: number | undefined;
  /** Time for requests in flight after the duration; Infinity: unlimited. */
  readonly graceNs: number;
}

/** Times after the phase's start; Infinity: never. */
export interface PhaseEnd {
  /** No request that is due from this time on is issued. */
  readonly issueUntilNs: number;
  /** Requests still in flight are cancelled at this time, even if a count ended issuing before the duration. */
  readonly cutAtNs: number;
}

/** Which share of the requests may fail. */
export interface FailureLimit {
  /** 0 to 1. */
  readonly share: number;
  /** Requests that must have ended before the share is judged. */
  readonly afterRequests: number;
}

/** Whether more requests failed than allowed; those cancelled on purpose count neither way. */
export function failsTooOften(
  { returned, failed, cancelled }: Readonly<Record<'returned' | 'failed' | 'cancelled', number>>,
  { share, afterRequests }: FailureLimit,
): boolean {
  const judged = returned - cancelled;
  return judged >= afterRequests && failed > share * judged;
}

/** When a phase stops issuing and when it stops waiting. The grace period only applies with a duration. */
export function phaseEnd({ durationNs = Number.POSITIVE_INFINITY, graceNs }: PhaseLimits): PhaseEnd {
  return { issueUntilNs: durationNs, cutAtNs: durationNs + graceNs };
}
