import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DatasetOptions } from '../../src/dataset/dataset-options.js';
import { openDataset, planDataset } from '../../src/dataset/plan.js';
import type { PromptSource } from '../../src/dataset/prompts.js';
import { openTokenIds } from '../../src/dataset/token-ids.js';
import { openTokenizer } from '../../src/dataset/tokenizer/open.js';
import { ordinaryIds } from '../../src/dataset/tokenizer/vocabulary.js';
import { options } from './options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-token-ids-'));
const noText: PromptSource = {
  prompt: () => expect.fail('a text was made'),
  blocks: () => expect.fail('a text was made'),
};
// Ids with a gap, so that a position in the vocabulary is no id.
const vocabulary = Uint32Array.from([...Array(500).keys()].map((place) => 1000 + 3 * place));

async function turns(changes: Partial<DatasetOptions>, seed = 1) {
  const plan = await planDataset({ ...options, asTokenIds: true, seed, ...changes }, () => {});
  const dataset = openDataset(structuredClone(plan), noText, openTokenIds(vocabulary, seed));
  return Array.from({ length: dataset.size }, (_, index) => dataset.conversation(index)).flatMap(
    (conversation) => conversation.turns,
  );
}

function trace(rows: readonly object[]): string {
  const file = join(folder, `${rows.length}-${JSON.stringify(rows).length}.jsonl`);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

describe('prompts as token ids', () => {
  it('have the requested length, are drawn from the vocabulary, and follow from the seed', async () => {
    const made = await turns({ isl: 200, islStddev: 50, textsPerTurn: 2, entries: 3 });
    for (const { texts, tokenIds = [], inputTokens } of made) {
      expect(texts).toEqual([]);
      expect(tokenIds).toHaveLength(2);
      expect(tokenIds.flat()).toHaveLength(inputTokens ?? 0);
      expect(tokenIds.flat().every((id) => vocabulary.includes(id))).toBe(true);
    }
    const lengths = made.map(({ inputTokens }) => inputTokens);
    expect(new Set(lengths).size).toBe(3);
    const again = { isl: 200, islStddev: 50, textsPerTurn: 2, entries: 3 };
    expect(await turns(again)).toEqual(made);
    expect(await turns(again, 2)).not.toEqual(made);
  });

  it('share the ids of equal leading blocks of a trace', async () => {
    const inputFile = trace([
      { input_length: 20, hash_ids: [7, 8, 9] },
      { input_length: 27, hash_ids: [7, 8, 10] },
      { input_length: 12, hash_ids: [7, 8] },
      { input_length: 5 },
    ]);
    const made = await turns({ inputFile, blockSize: 8 });
    const [first = [], second = [], third = [], fourth = []] = made.map(({ tokenIds }) => tokenIds?.[0]);
    expect(made.map(({ inputTokens }) => inputTokens)).toEqual([20, 27, 12, 5]);
    expect([first, second, third, fourth].map((ids) => ids.length)).toEqual([20, 27, 12, 5]);
    expect(second.slice(0, 16)).toEqual(first.slice(0, 16));
    expect(second.slice(16, 20)).not.toEqual(first.slice(16));
    expect(third).toEqual(first.slice(0, 12));
  });

  it('refuse rows that hold their own input', async () => {
    const text = trace([{ input_length: 5 }, { text_input: 'hello' }]);
    await expect(turns({ inputFile: text })).rejects.toThrow(
      `${text}:2: --isl-as-token-ids generates token ids, and this row holds its own text`,
    );
    const messages = trace([{ timestamp: 0, messages: [{ role: 'user', content: 'hello' }] }]);
    await expect(turns({ inputFile: messages })).rejects.toThrow('this row holds its own messages');
  });
});

describe('the vocabulary to draw from', () => {
  it('is that of Qwen3 without its chat marks', () => {
    const source = { kind: 'shipped', name: 'builtin' } as const;
    const ids = ordinaryIds(source);
    // <|endoftext|> is 151643, the first added token.
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([151_643, 0, 151_642]);
    expect(openTokenizer(source).decode([ids[1000] ?? 0])).not.toBe('');
  });

  it.each([
    {
      kind: 'a BPE',
      model: { type: 'BPE', vocab: { '<s>': 0, a: 1, b: 2, ab: 9, '[UNK]': 4 }, unk_token: '[UNK]' },
    },
    {
      kind: 'a Unigram model',
      model: {
        vocab: [
          ['<s>', 0],
          ['a', -1],
          ['b', -2],
          ['<unk>', 0],
        ],
        unk_id: 3,
      },
    },
  ])('leaves out the added tokens and the unknown token of $kind', ({ model }) => {
    const added = [{ id: 0, content: '<s>', special: true }];
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ model, added_tokens: added }));
    const ids = ordinaryIds({ kind: 'files', name: 'm', folder });
    expect([...ids]).toEqual('type' in model ? [1, 2, 9] : [1, 2]);
  });

  it('must be listed', () => {
    writeFileSync(join(folder, 'tokenizer.json'), '{"model":{}}');
    expect(() => ordinaryIds({ kind: 'files', name: 'm', folder })).toThrow('lists no vocabulary');
  });
});
