/**
 * Hands out what a phase may send, each number once. Every limit is that of the whole phase; a quota that has only a
 * share of the phase applies its share of the limit.
 */
export interface Quota {
  /** Number of the next session; undefined when `limit` sessions were handed out. */
  takeSession(limit: number): number | undefined;
  sessionsAreTaken(limit: number): boolean;
  /** Number of the next request; undefined when `limit` requests were handed out. */
  takeRequest(limit: number): number | undefined;
  requestsAreTaken(limit: number): boolean;
  /** Takes a session slot; false when `limit` are taken. */
  takeSlot(limit: number): boolean;
  freeSlot(): void;
  /** Takes one of the places for requests that wait for their first token; false when `limit` are taken. */
  takePrefill(limit: number): boolean;
  freePrefill(): void;
  prefillIsFull(limit: number): boolean;
  /** Its part of a limit. */
  shareOf(limit: number): number;
}

/** Which part of the load a source sends: part `source` of `sources`. */
export interface SourceShare {
  readonly source: number;
  readonly sources: number;
}

/** Which sessions, ticks or users of a phase a thread takes: every `threads`-th, starting with `thread`. */
export interface ThreadShare {
  readonly thread: number;
  readonly threads: number;
}

/**
 * The quota of one source among several that share no memory: a fixed share of every limit, which add up to it, and
 * every `sources`-th number.
 * @param own what the threads of this source have taken together. @param cutByTime the schedule itself says which
 * requests a count keeps, so the count is not split.
 */
export function fixedShare(own: Quota, { source, sources }: SourceShare, cutByTime: boolean): Quota {
  const shareOf = (limit: number) => evenShare(limit, sources, source);
  const requestShare = cutByTime ? (limit: number) => limit : shareOf;
  const numberOf = (taken: number | undefined) =>
    taken === undefined ? undefined : taken * sources + source;
  return {
    takeSession: (limit) => numberOf(own.takeSession(shareOf(limit))),
    sessionsAreTaken: (limit) => own.sessionsAreTaken(shareOf(limit)),
    takeRequest: (limit) => numberOf(own.takeRequest(requestShare(limit))),
    requestsAreTaken: (limit) => own.requestsAreTaken(requestShare(limit)),
    takeSlot: (limit) => own.takeSlot(shareOf(limit)),
    freeSlot: () => own.freeSlot(),
    takePrefill: (limit) => own.takePrefill(shareOf(limit)),
    freePrefill: () => own.freePrefill(),
    prefillIsFull: (limit) => own.prefillIsFull(shareOf(limit)),
    shareOf,
  };
}

/** Part `i` of `total`, split into `parts` as evenly as whole numbers allow. */
export function evenShare(total: number, parts: number, i: number): number {
  return Math.floor(total / parts) + (i < total % parts ? 1 : 0);
}
