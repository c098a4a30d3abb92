import { beforeAll, describe, expect, it } from 'vitest';
import type { Conversation } from '../../src/dataset/conversation.js';
import type { DatasetOptions } from '../../src/dataset/dataset-options.js';
import { drawLength, openPairs } from '../../src/dataset/lengths.js';
import { openDataset, planDataset } from '../../src/dataset/plan.js';
import { openPrompts, type PromptSource } from '../../src/dataset/prompts.js';
import { openTokenIds } from '../../src/dataset/token-ids.js';
import type { Tokenizer } from '../../src/dataset/tokenizer/tokenizer.js';
import { chat } from '../../src/endpoint/chat.js';
import { messages } from '../../src/endpoint/messages.js';
import { inputTextOf } from '../../src/endpoint/payload.js';
import { responses } from '../../src/endpoint/responses.js';
import { randomStream } from '../../src/util/random.js';
import { options } from './options.js';
import { qwen3, qwen3Corpus } from './tokenizers.js';

let tokenizer: Tokenizer;
let prompts: PromptSource;
beforeAll(() => {
  tokenizer = qwen3();
  prompts = openPrompts(qwen3Corpus(), 1);
});

async function conversations(changes: Partial<DatasetOptions>): Promise<Conversation[]> {
  const dataset = openDataset(await planDataset({ ...options, ...changes }, () => {}), prompts);
  return Array.from({ length: dataset.size }, (_, index) => dataset.conversation(index));
}

const contentOf = ({ turns }: Conversation, turn = 0) => turns[turn]?.texts[0]?.contents[0] ?? '';
const nothingShared = { prefixes: 0, prefixTokens: 0, systemTokens: 0, contextTokens: 0 };
const exactly = (tokens: number) => ({ kind: 'normal', mean: tokens, stddev: 0 }) as const;
const bodyOptions = { streaming: false, extraInputs: {}, legacyMaxTokens: false };

