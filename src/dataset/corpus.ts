import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../util/package-file.js';
import { codingText } from './coding/coding-text.js';
import { shippedFolder } from './tokenizer/shipped.js';
import type { Tokenizer, TokenizerSource } from './tokenizer/tokenizer.js';

/** Text that prompts are taken from. */
export interface CorpusText {
  /** Lines do not end in spaces. */
  readonly text: Uint8Array;
  /** Of `text`; ASCII is read faster. */
  readonly encoding: 'latin1' | 'utf8';
  /** Words that may be added anywhere to fill up a length. */
  readonly fillers: RegExp;
}

/**
 * A corpus, tokenized. A word is what lies between spaces, with the line breaks that follow it. Token counts add up over
 * words for every tokenizer that never merges across a space or after a line break, so the length of any run of words
 * is known without encoding it. Plain data over shared memory: passing it to another thread copies nothing.
 */
export interface CorpusIndex extends Pick<CorpusText, 'text' | 'encoding'> {
  /** Offset of each word in `text`, plus one entry for the end. */
  readonly wordStarts: Uint32Array;
  /** Tokens before each word, counting every word with what leads to it, plus one entry for the total. */
  readonly tokensBefore: Uint32Array;
  /** Not 0 for a word that costs other tokens at the start of a text, or after one space, than where it stands. */
  readonly extraAtStart: Int8Array;
  /** Indexes of distinct words that are one token with and without a leading space. */
  readonly fillers: Uint32Array;
}

/** The parts of a `CorpusIndex` that depend on the tokenizer. */
interface WordCosts {
  readonly tokens: Uint8Array;
  readonly extraAtStart: Int8Array;
  readonly fillers: Uint32Array;
}

/** A corpus whose text is the same for every tokenizer, so it can be compiled for one. */
export const fixedCorpora = ['sonnet', 'coding'] as const;

export type FixedCorpus = (typeof fixedCorpora)[number];

const corpusTexts: Readonly<Record<FixedCorpus, () => Uint8Array>> = {
  sonnet: () => onOneLine(readFileSync(packageFile('assets/corpus/moby-dick.txt'))),
  coding: () => Buffer.from(codingText(), 'latin1'),
};

export function fixedCorpus(corpus: FixedCorpus): CorpusText {
  return { text: corpusTexts[corpus](), encoding: 'latin1', fillers: /^[a-z]+$/ };
}

/** Joins the words of a text by single spaces, in place. */
function onOneLine(text: Uint8Array): Uint8Array {
  let length = 0;
  let ended = false;
  // An iterator over half a megabyte takes ten times as long.
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? space;
    if (byte <= space) {
      ended = length > 0;
      continue;
    }
    if (ended) text[length++] = space;
    ended = false;
    text[length++] = byte;
  }
  return text.subarray(0, length);
}

/** Encodes every distinct word of the corpus as it stands, and at the start of a text (about a second). */
export function indexCorpus(tokenizer: Tokenizer, corpus: CorpusText = fixedCorpus('sonnet')): CorpusIndex {
  const words = splitWords(corpus);
  return joined(words, countWords(words, tokenizer, corpus.fillers));
}

/** Loads the index compiled at build time (some milliseconds); undefined if there is none: use `indexCorpus`. */
export function loadCorpusIndex(
  source: TokenizerSource,
  corpus: FixedCorpus = 'sonnet',
): CorpusIndex | undefined {
  if (source.kind !== 'shipped') return undefined;
  let file: Buffer;
  try {
    file = readFileSync(join(shippedFolder, compiledName(corpus)));
  } catch {
    return undefined;
  }
  return joined(splitWords(fixedCorpus(corpus)), unpacked(file));
}

function compiledName(corpus: FixedCorpus): string {
  return `corpus-${corpus}.bin`;
}

/** Name and content of the file that `loadCorpusIndex` reads. */
export function compiledCorpus(
  corpus: FixedCorpus,
  index: CorpusIndex,
): { name: string; content: Uint8Array } {
  const count = index.extraAtStart.length;
  const header = Uint32Array.of(count, index.fillers.length);
  const tokens = new Uint8Array(count);
  for (let word = 0; word < count; word++) {
    tokens[word] = (index.tokensBefore[word + 1] ?? 0) - (index.tokensBefore[word] ?? 0);
  }
  const parts = [header, index.fillers, tokens, index.extraAtStart];
  const content = Buffer.concat(
    parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength)),
  );
  return { name: compiledName(corpus), content };
}

