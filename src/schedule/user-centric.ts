export interface UserPlanOptions {
  /** Concurrent users, N. */
  readonly users: number;
  /** Request rate of all users together, λ. */
  readonly ratePerSecond: number;
  /** Mean turns per conversation; S is this, rounded. */
  readonly turns: number;
}

/** The interval of the users, and those active at the start. Plain data. */
export interface UserPlan {
  readonly users: number;
  readonly ratePerSecond: number;
  /** Interval between two requests of one user: N/λ. */
  readonly gapNs: number;
  /** Interval between requests of consecutive users: 1/λ. */
  readonly staggerNs: number;
  /** Gaps between first and last turn of a user: max(1, S − 1). */
  readonly lifetime: number;
  /** By user number. User 1 is missing: it has just sent its last turn. */
  readonly founders: readonly Founder[];
}

/** A user in the middle of its conversation when the phase starts. */
interface Founder {
  /** From 2. */
  readonly user: number;
  readonly virtualAge: number;
  readonly turnsLeft: number;
  /** Its first request, in staggers after the phase's start; each of 1 … N − 1 occurs once. */
  readonly order: number;
}

/** A user that starts sending. */
export interface UserArrival {
  /** Number of the user, also its correlation ID. */
  readonly user: number;
  /** Sessions are numbered from 0, in order of user number. */
  readonly session: number;
  /** Due time of its first turn, integer ns after the phase's start. */
  readonly dueNs: number;
  /** Number of its conversation's turns to send, from the first. */
  readonly turns: number;
  /** Number of the arrival, from 0. */
  readonly place: number;
  /**
   * Number of its first request among all requests by planned time, from 0; each later one is `users` further on. Some
   * user has a request at every stagger.
   */
  readonly tick: number;
}

/**
 * Users that each send a turn every N/λ, one user every 1/λ, as in a long-running steady state: with i = 0 … N − 1 for
 * user i + 1 and lifetime L, a user's virtual age is a = (N − i)·L and it has L − ⌊a/N⌋ turns left, which is none for i
 * = 0.
 */
export function userPlan({ users, ratePerSecond, turns }: UserPlanOptions): UserPlan {
  const lifetime = Math.max(1, Math.round(turns) - 1);
  const orderOf = orders(users, lifetime);
  const founders = Array.from({ length: users - 1 }, (_, place) => {
    const i = place + 1;
    const virtualAge = (users - i) * lifetime;
    return {
      user: i + 1,
      virtualAge,
      turnsLeft: lifetime - Math.floor(virtualAge / users),
      order: orderOf(i, virtualAge),
    };
  });
  return {
    users,
    ratePerSecond,
    gapNs: Math.round((users * 1e9) / ratePerSecond),
    staggerNs: Math.round(1e9 / ratePerSecond),
    lifetime,
    founders,
  };
}

/**
 * All users in order of their first request, endless. A fresh user with all its turns starts at 0, then the founders.
 * Each user is replaced after its number of turns times the gap from its own first request, regardless of response
 * times.
 * @param turnsOf number of turns, at least 1, of a session's conversation.
 */
export function* userArrivals(
  plan: UserPlan,
  turnsOf: (session: number) => number,
): Generator<UserArrival, never, void> {
  const { users, ratePerSecond, founders } = plan;
  const founderAt = new Map(founders.map((founder) => [founder.order, founder]));
  // Time in integer staggers. A gap is N of them, so a user and its replacements share the ticks of one slot.
  const nextSpawn = Float64Array.from({ length: users }, (_, slot) => slot);
  let nextUser = users + 1;
  let place = 0;
  for (let tick = 0; ; tick++) {
    const slot = tick % users;
    if (nextSpawn[slot] !== tick) continue;
    const founder = founderAt.get(tick);
    const user = founder?.user ?? nextUser++;
    const session = user - 2;
    const turns = Math.min(founder?.turnsLeft ?? Number.POSITIVE_INFINITY, turnsOf(session));
    nextSpawn[slot] = tick + turns * users;
    yield { user, session, dueNs: Math.round((tick * 1e9) / ratePerSecond), turns, place: place++, tick };
  }
}

/**
 * Due time of a user's next turn: one gap after the previous due time, or the previous response if that is later. A
 * slow response delays only its own user, who does not catch up.
 */
export function nextSendNs(previousDueNs: number, returnNs: number, gapNs: number): number {
  return Math.max(returnNs, previousDueNs + gapNs);
}

/**
 * The order of the founders' first requests. If N and L have a common factor, ages alone would assign the same place
 * twice; places are then taken in steps coprime to N.
 */
function orders(users: number, lifetime: number): (i: number, virtualAge: number) => number {
  if (greatestCommonDivisor(users, lifetime) === 1) return (_, virtualAge) => users - (virtualAge % users);
  let step = 2;
  while (step < users && greatestCommonDivisor(users, step) !== 1) step++;
  if (step >= users) step = 1;
  return (i) => users - ((i * step) % users);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
