import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileTokenizer } from '../../../src/build/compile-tokenizer.js';
import { openTokenizer } from '../../../src/dataset/tokenizer/open.js';
import { isShipped, isSourceOfShipped, shippedFolder } from '../../../src/dataset/tokenizer/shipped.js';
import type { Tokenizer } from '../../../src/dataset/tokenizer/tokenizer.js';
import { type Oracle, oracle, qwen3File } from './oracle.js';
import { mixedText, trickyStrings } from './tricky.js';

describe('the shipped tokenizer of Qwen3', () => {
  let tokenizer: Tokenizer;
  let official: Oracle;
  beforeAll(async () => {
    await compileTokenizer(shippedFolder);
    tokenizer = openTokenizer({ kind: 'shipped', name: 'Qwen/Qwen3-0.6B' });
    official = oracle(readFileSync(qwen3File, 'utf8'));
  });

  test('is named as the user named it', () => {
    expect(tokenizer.name).toBe('Qwen/Qwen3-0.6B');
  });

  // Ids of Qwen3's vocabulary, as `transformers` gives them.
  test.each([
    ['Hello, world!', [9707, 11, 1879, 0]],
    ['<|im_end|>', [151645]],
    ['', []],
  ])('%j', (text, ids) => {
    expect([...tokenizer.encode(text)]).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  test.each(trickyStrings.map((text) => [text]))('agrees with the official one on %j', async (text) => {
    const ids = await official.ids(text);
    expect([...tokenizer.encode(text)]).toEqual(ids);
    expect(tokenizer.count(text)).toBe(ids.length);
    // Once more, from the cache of words.
    expect([...tokenizer.encode(text)]).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(await official.text(ids));
  });

  test('agrees with the official one on random mixtures', async () => {
    await fc.assert(
      fc.asyncProperty(mixedText, async (text) => {
        const ids = await official.ids(text);
        expect(tokenizer.count(text)).toBe(ids.length);
        expect([...tokenizer.encode(text)]).toEqual(ids);
      }),
      { numRuns: 1000 },
    );
  });

  test('decodes any ids as the official one does, also such as make no whole characters', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(151_668), { maxLength: 40 }), async (ids) => {
        expect(tokenizer.decode(ids)).toBe(await official.text(ids));
      }),
      { numRuns: 300 },
    );
  });

  test('counts a lone surrogate as the replacement character that it becomes in UTF-8', () => {
    expect([...tokenizer.encode('a\ud800b')]).toEqual([...tokenizer.encode('a\ufffdb')]);
  });

  test('stays right when the cache of words overflows', async () => {
    // 100,000 different words; the cache holds 65,536.
    const words = Array.from({ length: 100_000 }, (_, i) => ` ${i.toString(36)}q${(i * 7919).toString(36)}`);
    for (let at = 0; at < words.length; at += 1000) tokenizer.count(words.slice(at, at + 1000).join(''));
    for (const text of [words.slice(0, 200).join(''), words.slice(-200).join('')]) {
      expect([...tokenizer.encode(text)]).toEqual(await official.ids(text));
    }
  });

  test('is what a folder with the same tokenizer.json opens', () => {
    const folder = path.dirname(qwen3File);
    expect(isSourceOfShipped(readFileSync(qwen3File))).toBe(true);
    const opened = openTokenizer({ kind: 'files', name: 'org/finetune', folder });
    expect(opened.name).toBe('org/finetune');
    expect([...opened.encode('Hello, world!')]).toEqual([9707, 11, 1879, 0]);
  });

  test('a word of a million characters is no trouble', async () => {
    // Qwen3 has merges up to eight a's: a million of them are 125,000 tokens.
    expect(tokenizer.count('a'.repeat(1_000_000))).toBe(125_000);
  });
});

test.each([
  ['Qwen/Qwen3-0.6B', true],
  ['qwen3-0.6b', true],
  ['QWEN/QWEN3-235B-A22B-Instruct-2507-FP8', true],
  ['qwen3', true],
  ['qwen3:8b', true],
  ['builtin', true],
  ['Qwen/Qwen2.5-7B', false],
  ['Qwen/Qwen3.5-9B', false],
  ['someone/Qwen3-0.6B', false],
  ['meta-llama/Llama-3.1-8B', false],
])('%s ships: %s', (name, ships) => {
  expect(isShipped(name)).toBe(ships);
});