type Words = Pick<CorpusIndex, 'text' | 'encoding' | 'wordStarts'>;

const tab = 0x09;
const lineBreak = 0x0a;
const space = 0x20;

/** Finds the words of a text, which it copies to shared memory. */
function splitWords({ text, encoding }: CorpusText): Words {
  const starts = new Uint32Array((text.length + 1) >>> 1);
  let words = 0;
  let inWord = false;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    const leads = byte === space || byte === tab;
    if (!leads && !inWord) starts[words++] = at;
    inWord = !leads && (byte !== lineBreak || text[at + 1] === lineBreak);
  }
  const copy = new Uint8Array(new SharedArrayBuffer(text.length));
  copy.set(text);
  const wordStarts = new Uint32Array(new SharedArrayBuffer((words + 1) * 4));
  wordStarts.set(starts.subarray(0, words));
  wordStarts[words] = text.length;
  return { text: copy, encoding, wordStarts };
}

/** Where the text of the words before word `end` ends: before the spaces and tabs that lead to it. */
export function endBefore({ text, wordStarts }: Pick<Words, 'text' | 'wordStarts'>, end: number): number {
  let at = wordStarts[end] ?? 0;
  while (text[at - 1] === space || text[at - 1] === tab) at--;
  return at;
}

function countWords(words: Words, tokenizer: Tokenizer, fillerPattern: RegExp): WordCosts {
  const text = Buffer.from(words.text);
  // Count a word after another word, not after a bare space: some normalizers prepend a mark to a text.
  const [afterWord, afterLine] = ['a', 'a\n'].map((context) => ({
    context,
    tokens: tokenizer.count(context),
  }));
  if (afterWord === undefined || afterLine === undefined) throw new Error('no contexts');
  const known = new Map<string, { tokens: number; extra: number }>();
  const tokens = new Uint8Array(words.wordStarts.length - 1);
  const extraAtStart = new Int8Array(tokens.length);
  const fillers: number[] = [];
  for (let number = 0; number < tokens.length; number++) {
    const from = number === 0 ? 0 : endBefore(words, number);
    const follows = text[from - 1] === lineBreak ? afterLine : afterWord;
    const word = text.toString(words.encoding, words.wordStarts[number], endBefore(words, number + 1));
    const lead = number === 0 ? ' ' : text.toString('latin1', from, words.wordStarts[number]);
    const key = follows.context + lead + word;
    let cost = known.get(key);
    if (!cost) {
      const inside = tokenizer.count(key) - follows.tokens;
      const spaced = tokenizer.count(`a ${word}`) - afterWord.tokens;
      cost = { tokens: inside, extra: tokenizer.count(word) - inside || spaced - inside };
      known.set(key, cost);
      if (cost.tokens === 1 && cost.extra === 0 && lead === ' ' && fillerPattern.test(word))
        fillers.push(number);
    }
    tokens[number] = cost.tokens;
    extraAtStart[number] = cost.extra;
  }
  return { tokens, extraAtStart, fillers: Uint32Array.from(fillers) };
}

function joined({ text, encoding, wordStarts }: Words, costs: WordCosts): CorpusIndex {
  const words = costs.tokens.length;
  if (words !== wordStarts.length - 1) {
    throw new Error('the compiled corpus index belongs to another corpus: build the package again');
  }
  const tokensBefore = new Uint32Array(new SharedArrayBuffer((words + 1) * 4));
  let total = 0;
  for (let word = 0; word < words; word++) {
    total += costs.tokens[word] ?? 0;
    tokensBefore[word + 1] = total;
  }
  const extraAtStart = new Int8Array(new SharedArrayBuffer(words));
  extraAtStart.set(costs.extraAtStart);
  const fillers = new Uint32Array(new SharedArrayBuffer(costs.fillers.length * 4));
  fillers.set(costs.fillers);
  return { text, encoding, wordStarts, tokensBefore, extraAtStart, fillers };
}

function unpacked(file: Buffer): WordCosts {
  const bytes = Uint8Array.from(file);
  const [words = 0, fillerCount = 0] = new Uint32Array(bytes.buffer, 0, 2);
  const tokensAt = 8 + fillerCount * 4;
  return {
    fillers: new Uint32Array(bytes.buffer, 8, fillerCount),
    tokens: new Uint8Array(bytes.buffer, tokensAt, words),
    extraAtStart: new Int8Array(bytes.buffer, tokensAt + words, words),
  };
}
