import { randomUUID } from 'node:crypto';
import { type Agent, agentsOf, type Conversation } from '../dataset/conversation.js';
import type { RequestTarget } from '../endpoint/url.js';
import type { AgentFacts, RequestRecord } from '../records/record.js';
import type { CachedConversation } from './conversation-cache.js';
import { Session } from './session.js';

interface TreeOptions {
  /** Number of the session among all sessions of the run. */
  readonly number: number;
  readonly script: CachedConversation;
  /** Of the conversation itself; every other agent has one of its own. */
  readonly correlationId: string;
  readonly target: RequestTarget;
  /** Most requests to send; at least one. */
  readonly requests: number;
}

/** An agent of the session. */
interface Member {
  readonly conversation: Conversation | Agent;
  /** Number of its first turn in the conversation graph. */
  readonly firstTurn: number;
  readonly correlationId: string;
  readonly parent: Member | undefined;
  readonly depth: number;
  /** Set when its first turn is released. */
  session: Session | undefined;
}

interface GraphTurn {
  readonly member: Member;
  /** Numbers of the turns that wait for it. */
  readonly waiters: number[];
  /** Turns that it still waits for. */
  waits: number;
  /** When the last of those that have returned did. */
  sinceNs: number;
  /** Set when it has returned: its request, and the length of its agent's history. */
  requestId: string;
  pastLength: number;
}

/** An agent whose next turn waits for nothing any more. */
interface ReadyAgent {
  readonly session: Session;
  /** When the last of the turns that it waited for returned. */
  readonly sinceNs: number;
}

const unreturned = { requestId: '', pastLength: 0 };

/**
 * One pass through a conversation graph: a session of its own for each agent. A turn is released when all turns that it
 * waits for have returned, however they ended.
 */
export class SessionTree {
  readonly #options: TreeOptions;
  /** By number. */
  readonly #turns: GraphTurn[] = [];
  #unreleased: number;
  #unreturned: number;
  #isOver = false;
  /** Agents whose first turns wait for no other: the session starts with them. */
  readonly starters: readonly Session[];

  constructor(options: TreeOptions) {
    this.#options = options;
    const members: Member[] = [];
    for (const conversation of agentsOf(options.script.conversation)) {
      const member = this.#member(conversation, members);
      members.push(member);
      for (const _ of conversation.turns) {
        this.#turns.push({ member, waiters: [], waits: 0, sinceNs: Number.NEGATIVE_INFINITY, ...unreturned });
      }
    }
    for (const [number, turn] of this.#turns.entries()) {
      const earlier = this.#turnsBefore(number);
      turn.waits = earlier.length;
      for (const other of earlier) this.#turns[other]?.waiters.push(number);
    }
    this.#unreleased = Math.min(options.requests, this.#turns.length);
    this.#unreturned = this.#unreleased;
    const first = this.#turns.flatMap(({ waits }, number) => (waits === 0 ? [number] : []));
    this.starters = this.#release(first).map(({ session }) => session);
  }

  /** @returns the agents that turn `number` was the last to return for. */
  returned(number: number, { requestId, endNs }: RequestRecord): readonly ReadyAgent[] {
    const turn = this.#turns[number];
    if (turn === undefined) return [];
    turn.requestId = requestId;
    turn.pastLength = turn.member.session?.past.length ?? 0;
    this.#unreturned--;
    return this.#release(
      turn.waiters.filter((waiter) => {
        const waiting = this.#turns[waiter];
        if (waiting === undefined) return false;
        waiting.sinceNs = Math.max(waiting.sinceNs, endNs);
        return --waiting.waits === 0;
      }),
    );
  }

  /** Whether all turns have returned. */
  get hasReturned(): boolean {
    return this.#unreturned === 0;
  }

  /** Whether all turns but one have returned. */
  get isReturningLast(): boolean {
    return this.#unreturned === 1;
  }

  /** Ends the session; true the first time. */
  end(): boolean {
    const isFirst = !this.#isOver;
    this.#isOver = true;
    return isFirst;
  }

  /** For the record of an agent's current turn. */
  factsOf({ turnNumber, turn }: Session): AgentFacts {
    const member = this.#turns[turnNumber]?.member;
    const waitsFor = turn?.waitsFor?.map((number) => this.#turns[number]?.requestId ?? '');
    return {
      depth: member?.depth ?? 0,
      root: this.#options.correlationId,
      ...(member?.parent === undefined ? {} : { parent: member.parent.correlationId }),
      ...(waitsFor === undefined ? {} : { waitsFor }),
    };
  }

  #member(conversation: Conversation | Agent, members: readonly Member[]): Member {
    const parent = 'parent' in conversation ? members[conversation.parent] : undefined;
    return {
      conversation,
      firstTurn: this.#turns.length,
      correlationId: parent === undefined ? this.#options.correlationId : randomUUID(),
      parent,
      depth: parent === undefined ? 0 : parent.depth + 1,
      session: undefined,
    };
  }

  /** Numbers of the turns that a turn waits for, that before it included. */
  #turnsBefore(number: number): readonly number[] {
    const { conversation, firstTurn = 0 } = this.#turns[number]?.member ?? {};
    const others = conversation?.turns[number - firstTurn]?.waitsFor ?? [];
    return number === firstTurn ? others : [number - 1, ...others];
  }

  #release(numbers: readonly number[]): ReadyAgent[] {
    const released = numbers.slice(0, this.#unreleased);
    this.#unreleased -= released.length;
    return released.flatMap((number) => {
      const turn = this.#turns[number];
      if (turn === undefined) return [];
      turn.member.session ??= this.#open(turn.member);
      return [{ session: turn.member.session, sinceNs: turn.sinceNs }];
    });
  }

  #open({ conversation, correlationId, firstTurn }: Member): Session {
    const { number, target, script } = this.#options;
    const forkOf = 'forkOf' in conversation ? conversation.forkOf : undefined;
    const origin = forkOf === undefined ? undefined : this.#turns[forkOf];
    const past = origin?.member.session?.past.slice(0, origin.pastLength) ?? [];
    return new Session({
      ...{ number, correlationId, target },
      script: { conversation, payloads: script.payloads },
      agent: { tree: this, firstTurn, past },
    });
  }
}