describe('pairs of lengths', () => {
  it('are drawn by their weights, both lengths from one pair', async () => {
    const lengthPairs = [
      { isl: exactly(10), osl: exactly(4), weight: 1 },
      { isl: exactly(30), osl: exactly(8), weight: 3 },
    ];
    const drawn = await conversations({ entries: 4000, lengthPairs, osl: 99 });
    const kinds = drawn.map(({ turns: [turn] }) => `${turn?.inputTokens},${turn?.maxTokens}`);
    expect(new Set(kinds)).toEqual(new Set(['10,4', '30,8']));
    // 1,000 are expected, with a deviation of 27.
    const first = kinds.filter((kind) => kind === '10,4').length;
    expect(Math.abs(first - 1000)).toBeLessThan(110);
    expect(drawn.slice(0, 20).map((one) => tokenizer.count(contentOf(one)))).toEqual(
      drawn.slice(0, 20).map(({ turns }) => turns[0]?.inputTokens),
    );
  });

  it('never draw a pair of weight 0', () => {
    const pairOf = openPairs(
      [
        { isl: exactly(1), osl: exactly(1), weight: 0 },
        { isl: exactly(2), osl: exactly(2), weight: 100 },
        { isl: exactly(3), osl: exactly(3), weight: 0 },
      ],
      1,
    );
    expect(new Set(Array.from({ length: 500 }, (_, number) => pairOf(number).maxTokens))).toEqual(
      new Set([2]),
    );
  });

  it('spread evenly over a range, both ends included', () => {
    const random = randomStream(1, 'test');
    const counts = new Map<number, number>();
    for (let i = 0; i < 3000; i++) {
      const length = drawLength({ kind: 'uniform', low: 5, high: 7 }, random);
      counts.set(length, (counts.get(length) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([5, 6, 7]);
    // 1,000 are expected, with a deviation of 26.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(110);
  });

  it('have the mean and the median of a log-normal', () => {
    const random = randomStream(1, 'test');
    const drawn = Array.from({ length: 20_000 }, () =>
      drawLength({ kind: 'lognormal', mean: 800, median: 500 }, random),
    ).sort((a, b) => a - b);
    const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
    // Deviations of the estimates: sigma is 0.970; 800 sqrt(exp(sigma^2) - 1) / sqrt(n) = 7.1, and about 1.25 x 485 / sqrt(n) = 4.3.
    expect(Math.abs(mean - 800)).toBeLessThan(28);
    expect(Math.abs((drawn[10_000] ?? 0) - 500)).toBeLessThan(18);
  });
});

describe('a pool of prefixes', () => {
  const sharedPrompts = { ...nothingShared, prefixes: 2, prefixTokens: 8 };

  it('begins first turns with one of them, on top of the prompt', async () => {
    const made = await conversations({ entries: 40, isl: 10, turnsMean: 2, sharedPrompts });
    const beginnings = new Set(made.map((one) => contentOf(one).split(' ').slice(0, 4).join(' ')));
    expect(beginnings.size).toBe(2);
    for (const one of made) {
      expect(one.turns[0]?.inputTokens).toBe(18);
      expect(tokenizer.count(contentOf(one))).toBe(18);
      expect(tokenizer.count(contentOf(one, 1))).toBe(10);
      expect([...beginnings].some((beginning) => contentOf(one, 1).startsWith(beginning))).toBe(false);
    }
  });

  it('is drawn for each text of a batch', async () => {
    const [one] = await conversations({ entries: 1, isl: 10, textsPerTurn: 30, sharedPrompts });
    const contents = one?.turns[0]?.texts[0]?.contents ?? [];
    expect(contents).toHaveLength(30);
    expect(new Set(contents.map((text) => text.split(' ').slice(0, 4).join(' '))).size).toBe(2);
    expect(one?.turns[0]?.inputTokens).toBe(30 * 18);
  });

  it('consists of token ids where prompts do', async () => {
    const plan = await planDataset(
      { ...options, entries: 20, isl: 10, asTokenIds: true, sharedPrompts },
      () => {},
    );
    const vocabulary = Uint32Array.from({ length: 1000 }, (_, id) => id);
    const dataset = openDataset(plan, prompts, openTokenIds(vocabulary, 1));
    const ids = Array.from(
      { length: 20 },
      (_, index) => dataset.conversation(index).turns[0]?.tokenIds?.[0] ?? [],
    );
    expect(ids.map((list) => list.length)).toEqual(Array(20).fill(18));
    expect(new Set(ids.map((list) => list.slice(0, 8).join())).size).toBe(2);
    expect(new Set(ids.map((list) => list.slice(8).join())).size).toBe(20);
  });
});

describe('system and context messages', () => {
  const sharedPrompts = { ...nothingShared, systemTokens: 7, contextTokens: 6 };

  it('share one system message, and have a context of their own, in every request', async () => {
    const [first, second] = await conversations({ entries: 2, isl: 10, turnsMean: 2, sharedPrompts });
    if (first === undefined || second === undefined) throw new Error('two conversations were asked for');
    expect(first.systemMessage).toBe(second.systemMessage);
    expect(tokenizer.count(first.systemMessage ?? '')).toBe(7);
    expect(first.contextMessage).not.toBe(second.contextMessage);
    expect(tokenizer.count(first.contextMessage ?? '')).toBe(6);
    const [one, two] = first.turns;
    if (one === undefined || two === undefined) throw new Error('two turns were asked for');
    const past = [{ turn: one, answer: { content: 'Yes.' } }];
    const request = { conversation: first, turn: two, past };
    const leading = [
      { role: 'user', content: first.contextMessage },
      { role: 'user', content: contentOf(first) },
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: contentOf(first, 1) },
    ];
    expect(chat.body(request, bodyOptions).messages).toEqual([
      { role: 'system', content: first.systemMessage },
      ...leading,
    ]);
    expect(messages.body(request, bodyOptions)).toMatchObject({
      system: first.systemMessage,
      messages: leading,
    });
    expect(responses.body(request, bodyOptions)).toMatchObject({
      instructions: first.systemMessage,
      input: leading.map((message) => ({ ...message, type: 'message' })),
    });
    const alone = chat.body({ conversation: first, turn: one, past: [] }, bodyOptions);
    expect(tokenizer.count(inputTextOf(chat, alone))).toBe(7 + 6 + 10);
  });

  it('put --system-prompt in front of what a dataset has', async () => {
    const changes = { entries: 1, isl: 10, systemPrompt: 'Be brief.' };
    const [plain] = await conversations(changes);
    expect(plain?.systemMessage).toBe('Be brief.');
    const [both] = await conversations({ ...changes, sharedPrompts });
    expect(both?.systemMessage).toBe(
      `Be brief.\n\n${(await conversations({ ...changes, systemPrompt: undefined, sharedPrompts }))[0]?.systemMessage}`,
    );
  });
});
