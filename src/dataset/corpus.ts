import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFile } from '../util/package-file.js';
import { shippedFolder } from './tokenizer/shipped.js';
import type { Tokenizer, TokenizerSource } from './tokenizer/tokenizer.js';

/**
 * The corpus, tokenized. Token counts add up over words for every tokenizer that never merges across a space, so the
 * length of any run of words is known without encoding it. Plain data over shared memory: passing it to another thread
 * copies nothing.
 */
export interface CorpusIndex {
  /** The words joined by single spaces; ASCII, one byte per character. */
  readonly text: Uint8Array;
  /** Offset of each word in `text`, plus one entry for the end (after one more space). */
  readonly wordStarts: Uint32Array;
  /** Tokens before each word, counting every word with its leading space, plus one entry for the total. */
  readonly tokensBefore: Uint32Array;
  /** Difference in tokens of a word at the start of a text, where it has no leading space. */
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

const corpusFile = packageFile('assets/corpus/moby-dick.txt');
const compiledName = 'corpus.bin';

/** Encodes every distinct word of the corpus with and without its leading space (about a second). */
export function indexCorpus(tokenizer: Tokenizer): CorpusIndex {
  const words = readWords();
  return joined(words, countWords(words, tokenizer));
}

/** Loads the index compiled at build time (some milliseconds); undefined if there is none: use `indexCorpus`. */
export function loadCorpusIndex(source: TokenizerSource): CorpusIndex | undefined {
  if (source.kind !== 'shipped') return undefined;
  let file: Buffer;
  try {
    file = readFileSync(join(shippedFolder, compiledName));
  } catch {
    return undefined;
  }
  return joined(readWords(), unpacked(file));
}

/** Name and content of the file that `loadCorpusIndex` reads. */
export function compiledCorpus(index: CorpusIndex): { name: string; content: Uint8Array } {
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
  return { name: compiledName, content };
}

interface Words {
  readonly text: Uint8Array;
  readonly wordStarts: Uint32Array;
}

/** Reads the corpus as words, joined by single spaces. */
function readWords(): Words {
  const raw = readFileSync(corpusFile);
  const starts = new Uint32Array((raw.length + 1) >>> 1);
  let words = 0;
  let length = 0;
  let inWord = false;
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] ?? 0;
    if (byte <= 0x20) {
      inWord = false;
      continue;
    }
    if (!inWord) {
      if (words > 0) raw[length++] = 0x20;
      starts[words++] = length;
      inWord = true;
    }
    raw[length++] = byte;
  }
  const text = new Uint8Array(new SharedArrayBuffer(length));
  text.set(raw.subarray(0, length));
  const wordStarts = new Uint32Array(new SharedArrayBuffer((words + 1) * 4));
  wordStarts.set(starts.subarray(0, words));
  wordStarts[words] = length + 1;
  return { text, wordStarts };
}

function countWords({ text, wordStarts }: Words, tokenizer: Tokenizer): WordCosts {
  const all = Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
  const words = all.split(' ');
  // Count a word after another word, not after a bare space: some normalizers prepend a mark to a text.
  const anchor = tokenizer.count('a');
  const known = new Map<string, { tokens: number; extra: number }>();
  const tokens = new Uint8Array(wordStarts.length - 1);
  const extraAtStart = new Int8Array(tokens.length);
  const fillers: number[] = [];
  for (const [number, word] of words.entries()) {
    let cost = known.get(word);
    if (!cost) {
      const inside = tokenizer.count(`a ${word}`) - anchor;
      cost = { tokens: inside, extra: tokenizer.count(word) - inside };
      known.set(word, cost);
      if (cost.tokens === 1 && cost.extra === 0 && /^[a-z]+$/.test(word)) fillers.push(number);
    }
    tokens[number] = cost.tokens;
    extraAtStart[number] = cost.extra;
  }
  return { tokens, extraAtStart, fillers: Uint32Array.from(fillers) };
}

function joined({ text, wordStarts }: Words, costs: WordCosts): CorpusIndex {
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
  return { text, wordStarts, tokensBefore, extraAtStart, fillers };
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
