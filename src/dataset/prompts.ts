import { UserError } from '../util/errors.js';
import { type Random, randomStream, randomStreams } from '../util/random.js';
import type { CorpusIndex } from './corpus.js';
import type { Tokenizer } from './tokenizer/tokenizer.js';

/** Makes text of exactly known length from the corpus. */
export interface PromptSource {
  /** A prompt of exactly `tokens` tokens; `random` alone decides which. */
  prompt(tokens: number, random: Random): string;
  /**
   * A prompt of exactly `inputLength` tokens made of one block of `blockSize` tokens for each id. A block's text
   * follows from the seed and its id alone, so equal leading ids give equal leading text. The last block is cut to
   * what is left; what is left beyond it is fresh text, drawn from `random`.
   * @throws Error where `inputLength` is not above `(hashIds.length - 1) * blockSize`: see `finalBlockTokens`.
   */
  blocks(hashIds: ArrayLike<number>, inputLength: number, blockSize: number, random: Random): string;
}

/**
 * @param tokenizer given where `verifyPrompts` found that counts do not add up over words: every prompt is then
 *   encoded and corrected at its end until its length is exact (slower by far).
 */
export function openPrompts(index: CorpusIndex, seed: number, tokenizer?: Tokenizer): PromptSource {
  const passages = openPassages(index);
  const blockStreams = randomStreams(seed, 'hash-block');

  const plain: PromptSource = {
    prompt: (tokens, random) => passages.fresh(tokens, random),
    blocks: (hashIds, inputLength, blockSize, random) => {
      const { kept, end } = blockTexts(hashIds, inputLength, blockSize, random);
      return kept === '' ? end : `${kept} ${end}`;
    },
  };
  if (!tokenizer) return plain;
  return {
    prompt: (tokens, random) => corrected('', passages.fresh(tokens, random), tokens, random),
    blocks: (hashIds, inputLength, blockSize, random) => {
      const { kept, end } = blockTexts(hashIds, inputLength, blockSize, random);
      const inLastBlock = inputLength <= hashIds.length * blockSize;
      const lastId = hashIds[hashIds.length - 1] ?? 0;
      return corrected(kept, end, inputLength, inLastBlock ? blockStreams(lastId) : random);
    },
  };

  /** The text that must not change, and the text that may be corrected: the cut block or the fresh end. */
  function blockTexts(ids: ArrayLike<number>, inputLength: number, blockSize: number, random: Random) {
    const final = finalBlockTokens(ids.length, inputLength, blockSize);
    if (final <= 0 || ids.length === 0) {
      throw new Error(`${ids.length} blocks of ${blockSize} tokens do not fit ${inputLength} tokens`);
    }
    const pieces: string[] = [];
    for (let place = 0; place < ids.length; place++) {
      const keep = place === ids.length - 1 ? Math.min(final, blockSize) : blockSize;
      pieces.push(passages.leading(blockSize, keep, blockStreams(ids[place] ?? 0)));
    }
    if (final > blockSize) pieces.push(passages.fresh(final - blockSize, random));
    const end = pieces.pop() ?? '';
    return { kept: pieces.join(' '), end };
  }

  function corrected(kept: string, end: string, tokens: number, random: Random): string {
    if (!tokenizer) return end;
    let changing = end;
    for (let round = 0; round < maxRounds; round++) {
      const text = kept === '' ? changing : `${kept} ${changing}`;
      const counted = tokenizer.count(text);
      if (counted === tokens) return text;
      changing =
        counted < tokens
          ? // Also without a space: where one character is one token, a new word may always be too long.
            `${changing}${round & 2 ? '' : ' '}${passages.fresh(tokens - counted, random)}`
          : shortened(changing, (counted - tokens) * passages.charactersPerToken);
    }
    throw new UserError(
      `no prompt of exactly ${tokens} tokens could be made with the tokenizer ${tokenizer.name}`,
      'ask for longer prompts, or name another tokenizer with --tokenizer',
    );
  }
}

/**
 * Tokens left for the last of `blocks` blocks: more than `blockSize` where fresh text follows, 0 or less where the
 * ids do not fit the length.
 */
export function finalBlockTokens(blocks: number, inputLength: number, blockSize: number): number {
  return inputLength - (blocks - 1) * blockSize;
}

