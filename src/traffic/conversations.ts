import type { RequestFacts } from './facts.js';
import { KEY_WORDS } from './salted-hash.js';

/** Requests that a later one may extend; the oldest is forgotten first. */
const MOST_OPEN = 500_000;

/** A request's place in its conversation. */
export interface Place {
  /** From 0, in order of appearance. */
  readonly conversation: number;
  /** From 1. */
  readonly turn: number;
  /** The turn before; undefined for the first. */
  readonly previous: RequestLengths | undefined;
}

type RequestLengths = Pick<RequestFacts, 'atMs' | 'endMs' | 'inputLength' | 'outputLength'>;

interface Open {
  readonly conversation: number;
  readonly turn: number;
  readonly lengths: RequestLengths;
}

/**
 * Finds the turns of conversations: a chat continues an earlier one if it begins with all of that one's messages and an
 * answer. Of two that continue the same chat, the second starts a conversation of its own. Requests must come in order.
 */
export class Conversations {
  readonly #open = new Map<string, Open>();
  #count = 0;

  place(facts: RequestFacts): Place {
    const [own, ...earlier] = keysOf(facts.chat);
    const previous = this.#take(earlier);
    const conversation = previous?.conversation ?? this.#count++;
    const turn = (previous?.turn ?? 0) + 1;
    if (own !== undefined) {
      const { atMs, endMs, inputLength, outputLength } = facts;
      this.#open.delete(own);
      this.#open.set(own, { conversation, turn, lengths: { atMs, endMs, inputLength, outputLength } });
      if (this.#open.size > MOST_OPEN) this.#forgetOldest();
    }
    return { conversation, turn, previous: previous?.lengths };
  }

  #take(keys: readonly string[]): Open | undefined {
    for (const key of keys) {
      const open = this.#open.get(key);
      if (open === undefined) continue;
      this.#open.delete(key);
      return open;
    }
    return undefined;
  }

  #forgetOldest(): void {
    for (const key of this.#open.keys()) {
      this.#open.delete(key);
      return;
    }
  }
}

function keysOf(words: Uint32Array): string[] {
  const keys: string[] = [];
  for (let at = 0; at < words.length; at += KEY_WORDS)
    keys.push(String.fromCharCode(...new Uint16Array(words.slice(at, at + KEY_WORDS).buffer)));
  return keys;
}
