export interface UserPlanOptions {
  /** Users at a time, N. */
  readonly users: number;
  /** Requests per second of all users together, λ. */
  readonly ratePerSecond: number;
  /** Mean number of turns of a conversation; S is this, rounded. */
  readonly turns: number;
}

/** The users' rhythm, and who is there at the start. Plain data. */
export interface UserPlan {
  readonly users: number;
  readonly ratePerSecond: number;
  /** Between two sends of one user: N/λ. */
  readonly gapNs: number;
  /** Between the sends of two users that follow each other: 1/λ. */
  readonly staggerNs: number;
  /** Gaps between the first and the last turn of a user: max(1, S − 1). */
  readonly lifetime: number;
  /** By number. User 1 is not among them: it has just had its last turn. */
  readonly founders: readonly Founder[];
}

/** A user that is in the middle of its conversation when the phase starts. */
interface Founder {
  /** From 2. */
  readonly user: number;
  readonly virtualAge: number;
  readonly turnsLeft: number;
  /** Its first send comes this many staggers after the phase's start; each of 1 … N − 1 occurs once. */
  readonly order: number;
}

/** A user that appears. */
export interface UserArrival {
  /** Number of the user, which is its correlation id too. */
  readonly user: number;
  /** Sessions are numbered in the order of the users' numbers, from 0. */
  readonly session: number;
  /** When its first turn is due, whole ns after the phase's start. */
  readonly dueNs: number;
  /** It sends this many of its conversation's turns, the first ones. */
  readonly turns: number;
}

/**
 * Users that each send a turn every N/λ, one user every 1/λ, as if the flow had been going on for long: with
 * i = 0 … N − 1 for user i + 1 and the lifetime L, a user's virtual age is a = (N − i)·L and it has L − ⌊a/N⌋ turns
 * left. For i = 0 that is none.
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
 * All users in the order of their first sends, without end. At 0 a fresh user comes with all its turns, then the
 * founders; each user is replaced its turns times the gap after its own first send, however long its answers take.
 * @param turnsOf number of turns, at least 1, of the conversation that a session plays.
 */
export function* userArrivals(
  plan: UserPlan,
  turnsOf: (session: number) => number,
): Generator<UserArrival, never, void> {
  const { users, ratePerSecond, founders } = plan;
  const founderAt = new Map(founders.map((founder) => [founder.order, founder]));
  // Time in whole staggers. A gap is N of them, so a user and its replacements keep to the ticks of one slot.
  const nextSpawn = Float64Array.from({ length: users }, (_, slot) => slot);
  let nextUser = users + 1;
  for (let tick = 0; ; tick++) {
    const slot = tick % users;
    if (nextSpawn[slot] !== tick) continue;
    const founder = founderAt.get(tick);
    const user = founder?.user ?? nextUser++;
    const session = user - 2;
    const turns = Math.min(founder?.turnsLeft ?? Number.POSITIVE_INFINITY, turnsOf(session));
    nextSpawn[slot] = tick + turns * users;
    yield { user, session, dueNs: Math.round((tick * 1e9) / ratePerSecond), turns };
  }
}

/**
 * When a user's next turn is due: a gap after the previous one was due, or at once after the previous return if
 * that is later. A slow answer delays its own user only, and the delay is not caught up with.
 */
export function nextSendNs(previousDueNs: number, returnNs: number, gapNs: number): number {
  return Math.max(returnNs, previousDueNs + gapNs);
}

/**
 * The order of the founders' first sends. Where N and L have a common factor, ages alone would give the same place
 * twice; places are then taken by steps that have none in common with N.
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
