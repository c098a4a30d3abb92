import type { Random } from '../util/random.js';
import { type CorpusIndex, endBefore } from './corpus.js';

/** Passages of exact length; the choice depends only on `random`. */
export interface Passages {
  /** The first `keep` tokens of the passage of `tokens` tokens that `random` selects. */
  leading(tokens: number, keep: number, random: Random): string;
  /** The same, but for its last token: a random word that ends in a letter. */
  leadingToLetter(tokens: number, keep: number, random: Random): string;
  readonly charactersPerToken: number;
}

// Starts to try for a stretch that ends on a word boundary; with Qwen3 two of three fit.
const maxStarts = 64;

/**
 * A passage is up to four random one-token words, then a stretch of the corpus. The random words make passages
 * distinct: the corpus has only about 100,000 starting points, so among a thousand prompts a few would coincide and hit
 * the server's prefix cache.
 */
export function openPassages(index: CorpusIndex): Passages {
  const { encoding, wordStarts, tokensBefore, extraAtStart, fillers } = index;
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
    leadingToLetter(tokens, keep, random) {
      if (fillers.length === 0) return leading(tokens, keep, random);
      const rest = keep === 1 ? [] : [leading(tokens, keep - 1, random)];
      return [...rest, filler(random)].join(' ');
    },
    charactersPerToken: text.length / total,
  };

  /**
   * A word that costs the same with and without leading space, and whose next `tokens` tokens end on a word boundary.
   */
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

  /** Tokens before a word; the corpus repeats after its last word. */
  function before(word: number): number {
    return word <= words ? (tokensBefore[word] ?? 0) : total + before(word - words);
  }

  /** The last word with at most `tokens` tokens before it. */
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
    if (end <= words) return text.toString(encoding, wordStarts[first], endBefore(index, end));
    return `${stretch(first, words)} ${stretch(0, end - words)}`;
  }

  function filler(random: Random): string {
    const word = fillers[random.integer(fillers.length)] ?? 0;
    return stretch(word, word + 1);
  }
}
