import { beforeAll, describe, expect, it } from 'vitest';
import { codingText } from '../../src/dataset/coding/coding-text.js';
import { type CorpusIndex, fixedCorpus, indexCorpus } from '../../src/dataset/corpus.js';
import { openPrompts, verifyPrompts } from '../../src/dataset/prompts.js';
import { randomText } from '../../src/dataset/random-text.js';
import { openTokenizer } from '../../src/dataset/tokenizer/open.js';
import type { Tokenizer } from '../../src/dataset/tokenizer/tokenizer.js';
import { ordinaryIds } from '../../src/dataset/tokenizer/vocabulary.js';
import { randomStreams } from '../../src/util/random.js';
import { characters, qwen3 } from './tokenizers.js';

const streams = randomStreams(7, 'test');
const source = { kind: 'shipped', name: 'builtin' } as const;
let tokenizer: Tokenizer;
let coding: CorpusIndex;
let random: CorpusIndex;
beforeAll(() => {
  tokenizer = openTokenizer(source);
  coding = indexCorpus(tokenizer, fixedCorpus('coding'));
  random = indexCorpus(tokenizer, randomText(tokenizer, ordinaryIds(source)));
});

/** Lengths that re-encoding finds otherwise. */
function wrongLengths(index: CorpusIndex): string[] {
  const prompts = openPrompts(index, 1);
  const wrong: string[] = [];
  for (let i = 0; i < 200; i++) {
    const tokens = 1 + i * (i < 100 ? 1 : 7);
    const counted = tokenizer.count(prompts.prompt(tokens, streams(i)));
    if (counted !== tokens) wrong.push(`${tokens}: ${counted}`);
    // One to four blocks of 32 tokens, the last one cut or followed by fresh text.
    const blocks = 1 + (i % 4);
    const length = (blocks - 1) * 32 + 1 + (i % 60);
    const ids = Array.from({ length: blocks }, (_, place) => i * 10 + place);
    const inBlocks = tokenizer.count(prompts.blocks(ids, length, 32, streams(i)));
    if (inBlocks !== length) wrong.push(`${blocks} blocks, ${length}: ${inBlocks}`);
  }
  return wrong;
}

describe('the coding corpus', () => {
  it('is always the same ASCII text, with code, logs, SQL and Markdown', () => {
    const text = codingText();
    expect(codingText()).toBe(text);
    expect(text).not.toMatch(/[^\n\t\x20-\x7e]|[ \t]$/m);
    expect(text.length).toBeGreaterThan(1_000_000);
    for (const part of [
      '\ndef test_',
      '\nfunc (',
      '\npub enum ',
      'export interface ',
      '\nCREATE TABLE ',
      '\n| Name |',
    ])
      expect(text).toContain(part);
    expect(text).toMatch(/^2026-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO|DEBUG|WARN|ERROR) \[/m);
  });

  it('counts words with the breaks and indentation around them: they add up to the whole text', () => {
    const whole = Buffer.from(coding.text).toString('latin1');
    // The first word is counted as after a space, which costs as much here.
    expect(coding.extraAtStart[0]).toBe(0);
    expect(coding.tokensBefore.at(-1)).toBe(tokenizer.count(whole));
    expect(verifyPrompts(coding, qwen3())).toBe(true);
  });

  it('gives prompts of exact length that keep its lines', () => {
    expect(wrongLengths(coding)).toEqual([]);
    expect(openPrompts(coding, 1).prompt(400, streams(1))).toMatch(/\n {2,}\S/);
  });
});

describe('the random corpus', () => {
  it('gives prompts of exact length whose tokens are random words of the whole vocabulary', () => {
    expect(wrongLengths(random)).toEqual([]);
    const ids = tokenizer.encode(openPrompts(random, 1).prompt(5000, streams(0)));
    expect(ids.length).toBe(5000);
    expect(new Set(ids).size).toBeGreaterThan(4000);
    expect(Math.max(...ids)).toBeGreaterThan(100_000);
  });

  it('leaves entries out that would not come back alone', () => {
    const words = new Set(Buffer.from(random.text).toString().split(' '));
    const library = qwen3();
    const sample = [...words].filter((_, place) => place % 100 === 0);
    expect(sample.filter((word) => library.count(`a ${word}`) !== 2)).toEqual([]);
    expect([...words].filter((word) => /[\s\ufffd]/.test(word))).toEqual([]);
  });

  it('is refused where no entry is a word', () => {
    expect(() => randomText({ ...characters(), decode: () => ' ' }, Uint32Array.of(1, 2))).toThrow(
      'Tokenizer characters: no entry of its vocabulary is a word of one token',
    );
  });
});
