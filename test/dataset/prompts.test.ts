import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CorpusIndex, indexCorpus, loadCorpusIndex } from '../../src/dataset/corpus.js';
import { finalBlockTokens, openPrompts, verifyPrompts } from '../../src/dataset/prompts.js';
import type { Tokenizer } from '../../src/dataset/tokenizer/tokenizer.js';
import { randomStreams } from '../../src/util/random.js';
import { acrossSpaces, characters, qwen3, unigram, wordPiece } from './tokenizers.js';

const streams = randomStreams(7, 'test');
let tokenizer: Tokenizer;
let index: CorpusIndex;
beforeAll(() => {
  tokenizer = qwen3();
  index = indexCorpus(tokenizer);
});

describe('the corpus', () => {
  it('is one line of words, and its words add up to the tokens of the whole', () => {
    const text = Buffer.from(index.text).toString('latin1');
    expect(text.startsWith('CHAPTER 1. Loomings. Call me Ishmael.')).toBe(true);
    expect(text).not.toMatch(/[^\x21-\x7e ]| {2}|^ | $/);
    const words = text.split(' ');
    expect(words.length).toBeGreaterThan(100_000);
    expect(index.wordStarts.length).toBe(words.length + 1);
    const upTo = 5_000;
    expect(tokenizer.count(`a ${words.slice(0, upTo).join(' ')}`)).toBe(1 + (index.tokensBefore[upTo] ?? 0));
  });

  it('is compiled to what indexing finds', (context) => {
    const compiled = loadCorpusIndex({ kind: 'shipped', name: 'builtin' });
    if (!compiled) return context.skip('the package is not built: npm run build');
    const hashes = ({ text, wordStarts, tokensBefore, extraAtStart, fillers }: CorpusIndex) =>
      [text, wordStarts, tokensBefore, extraAtStart, fillers].map((array) =>
        createHash('sha256')
          .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
          .digest('hex'),
      );
    expect(hashes(compiled)).toEqual(hashes(index));
  });

  it('has no compiled index for tokenizers of the user', () => {
    expect(loadCorpusIndex({ kind: 'files', name: 'x', folder: '/x' })).toBeUndefined();
  });
});

describe('prompts', () => {
  it('re-encode to their length', () => {
    const prompts = openPrompts(index, 1);
    expect(verifyPrompts(index, tokenizer)).toBe(true);
    const wrong: string[] = [];
    for (let i = 0; i < 300; i++) {
      // 1 … 3000: 300 lengths, the short ones dense.
      const tokens = i < 100 ? i + 1 : 100 + Math.ceil(((i - 99) / 200) ** 2 * 2900);
      const counted = tokenizer.count(prompts.prompt(tokens, streams(i)));
      if (counted !== tokens) wrong.push(`${tokens}: ${counted}`);
    }
    expect(wrong).toEqual([]);
  });

  it('go on from the start of the corpus where it is too short', () => {
    const words: Tokenizer = { ...tokenizer, count: (text) => text.split(' ').length };
    const wordIndex = indexCorpus(words);
    const corpusTokens = wordIndex.tokensBefore.at(-1) ?? 0;
    const text = openPrompts(wordIndex, 1).prompt(2 * corpusTokens + 1000, streams(0));
    expect(words.count(text)).toBe(2 * corpusTokens + 1000);
    expect(text.split(' CHAPTER 1. Loomings. Call me Ishmael. ').length - 1).toBeGreaterThanOrEqual(2);
  });

  it('are the same for the same draw, and no two begin alike', () => {
    const texts = Array.from({ length: 20_000 }, (_, i) => openPrompts(index, 1).prompt(64, streams(i)));
    expect(new Set(texts.map((text) => text.slice(0, 40))).size).toBe(20_000);
    expect(openPrompts(index, 1).prompt(64, streams(5))).toBe(texts[5]);
    expect(openPrompts(index, 1).prompt(64, randomStreams(8, 'test')(5))).not.toBe(texts[5]);
  });
});

