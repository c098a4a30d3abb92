import { type Random, type RandomStreams, randomStreams } from '../../util/random.js';
import type { AgenticSettings, LogNormal } from './settings.js';

/** Why a session has no further turn. */
export type SessionEnd = 'context' | 'reset' | 'turns' | 'restart';

/** One request of a session. Lengths in tokens. */
export interface AgenticTurn {
  /** All that the request holds: earlier requests, their answers and `newTokens`. */
  readonly contextTokens: number;
  readonly newTokens: number;
  readonly outputTokens: number;
  /** Wait after the answer before it, ms. */
  readonly delayMs: number;
}

export interface AgenticSession {
  readonly id: string;
  readonly group: number;
  /** At least one. */
  readonly turns: readonly AgenticTurn[];
  readonly end: SessionEnd;
}

/** Where a restarted session goes on. */
export interface Restart {
  readonly number: number;
  readonly group: number;
  /** Context of its first turn, before the limit. */
  readonly contextTokens: number;
}

export interface AgenticSessions {
  /** Session `number`, always the same; with `restarts`, it ends at a turn at which another one takes over. */
  session(number: number, restarts: boolean): AgenticSession;
  continuation(restart: Restart): AgenticSession;
  /** Whether a session of `count` is continued after a restart. */
  isRestarted(number: number, count: number): boolean;
}

/** Fewest tokens of an answer, unless their maximum is lower. */
const LEAST_OUTPUT = 30;
const MOST_DRAWS = 100;
/** Restarts end after this share of the sessions. */
const RESTARTS_UNTIL = 0.75;

