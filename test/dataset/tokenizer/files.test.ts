import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agrees } from '../../../src/dataset/tokenizer/agreement.js';
import { readTables } from '../../../src/dataset/tokenizer/bpe-tables.js';
import { ByteLevelBpe } from '../../../src/dataset/tokenizer/byte-level-bpe.js';
import { openTokenizer } from '../../../src/dataset/tokenizer/open.js';
import { bpeShape } from '../../../src/dataset/tokenizer/shape.js';
import type { Tokenizer } from '../../../src/dataset/tokenizer/tokenizer.js';
import { UserError } from '../../../src/util/errors.js';
import type { Json, JsonObject } from '../../../src/util/json.js';
import { oracle, smallTokenizer } from './oracle.js';
import { mixedText, trickyStrings } from './tricky.js';

const folder = mkdtempSync(path.join(tmpdir(), 'aiperf-tokenizer-'));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;

function write(content: string): string {
  const own = path.join(folder, String(folders++));
  mkdirSync(own);
  writeFileSync(path.join(own, 'tokenizer.json'), content);
  return own;
}

function open(content: string): Tokenizer {
  return openTokenizer({ kind: 'files', name: 'small', folder: write(content) });
}

async function expectAgreement(tokenizer: Tokenizer, json: string): Promise<void> {
  const official = oracle(json);
  const check = async (text: string) => {
    const ids = await official.ids(text);
    expect([...tokenizer.encode(text)], JSON.stringify(text)).toEqual(ids);
    expect(tokenizer.count(text), JSON.stringify(text)).toBe(ids.length);
    expect(tokenizer.decode(ids), JSON.stringify(text)).toBe(await official.text(ids));
  };
  for (const text of trickyStrings) await check(text);
  await fc.assert(fc.asyncProperty(mixedText, check), { numRuns: 200 });
}

const byteLevel: JsonObject = {
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: false,
  use_regex: false,
};

function splitBy(...patterns: string[]): Json {
  const splits = patterns.map((pattern) => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false,
  }));
  return { type: 'Sequence', pretokenizers: [...splits, byteLevel] };
}

const added = (id: number, content: string, flags: JsonObject): Json => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: false,
  ...flags,
});

const llama3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const gptOss =
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const deepSeek = [
  '\\p{N}{1,3}',
  '[一-龥぀-ゟ゠-ヿ]+',
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+',
];

const asText = (merges: Json): string[] =>
  (Array.isArray(merges) ? merges : []).map((merge) => (Array.isArray(merge) ? merge.join(' ') : ''));

/** Byte-level BPE of the shapes that models use, each with the own implementation. */
const shapes: Record<string, () => JsonObject> = {
  'Qwen 3': () => smallTokenizer(3000),
  'GPT-2': () => smallTokenizer(3000, { normalizer: null, pre_tokenizer: { ...byteLevel, use_regex: true } }),
  'GPT-2, older than use_regex and merges as pairs': () => {
    const { model, ...rest } = smallTokenizer(2000, {
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
    });
    return { ...rest, model: { ...Object(model), merges: asText(Object(model).merges) } };
  },
  // Words of the vocabulary that the merges alone would not reach.
  'Llama 3': () => {
    const whole = smallTokenizer(3000);
    const merges: Json[] = Object(whole.model).merges;
    return smallTokenizer(
      3000,
      { normalizer: null, pre_tokenizer: splitBy(llama3) },
      { ignore_merges: true, merges: merges.slice(0, 1500) },
    );
  },
  'gpt-oss': () => smallTokenizer(3000, { normalizer: null, pre_tokenizer: splitBy(gptOss) }),
  'DeepSeek V3': () =>
    smallTokenizer(3000, {
      normalizer: { type: 'Sequence', normalizers: [] },
      pre_tokenizer: splitBy(...deepSeek),
    }),
  'a pattern that leaves gaps': () => smallTokenizer(1000, { pre_tokenizer: splitBy('\\d|\\.[^\\n]') }),
};

describe.each(Object.entries(shapes))('%s', (_, make) => {
  const json = JSON.stringify(make());

  test('runs on the own implementation and agrees with the official one', async () => {
    const tokenizer = open(json);
    expect(tokenizer).toBeInstanceOf(ByteLevelBpe);
    await expectAgreement(tokenizer, json);
  });
});

describe('added tokens with flags', () => {
  const json = smallTokenizer(1000, {
    added_tokens: [
      added(1256, '<|endoftext|>', { normalized: true, special: true }),
      added(1257, 'whale', { single_word: true }),
      added(1258, '<|im_end|>', { lstrip: true }),
      added(1259, '<|im_start|>', { rstrip: true }),
      added(1260, '<think>', { lstrip: true, rstrip: true, single_word: true }),
      added(1261, '\u00e9cole', { normalized: true }),
      added(1262, '<|im', {}),
      added(1263, 'two words', {}),
    ],
  });
  // The library does not know single_word, so that a file with such tokens may well step aside.
  const shape = bpeShape(json);
  const tables = readTables(Object(json.model), false);
  if (shape === undefined || tables === undefined) throw new Error('expected a byte-level BPE');
  const tokenizer = new ByteLevelBpe('small', shape, tables);

  test('agree with the official one', () => expectAgreement(tokenizer, JSON.stringify(json)), 60_000);

  test('take white space and respect words', () => {
    // 'a', then '<|im_end|>' with the space before it, then ' a': the space behind stays.
    const [a, end, ...rest] = tokenizer.encode('a <|im_end|> a');
    expect(tokenizer.decode([a ?? -1])).toBe('a');
    expect(end).toBe(1258);
    expect(tokenizer.decode(rest)).toBe(' a');
    expect(tokenizer.encode('whale.')[0]).toBe(1257);
    expect([...tokenizer.encode('whales')]).not.toContain(1257);
  });
});

