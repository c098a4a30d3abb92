import type { TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import type { JsonObject } from '../util/json.js';
import { MAX_TOKENS } from '../util/limits.js';
import type { Asked, Chat } from './asked.js';
import { FactStore } from './fact-store.js';
import { PromptRenderer } from './rendering.js';
import { KEY_WORDS, SaltedHash } from './salted-hash.js';

/** What is known of the answer to a request. */
export interface Answered {
  /** Tokens of all answers together, as the server counted them; undefined: it did not. */
  readonly tokens: number | undefined;
  /** Text of the first answer, reasoning included, to be counted otherwise; undefined: not known. */
  readonly text: string | undefined;
}

/** One request of real traffic. */
export interface TrafficRequest {
  readonly asked: Asked;
  /** Undefined: the answer is not known. */
  readonly answered: Answered | undefined;
  /** Arrival, ms since any origin that all requests share; undefined: unknown. */
  readonly atMs: number | undefined;
  /** When the answer was complete; undefined: unknown. */
  readonly endMs: number | undefined;
}

/** Answers of a chat that a later part of it may follow, counted from its end. */
const MOST_ANSWERS = 8;

/**
 * Takes requests with their text, and keeps only facts of them. Nothing here throws an error that quotes a text.
 * @param blockSize tokens of a block.
 */
export class TrafficLog {
  readonly facts = new FactStore();
  /** In order of appearance. */
  readonly models: string[] = [];
  /** Requests without a known answer whose output limit stands for its length, and those with neither. */
  readonly unanswered = { withLimit: 0, withoutLimit: 0 };
  readonly #renderer: PromptRenderer;
  readonly #blockSize: number;
  readonly #hash = new SaltedHash();

  constructor(source: TokenizerSource, blockSize: number) {
    this.#renderer = new PromptRenderer(source);
    this.#blockSize = blockSize;
  }

  /** Chats that were rendered plainly although the tokenizer has a chat template. */
  get refusedChats(): number {
    return this.#renderer.hasTemplate ? this.#renderer.plainChats : 0;
  }

  get hasTemplate(): boolean {
    return this.#renderer.hasTemplate;
  }

  /**
   * Adds a request, one entry for each of its prompts that has tokens.
   * @throws Error if none has, or none can be rendered. @throws UserError if it cannot be kept.
   */
  add({ asked, answered, atMs = Number.NaN, endMs = Number.NaN }: TrafficRequest): void {
    const { choices, cacheScope } = asked;
    const prompts = asked.prompts
      .map((prompt) => ({ prompt, tokens: this.#renderer.tokensOf(prompt) }))
      .filter(({ tokens }) => tokens.ids.length > 0 && tokens.ids.length <= MAX_TOKENS);
    if (prompts.length === 0) throw new Error('no prompt has tokens');
    const model = this.#modelOf(asked.model);
    const outputLength = this.#outputOf(answered, asked, asked.prompts.length * choices);
    for (const { prompt, tokens } of prompts) {
      this.facts.add({
        atMs,
        endMs,
        model,
        inputLength: tokens.ids.length,
        outputLength,
        blocks: this.#hash.ofBlocks(tokens, this.#blockSize, cacheScope),
        chat: 'chat' in prompt ? this.#chatKeys(prompt.chat, cacheScope) : noKeys,
      });
    }
  }

  #modelOf(name: string): number {
    const known = this.models.indexOf(name);
    return known === -1 ? this.models.push(name) - 1 : known;
  }

  /** Each of several answers gets an equal share of their tokens. */
  #outputOf(answered: Answered | undefined, { maxTokens }: Asked, answers: number): number {
    if (answered?.tokens !== undefined) return limited(answered.tokens / answers);
    if (answered?.text !== undefined) return limited(this.#renderer.count(answered.text));
    if (maxTokens === undefined) this.unanswered.withoutLimit++;
    else this.unanswered.withLimit++;
    return maxTokens === undefined ? 0 : limited(maxTokens);
  }

  #chatKeys({ messages }: Chat, scope: string): Uint32Array {
    let key = this.#hash.ofText(new Uint8Array(0), scope);
    const earlier: Buffer[] = [];
    for (const [place, message] of messages.entries()) {
      if (message.role === 'assistant' && place > 0) earlier.push(key);
      key = this.#hash.ofText(key, contentOf(message));
    }
    const keys = [key, ...earlier.toReversed().slice(0, MOST_ANSWERS)];
    return new Uint32Array(new Uint8Array(Buffer.concat(keys)).buffer, 0, keys.length * KEY_WORDS);
  }
}

const noKeys = new Uint32Array(0);

/** What a client repeats of a message in later requests. */
function contentOf({ role, content, tool_calls, tool_call_id }: JsonObject): string {
  return JSON.stringify([role, content, tool_calls, tool_call_id]);
}

/** At least 1: a trace cannot say that nothing was answered. */
function limited(tokens: number): number {
  return Math.min(MAX_TOKENS, Math.max(1, Math.round(tokens)));
}
