/**
 * Hands out session and request numbers of a phase, each once. Limits are those of the whole phase; a quota for a share
 * of the phase applies its share of each limit.
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
  /** Takes a slot for a request that waits for its first token; false when `limit` are taken. */
  takePrefill(limit: number): boolean;
  freePrefill(): void;
  prefillIsFull(limit: number): boolean;
  /** This quota's share of a limit. */
  shareOf(limit: number): number;
}

/** Which part of the load a source sends: part `source` of `sources`, from 0. */
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
 * The quota of one of several sources that share no memory: a fixed share of each limit, and every `sources`-th number.
 * The shares add up to the limit.
 * @param own counts what the threads of this source have taken. @param requestLimit of this source, in place of that of
 * the phase.
 */
export function fixedShare(own: Quota, { source, sources }: SourceShare, requestLimit: number): Quota {
  const shareOf = (limit: number) => evenShare(limit, sources, source);
  const numberOf = (taken: number | undefined) =>
    taken === undefined ? undefined : taken * sources + source;
  return {
    takeSession: (limit) => numberOf(own.takeSession(shareOf(limit))),
    sessionsAreTaken: (limit) => own.sessionsAreTaken(shareOf(limit)),
    takeRequest: () => numberOf(own.takeRequest(requestLimit)),
    requestsAreTaken: () => own.requestsAreTaken(requestLimit),
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
