import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openDataset, planDataset, totalTurns } from '../../../src/dataset/plan.js';
import { openPrompts } from '../../../src/dataset/prompts.js';
import { options } from '../options.js';
import { qwen3, qwen3Corpus } from '../tokenizers.js';

const trace = fileURLToPath(
  new URL('../../../../shared/data/mooncake/conversation_trace.jsonl', import.meta.url),
);

it('becomes prompts of its lengths, with its shared prefixes', async (context) => {
  if (!existsSync(trace)) return context.skip('the Mooncake conversation trace is not there');
  const rows: { timestamp: number; input_length: number; output_length: number; hash_ids: number[] }[] =
    readFileSync(trace, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const tokenizer = qwen3();
  const prompts = openPrompts(qwen3Corpus(), 1);
  const plan = await planDataset({ ...options, inputFile: trace }, () => {});
  expect(totalTurns(plan)).toBe(12_031);
  const dataset = openDataset(plan, prompts);
  expect(dataset.size).toBe(12_031);

  const texts = new Map<string, string>();
  const wrong: string[] = [];
  for (const [index, row] of rows.entries()) {
    // Every tenth: making all texts takes half a minute.
    if (index % 10 !== 0) continue;
    const [turn, ...more] = dataset.conversation(index).turns;
    if (!turn || more.length > 0) throw new Error(`row ${index} has not one turn`);
    const { inputTokens, timestampMs, maxTokens } = turn;
    const facts = [inputTokens, timestampMs, maxTokens];
    if (facts.join() !== [row.input_length, row.timestamp, row.output_length].join()) {
      wrong.push(`row ${index}: ${facts}`);
    }
    const text = turn.texts[0]?.contents[0] ?? '';
    // Rows with the same two full blocks in front begin with the same text: about 1,024 tokens, 4,000 characters.
    if (row.hash_ids.length > 2) {
      const head = row.hash_ids.slice(0, 2).join();
      const shared = prompts.blocks(row.hash_ids.slice(0, 2), 1024, 512, {
        uniform: () => 0,
        integer: () => 0,
        normal: () => 0,
      });
      if (!text.startsWith(`${shared} `) || (texts.get(head) ?? shared) !== shared)
        wrong.push(`head of ${index}`);
      texts.set(head, shared);
    }
    // 12,031 / 240: 51 rows.
    if (index % 240 === 0 && tokenizer.count(text) !== row.input_length) wrong.push(`length of ${index}`);
  }
  expect(wrong).toEqual([]);
  // No two heads are alike.
  expect(new Set(texts.values()).size).toBe(texts.size);
});
