import { KEY_WORDS } from './salted-hash.js';

/** What is kept of one prompt of a request: times, lengths and keys, no text. */
export interface RequestFacts {
  /** Arrival, ms since any origin that all requests share; NaN: unknown. */
  readonly atMs: number;
  /** When the answer was complete, on the same clock; NaN: unknown. */
  readonly endMs: number;
  /** Number of the model in the order in which models were seen. */
  readonly model: number;
  /** Tokens of the rendered prompt. */
  readonly inputLength: number;
  /** Tokens answered; 0: unknown. */
  readonly outputLength: number;
  /** A key for each block of the prompt, 4 words each. */
  readonly blocks: Uint32Array;
  /** Keys of a chat: of all its messages, then of the messages before each of its latest answers; 4 words each. */
  readonly chat: Uint32Array;
}

/** 32-bit words in front of the keys. */
export const HEAD_WORDS = 9;

/** A request as 32-bit words: times as doubles, numbers, counts of keys, keys. */
export function packFacts({
  atMs,
  endMs,
  model,
  inputLength,
  outputLength,
  blocks,
  chat,
}: RequestFacts): Uint32Array {
  const words = new Uint32Array(HEAD_WORDS + blocks.length + chat.length);
  words.set(new Uint32Array(new Float64Array([atMs, endMs]).buffer));
  words.set([model, inputLength, outputLength, blocks.length / KEY_WORDS, chat.length / KEY_WORDS], 4);
  words.set(blocks, HEAD_WORDS);
  words.set(chat, HEAD_WORDS + blocks.length);
  return words;
}

/** Words of the keys behind a head. */
export function keyWordsOf(head: Uint32Array): number {
  return ((head[7] ?? 0) + (head[8] ?? 0)) * KEY_WORDS;
}

/** The reverse of `packFacts`; keys are views. */
export function unpackFacts(words: Uint32Array): RequestFacts {
  const [atMs = Number.NaN, endMs = Number.NaN] = new Float64Array(words.slice(0, 4).buffer);
  const [model = 0, inputLength = 0, outputLength = 0, blockCount = 0] = words.subarray(4, HEAD_WORDS);
  const chatFrom = HEAD_WORDS + blockCount * KEY_WORDS;
  return {
    atMs,
    endMs,
    model,
    inputLength,
    outputLength,
    blocks: words.subarray(HEAD_WORDS, chatFrom),
    chat: words.subarray(chatFrom),
  };
}