/** Re-encodes twenty sample prompts: false where one misses its length and `openPrompts` needs the tokenizer. */
export function verifyPrompts(index: CorpusIndex, tokenizer: Tokenizer): boolean {
  const prompts = openPrompts(index, 0);
  const random = randomStream(0, 'verify');
  for (const tokens of [1, 2, 3, 4, 5, 7, 11, 16, 29, 47, 76, 123, 199, 322]) {
    if (tokenizer.count(prompts.prompt(tokens, random)) !== tokens) return false;
  }
  for (const tokens of [65, 77, 90, 96, 101, 128]) {
    if (tokenizer.count(prompts.blocks([tokens, 1, 2], tokens, 32, random)) !== tokens) return false;
  }
  return true;
}

function shortened(text: string, byCharacters: number): string {
  const left = text.length - Math.max(1, Math.floor(byCharacters));
  return text.slice(0, Math.max(1, left)).trimEnd();
}

// Few are needed: each round lengthens or shortens by about the tokens that are missing or too many.
const maxRounds = 32;

// So many starts are tried for a stretch that ends on a word boundary; with Qwen3 two of three starts fit.
const maxStarts = 64;

interface Passages {
  /** A passage of `tokens` tokens. */
  fresh(tokens: number, random: Random): string;
  /** The first `keep` tokens of the passage of `tokens` tokens that `random` stands for. */
  leading(tokens: number, keep: number, random: Random): string;
  readonly charactersPerToken: number;
}

/**
 * A passage is up to four words drawn from the one-token words, then a stretch of the corpus. The drawn words keep
 * passages apart: the corpus has some 100,000 places to start from, so among a thousand prompts a few would be the
 * same by chance, and a server's prefix cache would answer them.
 */
function openPassages(index: CorpusIndex): Passages {
  const { wordStarts, tokensBefore, extraAtStart, fillers } = index;
  const words = extraAtStart.length;
  const total = tokensBefore[words] ?? 0;
  const text = Buffer.from(index.text.buffer, index.text.byteOffset, index.text.byteLength);

  const leading = (tokens: number, keep: number, random: Random): string => {
    const pieces: string[] = [];
    const drawn = fillers.length === 0 ? 0 : Math.min(4, tokens >> 2);
    for (let i = 0; i < drawn; i++) {
      const word = filler(random);
      if (i < keep) pieces.push(word);
    }
    const first = startOf(tokens - drawn, random);
    const wanted = before(first) + Math.max(0, keep - drawn);
    const end = lastWordWithin(wanted);
    if (end > first) pieces.push(stretch(first, end));
    if (fillers.length > 0) {
      for (let missing = wanted - before(end); missing > 0; missing--) pieces.push(filler(random));
    } else if (pieces.length === 0) {
      pieces.push(stretch(first, first + 1));
    }
    return pieces.join(' ');
  };
  return {
    leading,
    fresh: (tokens, random) => leading(tokens, tokens, random),
    charactersPerToken: text.length / total,
  };

  /** A word that costs the same with and without leading space, and from which `tokens` tokens end with a word. */
  function startOf(tokens: number, random: Random): number {
    const drawn = random.integer(words);
    let usable = drawn;
    for (let step = 0; step < maxStarts; step++) {
      const word = (drawn + step) % words;
      if (extraAtStart[word] !== 0) continue;
      usable = word;
      const wanted = before(word) + tokens;
      if (before(lastWordWithin(wanted)) === wanted) return word;
    }
    return usable;
  }

  /** Tokens in front of a word; past the last word the corpus begins anew. */
  function before(word: number): number {
    return word <= words ? (tokensBefore[word] ?? 0) : total + before(word - words);
  }

  /** The last word with at most `tokens` tokens in front of it. */
  function lastWordWithin(tokens: number): number {
    const laps = Math.floor(tokens / total);
    const rest = tokens - laps * total;
    let low = 0;
    let high = words;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((tokensBefore[middle] ?? 0) <= rest) low = middle;
      else high = middle;
    }
    return laps * words + low;
  }

  function stretch(first: number, end: number): string {
    if (end <= words) return text.toString('latin1', wordStarts[first], (wordStarts[end] ?? 0) - 1);
    return `${stretch(first, words)} ${stretch(0, end - words)}`;
  }

  function filler(random: Random): string {
    const word = fillers[random.integer(fillers.length)] ?? 0;
    return stretch(word, word + 1);
  }
}