/** @param seed each session depends on it and its number alone. */
export function openSessions(settings: AgenticSettings, seed: number): AgenticSessions {
  const first = randomStreams(seed, 'agentic-session');
  const continued = randomStreams(seed, 'agentic-continuation');
  const restarted = randomStreams(seed, 'agentic-restart');
  const { maxPromptTokens: limit, blockSize, turns: turnCount } = settings;
  // A session's own text begins with a block of its own: a block never holds shared and other text.
  const wholeBlocks = (tokens: number) => Math.ceil(tokens / blockSize) * blockSize;
  const sharedTokens = wholeBlocks(settings.systemTokens) + wholeBlocks(settings.groupTokens);
  const upToGroup = zipfSums(settings.groups, settings.zipfAlpha);

  return {
    session(number, restarts) {
      const random = first(number);
      const id = idOf(first, number);
      const group = groupOf(random);
      if (turnCount !== undefined) return { id, group, ...countedTurns(turnCount, random) };
      const [from, below] = settings.restartTurns;
      const restartAt = restarts ? from + random.integer(below - from) : Number.POSITIVE_INFINITY;
      return { id, group, ...openTurns(firstContext(random), restartAt, random) };
    },
    continuation({ number, group, contextTokens }) {
      const random = continued(number);
      const context = Math.min(contextTokens, limit - 1);
      return { id: idOf(continued, number), group, ...openTurns(context, Number.POSITIVE_INFINITY, random) };
    },
    isRestarted(number, count) {
      const progress = number / Math.max(1, count - 1);
      const chance = settings.restartProbability * Math.max(0, 1 - progress / RESTARTS_UNTIL);
      return turnCount === undefined && restarted(number).uniform() < chance;
    },
  };

  function idOf(streams: RandomStreams, number: number): string {
    const random = streams(-1 - number);
    return `sess-${Array.from({ length: 12 }, () => random.integer(16).toString(16)).join('')}`;
  }

  function groupOf(random: Random): number {
    const drawn = random.uniform() * (upToGroup.at(-1) ?? 0);
    const group = upToGroup.findIndex((sum) => drawn < sum);
    return group < 0 ? upToGroup.length - 1 : group;
  }

  function firstContext(random: Random): number {
    const own = Math.max(1, Math.floor(drawLogNormal(settings.sessionTokens, random)));
    return Math.min(sharedTokens + own, limit - 1);
  }

  /** Turns until the context is full, a reset, or a restart. */
  function openTurns(context: number, restartAt: number, random: Random) {
    const turns = [firstTurn(context, random)];
    for (;;) {
      if (turns.length === restartAt) return { turns, end: 'restart' } as const;
      const next = nextTurn(turns.at(-1) as AgenticTurn, random);
      if (next.contextTokens >= limit) return { turns, end: 'context' } as const;
      if (isReset(next.contextTokens, random)) return { turns, end: 'reset' } as const;
      turns.push({ ...next, outputTokens: outputTokens(random) });
    }
  }

  /** A session of a drawn number of turns, drawn again while it does not fit the context. */
  function countedTurns(count: NonNullable<AgenticSettings['turns']>, random: Random) {
    const { min = 1, max = Number.POSITIVE_INFINITY, attempts } = count;
    const wanted = Math.min(Math.max(Math.round(drawLogNormal(count, random)), min), max);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const turns = [firstTurn(firstContext(random), random)];
      while (turns.length < wanted) {
        const next = nextTurn(turns.at(-1) as AgenticTurn, random);
        if (next.contextTokens >= limit) break;
        turns.push({ ...next, outputTokens: outputTokens(random) });
      }
      if (turns.length === wanted) return { turns, end: 'turns' } as const;
      if (count.mayTruncate) return { turns, end: 'context' } as const;
    }
    throw new SessionError(`no session of ${wanted} turns fits ${limit} tokens in ${attempts} attempts`);
  }

  function firstTurn(contextTokens: number, random: Random): AgenticTurn {
    return { contextTokens, newTokens: contextTokens, outputTokens: outputTokens(random), delayMs: 0 };
  }

  function nextTurn(before: AgenticTurn, random: Random): AgenticTurn {
    const delayMs = delay(before.contextTokens, random);
    const newTokens = Math.max(
      1,
      Math.floor(drawLogNormal(settings.newTokens, random, settings.newTokens.bias)),
    );
    const contextTokens = before.contextTokens + before.outputTokens + newTokens;
    return { contextTokens, newTokens, outputTokens: 0, delayMs };
  }

  function outputTokens(random: Random): number {
    const { max = Number.POSITIVE_INFINITY } = settings.generation;
    const least = Math.min(LEAST_OUTPUT, Math.floor(max));
    return Math.floor(Math.max(least, drawLogNormal(settings.generation, random)));
  }

  /** Shorter with a longer context, to a fifth at the limit. */
  function delay(contextTokens: number, random: Random): number {
    const { agenticShare, agentic, human, max = Number.POSITIVE_INFINITY } = settings.delay;
    const drawn = drawLogNormal(random.uniform() < agenticShare ? agentic : human, random);
    return Math.min(max, Math.min(max, drawn) * Math.max(0.2, 1 - (0.8 * contextTokens) / limit));
  }

  function isReset(contextTokens: number, random: Random): boolean {
    const { reset } = settings;
    if (reset === undefined) return false;
    return random.uniform() < reset.probability * (1 + ((reset.scaling - 1) * contextTokens) / limit);
  }
}

/** The settings cannot be met. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
}

/** Of a log-normal, the median is exp(mu) and the mean exp(mu + sigma^2 / 2). @param factor of all but the bounds. */
function drawLogNormal({ mean, median, min, max }: LogNormal, random: Random, factor = 1): number {
  const [mu, sigma] = [Math.log(median * factor), Math.sqrt(2 * Math.log(mean / median))];
  let drawn = 0;
  for (let draw = 0; draw < MOST_DRAWS; draw++) {
    drawn = Math.exp(random.normal(mu, sigma));
    if (drawn >= (min ?? 0) && drawn <= (max ?? Number.POSITIVE_INFINITY)) return drawn;
  }
  return Math.min(Math.max(drawn, min ?? 0), max ?? Number.POSITIVE_INFINITY);
}

function zipfSums(groups: number, alpha: number): readonly number[] {
  let sum = 0;
  return Array.from({ length: groups }, (_, group) => {
    sum += 1 / (group + 1) ** alpha;
    return sum;
  });
}