describe('blocks', () => {
  const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

  it('re-encode to the input length: full, cut and followed by fresh text', () => {
    const prompts = openPrompts(index, 1);
    const wrong: string[] = [];
    for (let i = 0; i < 120; i++) {
      const blockSize = [512, 16, 64, 3][i % 4] ?? 512;
      const blocks = 1 + (i % 7);
      // From one token in the last block to two blocks of fresh text.
      const tokens = (blocks - 1) * blockSize + 1 + Math.floor((i / 120) * 3 * blockSize);
      const text = prompts.blocks(range(blocks, i), tokens, blockSize, streams(i));
      const counted = tokenizer.count(text);
      if (counted !== tokens) wrong.push(`${blocks} x ${blockSize}, ${tokens}: ${counted}`);
    }
    expect(wrong).toEqual([]);
  });

  it('share their leading text and nothing more', () => {
    const prompts = openPrompts(index, 1);
    // 8000 tokens = 16 ids (15.6), 8500 = 17 (16.6), 9000 = 18 (17.6): 16 shared full blocks are 8192 tokens.
    expect([8000, 8500, 9000].map((tokens) => Math.ceil(tokens / 512))).toEqual([16, 17, 18]);
    const shared = range(16);
    const short = prompts.blocks([...shared, 100], 8500, 512, streams(1));
    const long = prompts.blocks([...shared, 200, 201], 9000, 512, streams(2));
    const common = prompts.blocks(shared, 8192, 512, streams(3));
    expect(short.startsWith(`${common} `)).toBe(true);
    expect(long.startsWith(`${common} `)).toBe(true);
    expect(tokenizer.count(common)).toBe(8192);
    const first = (text: string) => text.slice(common.length + 1).split(' ')[0];
    expect(first(short)).not.toBe(first(long));
    // The part block of 8000 tokens: 8000 - 15 * 512 = 320 tokens of block 15.
    expect(finalBlockTokens(16, 8000, 512)).toBe(320);
    const cut = prompts.blocks(shared, 8000, 512, streams(4));
    expect(cut.startsWith(`${prompts.blocks(range(15), 7680, 512, streams(5))} `)).toBe(true);
    let equal = 0;
    while (equal < cut.length && cut[equal] === common[equal]) equal++;
    // Where the cut falls inside a word, that word is replaced by shorter ones: nothing before it differs.
    expect(tokenizer.count(cut.slice(0, equal))).toBeGreaterThanOrEqual(8000 - 8);
  });

  it('follow from seed and id alone, and the fresh end from the draw alone', () => {
    const text = (seed: number, ids: number[], tokens: number, draw: number) =>
      openPrompts(index, seed).blocks(ids, tokens, 64, streams(draw));
    expect(text(1, [4, 5], 128, 0)).toBe(text(1, [4, 5], 128, 9));
    expect(text(1, [4, 5], 128, 0)).not.toBe(text(2, [4, 5], 128, 0));
    expect(text(1, [4, 5], 140, 0)).not.toBe(text(1, [4, 5], 140, 9));
    expect(text(1, [4, 5], 140, 0).startsWith(text(1, [4, 5], 128, 0))).toBe(true);
    expect(text(1, [5, 4], 128, 0).split(' ')).toEqual(
      expect.arrayContaining(text(1, [4], 64, 0).split(' ')),
    );
  });

  it('differ for every id, from their first tokens on', () => {
    const prompts = openPrompts(index, 1);
    const heads = range(20_000).map((id) => prompts.blocks([id], 16, 16, streams(0)));
    expect(new Set(heads).size).toBe(20_000);
  });

  it('differ for ids of 64 bits that a number would round to the same', () => {
    const prompts = openPrompts(index, 1);
    const wide = [
      ...Array.from({ length: 2000 }, (_, i) => 2n ** 64n - 1n - BigInt(i)),
      ...Array.from({ length: 2000 }, (_, i) => 2n ** 53n + 1n + BigInt(i)),
      ...[-(2 ** 40), 2 ** 32, 2 ** 40, 2 ** 52],
    ];
    const heads = [...wide, ...range(100)].map((id) => prompts.blocks([id], 16, 16, streams(0)));
    expect(new Set(heads).size).toBe(heads.length);
    expect(prompts.blocks([2n ** 64n - 1n], 16, 16, streams(1))).toBe(heads[0]);
  });

  it('refuse a length that the ids do not fit', () => {
    const prompts = openPrompts(index, 1);
    expect(() => prompts.blocks([1, 2], 512, 512, streams(0))).toThrow(
      '2 blocks of 512 tokens do not fit 512',
    );
  });
});

describe.each([
  { make: wordPiece, addsUp: true },
  { make: unigram, addsUp: true },
  { make: acrossSpaces, addsUp: false },
  { make: characters, addsUp: false },
])('with the tokenizer $make.name', ({ make, addsUp }) => {
  const other = make();
  const otherIndex = indexCorpus(other);

  it(addsUp ? 'counts add up over words' : 'counts do not add up over words, which is found', () => {
    expect(verifyPrompts(otherIndex, other)).toBe(addsUp);
  });

  it('prompts and blocks re-encode to their length', () => {
    const prompts = openPrompts(otherIndex, 1, addsUp ? undefined : other);
    const wrong: string[] = [];
    for (let tokens = 1; tokens <= 150; tokens++) {
      const counted = other.count(prompts.prompt(tokens, streams(tokens)));
      if (counted !== tokens) wrong.push(`${tokens}: ${counted}`);
    }
    for (let tokens = 65; tokens <= 128; tokens++) {
      const counted = other.count(prompts.blocks([tokens, 1, 2], tokens, 32, streams(tokens)));
      if (counted !== tokens) wrong.push(`blocks, ${tokens}: ${counted}`);
    }
    expect(wrong).toEqual([]);
  });

  it('equal leading ids give equal leading text', () => {
    const prompts = openPrompts(otherIndex, 1, addsUp ? undefined : other);
    const common = openPrompts(otherIndex, 1).blocks([1, 2], 128, 64, streams(0));
    const texts = [3, 4].map((last) => prompts.blocks([1, 2, last], 180, 64, streams(0)));
    expect(texts.map((text) => text.startsWith(`${common} `))).toEqual([true, true]);
    expect(texts[0]).not.toBe(texts[1]);
  });
});

it('says which tokenizer cannot make a length', () => {
  const doubled: Tokenizer = { ...characters(), name: 'pairs', count: (text) => text.length * 2 };
  const prompts = openPrompts(indexCorpus(doubled), 1, doubled);
  expect(() => prompts.prompt(7, streams(0))).toThrow(
    'no prompt of exactly 7 tokens could be made with the tokenizer pairs',
  );
});