const wordPiece: JsonObject = {
  version: '1.0',
  added_tokens: [],
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: null,
  decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: { '[UNK]': 0, the: 1, whale: 2, '##s': 3, '.': 4, un: 5, '##known': 6 },
  },
};

const unigram: JsonObject = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  post_processor: null,
  decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
  model: {
    type: 'Unigram',
    unk_id: 0,
    byte_fallback: false,
    vocab: [
      ['<unk>', 0],
      ['▁the', -2],
      ['▁whale', -3],
      ['s', -4],
      ['▁', -5],
      ['the', -6],
    ],
  },
};

describe('any other kind steps aside to the library', () => {
  test.each([
    // the, whale + ##s, ., un + ##known, [UNK]
    ['WordPiece', wordPiece, 'The whales. unknown xyz', [1, 2, 3, 4, 5, 6, 0]],
    // ▁the, ▁whale + s
    ['Unigram', unigram, 'the whales', [1, 2, 3]],
  ])('%s', async (_, json, text, ids) => {
    const tokenizer = open(JSON.stringify(json));
    expect(tokenizer).not.toBeInstanceOf(ByteLevelBpe);
    expect([...tokenizer.encode(text)]).toEqual(ids);
    expect(tokenizer.count(text)).toBe(ids.length);
    expect([...tokenizer.encode(text)]).toEqual(await oracle(JSON.stringify(json)).ids(text));
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode([1, 2, 3])).toBe('the whales');
  });

  test.each<[string, JsonObject]>([
    ['a pattern with a possessive quantifier', { pre_tokenizer: splitBy('\\p{L}++|\\s+') }],
    ['a pattern with a look behind', { pre_tokenizer: splitBy('(?<=a)b|\\s+') }],
    ['another normalizer', { normalizer: { type: 'NFKC' } }],
    ['a prefix space', { pre_tokenizer: { ...byteLevel, add_prefix_space: true, use_regex: true } }],
    ['no byte-level decoder', { decoder: null }],
  ])('%s', (_, parts) => {
    expect(open(JSON.stringify(smallTokenizer(50, parts)))).not.toBeInstanceOf(ByteLevelBpe);
  });

  test('a vocabulary without all bytes', () => {
    const json = smallTokenizer(50);
    const { '\u0100': _, ...vocab } = Object(json.model).vocab;
    expect(open(JSON.stringify({ ...json, model: { ...Object(json.model), vocab } }))).not.toBeInstanceOf(
      ByteLevelBpe,
    );
  });
});

test('one differing id on the sample is disagreement', () => {
  const one = open(JSON.stringify(smallTokenizer(50)));
  const other: Tokenizer = {
    ...one,
    encode: (text) => one.encode(text).map((id) => (id === 220 ? 221 : id)),
    decode: (ids) => one.decode(ids),
  };
  expect(agrees(one, one)).toBe(true);
  expect(agrees(one, other)).toBe(false);
  expect(agrees(one, { ...other, encode: (text) => one.encode(text), decode: () => '' })).toBe(false);
});

describe('a folder that cannot be used', () => {
  const opening = (own: string) => () => openTokenizer({ kind: 'files', name: 'mine', folder: own });

  test('has no tokenizer.json', () => {
    const own = mkdtempSync(path.join(folder, 'empty-'));
    expect(opening(own)).toThrow(UserError);
    expect(opening(own)).toThrow(`Tokenizer mine: ${own} has no tokenizer.json`);
  });

  test('has half of one', () => {
    const own = write(JSON.stringify(wordPiece).slice(0, -20));
    expect(opening(own)).toThrow(UserError);
    expect(opening(own)).toThrow(`Tokenizer mine: ${path.join(own, 'tokenizer.json')} is not JSON`);
  });

  test.each(['[]', '{}', '{"model":{"type":"Nonsense"}}', '{"model":null}'])('holds %s', (content) => {
    const own = write(content);
    expect(opening(own)).toThrow(UserError);
    expect(opening(own)).toThrow(path.join(own, 'tokenizer.json'));
  });
});

const eightThousand = fileURLToPath(new URL('../../../../shared/data/tokenizer-qwen3-8k', import.meta.url));
const isThere = existsSync(eightThousand);
if (!isThere) process.stderr.write('skipped: ../shared/data/tokenizer-qwen3-8k is not here\n');

describe.skipIf(!isThere)('the 8k cut of Qwen3', () => {
  let tokenizer: Tokenizer;
  beforeAll(() => {
    tokenizer = openTokenizer({ kind: 'files', name: eightThousand, folder: eightThousand });
  });

  test('agrees with the official one', async () => {
    expect(tokenizer).toBeInstanceOf(ByteLevelBpe);
    await expectAgreement(tokenizer, readFileSync(path.join(eightThousand, 'tokenizer.json'), 'utf8'));
  });

  test('gives 379,340 tokens for Shakespeare in pieces of 2,000 characters', () => {
    const text = readFileSync(path.join(eightThousand, '../text/tinyshakespeare.txt'), 'utf8');
    let tokens = 0;
    for (let at = 0; at < text.length; at += 2000) tokens += tokenizer.count(text.slice(at, at + 2000));
    expect(tokens).toBe(379_340);
  });
});
