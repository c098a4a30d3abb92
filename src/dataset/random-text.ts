import { UserError } from '../util/errors.js';
import { randomStream } from '../util/random.js';
import type { CorpusText } from './corpus.js';
import type { Tokenizer } from './tokenizer/tokenizer.js';

const drawnWords = 300_000;

/**
 * Random entries of a vocabulary as a text. Entries that would not come back as one token from a text of words are left
 * out: parts of words, spaces, single bytes of a character.
 * @param ids the vocabulary.
 * @throws UserError if nothing is left of it.
 */
export function randomText(tokenizer: Tokenizer, ids: Uint32Array): CorpusText {
  const anchor = tokenizer.count('a');
  const words = new Set<string>();
  for (const id of ids) {
    const word = tokenizer.decode([id]).trim();
    if (isOneWord.test(word) && tokenizer.count(`a ${word}`) === anchor + 1) words.add(word);
  }
  const list = [...words];
  if (list.length === 0) {
    throw new UserError(
      `Tokenizer ${tokenizer.name}: no entry of its vocabulary is a word of one token`,
      'Choose another --prompt-corpus, or name another tokenizer with --tokenizer.',
    );
  }
  const random = randomStream(0, 'random-corpus');
  const drawn = Array.from({ length: drawnWords }, () => list[random.integer(list.length)]);
  return { text: Buffer.from(drawn.join(' ')), encoding: 'utf8', fillers: /^\p{L}+$/u };
}

// No spaces, control characters or halves of characters.
const isOneWord = /^[^\s\p{C}\ufffd]+$/u;
