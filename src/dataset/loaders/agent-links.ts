/** How an agent of a file is tied to others. Agents are named by their session ids. */
export interface AgentLinks {
  readonly sessionId: string;
  /** Agents that start together with it. */
  readonly startsWith: readonly string[];
  /** One for each of its turns. */
  readonly turns: readonly TurnLinks[];
}

/** What a turn starts when it has returned, and what it waits for before it is sent. */
export interface TurnLinks {
  /** Agents that start with its whole history. */
  readonly forks: readonly string[];
  readonly spawns: readonly Spawn[];
  readonly waitsFor: readonly TurnName[];
}

/** Agents that start without history. */
interface Spawn {
  readonly children: readonly string[];
  /** The turn of the parent that waits for their last turns; absent: none does. */
  readonly joinAt?: number | undefined;
}

/** A turn of an agent; the last if no number is given. */
export interface TurnName {
  readonly sessionId: string;
  readonly turn?: number | undefined;
}

/** An agent of a session, with its place in the conversation graph. */
export interface LinkedAgent {
  readonly sessionId: string;
  /** Number of the agent that starts it; undefined for the first. */
  readonly parent: number | undefined;
  /** Number of the turn with whose history it starts; undefined: it starts without. */
  readonly forkOf: number | undefined;
  /** Number of its first turn. */
  readonly firstTurn: number;
  /** Per turn: the numbers of the turns of other agents that it waits for. */
  readonly waitsFor: readonly number[][];
}

/** An error in the links of an agent; the caller adds its file and line. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
  readonly sessionId: string;

  constructor(sessionId: string, message: string) {
    super(message);
    this.sessionId = sessionId;
  }
}

/** Agents of one session: a child that several turns start is there several times. */
const MAX_AGENTS = 10_000;

/**
 * The agents of one session in the order in which they are numbered: the root, then each agent's children.
 * @param linksOf the links of an agent by its session id; there must be no cycle among them.
 * @throws LinkError if a turn waits for one that is not there, is there more than once, or waits for it.
 */
export function linkAgents(root: string, linksOf: (sessionId: string) => AgentLinks): LinkedAgent[] {
  const agents: LinkedAgent[] = [];
  let turns = 0;
  const add = (
    sessionId: string,
    origin: Pick<LinkedAgent, 'parent' | 'forkOf'>,
    after: readonly number[],
  ) => {
    const agent: LinkedAgent = {
      ...{ sessionId, ...origin, firstTurn: turns },
      waitsFor: linksOf(sessionId).turns.map((_, turn) => (turn === 0 ? [...after] : [])),
    };
    turns += agent.waitsFor.length;
    agents.push(agent);
    if (agents.length > MAX_AGENTS)
      throw new LinkError(root, `the session has more than ${MAX_AGENTS} agents`);
    return agent;
  };
  add(root, { parent: undefined, forkOf: undefined }, []);
  // The list grows while it is walked.
  for (let parent = 0; parent < agents.length; parent++) {
    const agent = agents[parent];
    if (agent === undefined) continue;
    const links = linksOf(agent.sessionId);
    for (const child of links.startsWith) add(child, { parent, forkOf: undefined }, agent.waitsFor[0] ?? []);
    for (const [place, { forks, spawns }] of links.turns.entries()) {
      const turn = agent.firstTurn + place;
      for (const child of forks) add(child, { parent, forkOf: turn }, [turn]);
      for (const { children, joinAt } of spawns) {
        for (const sessionId of children) {
          const child = add(sessionId, { parent, forkOf: undefined }, [turn]);
          if (joinAt !== undefined) agent.waitsFor[joinAt]?.push(child.firstTurn + child.waitsFor.length - 1);
        }
      }
    }
  }
  addNamedWaits(agents, linksOf);
  refuseCircles(agents);
  return agents;
}

function addNamedWaits(agents: readonly LinkedAgent[], linksOf: (sessionId: string) => AgentLinks): void {
  const byId = new Map<string, LinkedAgent[]>();
  for (const agent of agents) {
    const named = byId.get(agent.sessionId);
    if (named === undefined) byId.set(agent.sessionId, [agent]);
    else named.push(agent);
  }
  for (const { sessionId, waitsFor } of agents) {
    for (const [place, { waitsFor: names }] of linksOf(sessionId).turns.entries()) {
      for (const name of names) waitsFor[place]?.push(turnNamed(name, sessionId, place, byId));
    }
  }
}

function turnNamed(
  { sessionId, turn }: TurnName,
  waiting: string,
  place: number,
  byId: ReadonlyMap<string, readonly LinkedAgent[]>,
): number {
  const [named, second] = byId.get(sessionId) ?? [];
  const problem = (what: string) =>
    new LinkError(waiting, `turns[${place}] of session ${waiting} waits for session ${sessionId}, ${what}`);
  if (named === undefined) throw problem('which is not part of the same conversation graph');
  if (second !== undefined)
    throw problem('which the graph starts more than once: give each its own session_id');
  const count = named.waitsFor.length;
  if (turn !== undefined && turn >= count)
    throw problem(`turn ${turn}, but it has ${count} (counted from 0)`);
  return named.firstTurn + (turn ?? count - 1);
}

/** @throws LinkError if turns wait for each other in a circle: they would never be sent. */
function refuseCircles(agents: readonly LinkedAgent[]): void {
  const waits = agents.flatMap(({ waitsFor, firstTurn }) =>
    waitsFor.map((others, place) => (place === 0 ? others : [firstTurn + place - 1, ...others])),
  );
  const stuck = unsendable(waits);
  const start = stuck.findIndex((isStuck) => isStuck);
  if (start === -1) return;
  const names = agents.flatMap(({ sessionId, waitsFor }) =>
    waitsFor.map((_, place) => ({ sessionId, place })),
  );
  const path = circleFrom(start, (turn) => waits[turn]?.find((other) => stuck[other]));
  const words = path.map((turn) => `${names[turn]?.sessionId}[${names[turn]?.place}]`).join(' → ');
  throw new LinkError(
    names[path[0] ?? start]?.sessionId ?? '',
    `turns wait for each other in a circle: ${words}`,
  );
}

/** Per node: whether it is in a circle or waits, however indirectly, for one that is. */
export function unsendable(waits: readonly (readonly number[])[]): boolean[] {
  const left = waits.map((others) => others.length);
  const waiters: number[][] = waits.map(() => []);
  for (const [node, others] of waits.entries()) for (const other of others) waiters[other]?.push(node);
  const free = [...left.keys()].filter((node) => left[node] === 0);
  for (let at = 0; at < free.length; at++) {
    for (const waiter of waiters[free[at] ?? 0] ?? []) {
      left[waiter] = (left[waiter] ?? 0) - 1;
      if (left[waiter] === 0) free.push(waiter);
    }
  }
  return left.map((count) => count > 0);
}

/** The nodes of a circle that `next` leads to, the first of them repeated at the end. */
export function circleFrom(start: number, next: (node: number) => number | undefined): number[] {
  const places = new Map<number, number>();
  const path: number[] = [];
  for (let node: number | undefined = start; node !== undefined; node = next(node)) {
    const seen = places.get(node);
    if (seen !== undefined) return [...path.slice(seen), node];
    places.set(node, path.length);
    path.push(node);
  }
  return path;
}
