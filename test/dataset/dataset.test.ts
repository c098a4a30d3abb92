import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/dataset/conversation.js';
import type { DatasetOptions } from '../../src/dataset/dataset-options.js';
import { sampleLength } from '../../src/dataset/lengths.js';
import {
  estimateBytes,
  hasTimestamps,
  isTrace,
  openDataset,
  planDataset,
  totalTurns,
} from '../../src/dataset/plan.js';
import type { PromptSource } from '../../src/dataset/prompts.js';
import { openSampler } from '../../src/dataset/sampling.js';
import type { Random } from '../../src/util/random.js';
import { options } from './options.js';

// Prompts that tell what was asked for and which draw came with it.
const prompts: PromptSource = {
  prompt: (tokens, random) => `${tokens} tokens ${random.integer(1e9)}`,
  blocks: (ids, inputLength, blockSize, random) =>
    `${Array.from(ids).join('-')} of ${blockSize} in ${inputLength} ${random.integer(1e9)}`,
};

async function open(changes: Partial<DatasetOptions>): Promise<Dataset> {
  return openDataset(await planDataset({ ...options, ...changes }, () => {}), prompts);
}

function all(dataset: Dataset) {
  return Array.from({ length: dataset.size }, (_, index) => dataset.conversation(index));
}

describe('a length', () => {
  const drawing = (...values: number[]): Random => ({
    uniform: () => 0,
    integer: () => 0,
    normal: () => values.shift() ?? -1,
  });
  it.each([
    { mean: 550, stddev: 0, draws: [], length: 550 },
    { mean: 2.5, stddev: 0, draws: [], length: 3 },
    { mean: 0.2, stddev: 0, draws: [], length: 1 },
    { mean: 10, stddev: 3, draws: [7.01], length: 8 },
    { mean: 10, stddev: 0.9, draws: [10.5], length: 11 },
    { mean: 10, stddev: 3, draws: [-4, -1, 0], length: 1 },
    { mean: 10, stddev: 3, draws: [], length: 10 },
  ])('of $mean +- $stddev with the draws $draws is $length', ({ mean, stddev, draws, length }) => {
    expect(sampleLength(mean, stddev, drawing(...draws))).toBe(length);
  });
});

describe('synthetic texts', () => {
  it('are several per turn where that is asked for, the first as without the others', async () => {
    const [single] = all(await open({ entries: 1, isl: 20 }));
    const [batch] = all(await open({ entries: 1, isl: 20, textsPerTurn: 3 }));
    const [first] = single?.turns[0]?.texts[0]?.contents ?? [];
    const { texts, inputTokens } = batch?.turns[0] ?? {};
    expect(inputTokens).toBe(60);
    expect(texts?.map(({ name }) => name)).toEqual(['text']);
    const contents = texts?.[0]?.contents ?? [];
    expect(contents[0]).toBe(first);
    expect(contents.map((text) => /^20 tokens /.test(text))).toEqual([true, true, true]);
    expect(new Set(contents).size).toBe(3);
  });

  it('are a query and passages for endpoints that rank', async () => {
    const rankings = {
      ...{ passages: 4, passagesStddev: 1, passageTokens: 30, passageTokensStddev: 5 },
      ...{ queryTokens: 7, queryTokensStddev: 0 },
    };
    const turns = all(await open({ entries: 500, isl: 0, rankings })).flatMap(({ turns }) => turns);
    const tokens = (text: string) => Number.parseInt(text, 10);
    let passages = 0;
    let passageTokens = 0;
    for (const { texts, inputTokens } of turns) {
      const [query, ranked] = texts;
      expect([query?.name, ranked?.name]).toEqual(['query', 'passages']);
      expect(query?.contents.map(tokens)).toEqual([7]);
      const lengths = (ranked?.contents ?? []).map(tokens);
      const sum = lengths.reduce((total, length) => total + length, 0);
      expect(inputTokens).toBe(7 + sum);
      passages += lengths.length;
      passageTokens += sum;
    }
    // Standard errors: 1 / sqrt(500) = 0.045 passages, 5 / sqrt(2000) = 0.11 tokens; rounding up adds half a unit.
    expect(Math.abs(passages / 500 - 4.5)).toBeLessThan(0.25);
    expect(Math.abs(passageTokens / passages - 30.5)).toBeLessThan(0.6);
  });
});

describe('synthetic conversations', () => {
  it('have one turn with prompt, cap and model', async () => {
    const dataset = await open({ entries: 3, isl: 20, osl: 5, models: ['a', 'b'] });
    expect(all(dataset)).toEqual(
      [0, 1, 2].map((index) => ({
        sessionId: `session_00000${index}`,
        turns: [
          {
            role: 'user',
            texts: [{ name: 'text', contents: [expect.stringMatching(/^20 tokens \d+$/)] }],
            model: ['a', 'b', 'a'][index],
            inputTokens: 20,
            maxTokens: 5,
          },
        ],
        history: 'live-answers',
      })),
    );
    const texts = all(dataset).map(({ turns }) => turns[0]?.texts[0]?.contents[0]);
    expect(new Set(texts).size).toBe(3);
  });

  it('have no cap without --osl, or with 0', async () => {
    expect((await open({})).conversation(0).turns[0]).not.toHaveProperty('maxTokens');
    expect((await open({ osl: 0 })).conversation(0).turns[0]).not.toHaveProperty('maxTokens');
  });

  it('give the n-th turn model n mod count, with fixed and with varying turns', async () => {
    const fixed = await open({ entries: 3, turnsMean: 2, models: ['a', 'b', 'c'] });
    expect(all(fixed).map(({ turns }) => turns.map((turn) => turn.model).join(''))).toEqual([
      'ab',
      'ca',
      'bc',
    ]);
    const varying = await open({ entries: 50, turnsMean: 4, turnsStddev: 2, models: ['a', 'b', 'c'] });
    const turns = all(varying).flatMap((conversation) => conversation.turns);
    expect(turns.map((turn) => turn.model)).toEqual(turns.map((_, n) => ['a', 'b', 'c'][n % 3]));
    expect(new Set(all(varying).map((conversation) => conversation.turns.length)).size).toBeGreaterThan(3);
  });

  it('choose models at random by turn', async () => {
    const dataset = await open({ entries: 1000, models: ['a', 'b'], modelSelection: 'random' });
    const first = all(dataset).filter(({ turns }) => turns[0]?.model === 'a').length;
    // 1000 fair coins: 500, standard deviation 16.
    expect(first).toBeGreaterThan(430);
    expect(first).toBeLessThan(570);
  });

  it('wait before every turn but the first', async () => {
    const delays = async (changes: Partial<DatasetOptions>) =>
      (await open({ turnsMean: 3, delayRatio: 0.5, ...changes }))
        .conversation(0)
        .turns.map((turn) => turn.delayMs);
    expect(await delays({ delayMeanMs: 1500 })).toEqual([undefined, 750, 750]);
    expect(await delays({ delayMeanMs: 0 })).toEqual([undefined, undefined, undefined]);
    expect(await delays({ delayMeanMs: 1500, delayRatio: 0 })).toEqual([undefined, undefined, undefined]);
  });

  it('spread around the means', async () => {
    const turns = all(await open({ entries: 2000, isl: 1000, islStddev: 100, osl: 50, oslStddev: 5 })).map(
      ({ turns }) => turns[0],
    );
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    // Rounding up adds 0.5; the standard error of 2000 draws is 2.2 and 0.11.
    expect(Math.abs(mean(turns.map((turn) => turn?.inputTokens ?? 0)) - 1000.5)).toBeLessThan(9);
    expect(Math.abs(mean(turns.map((turn) => turn?.maxTokens ?? 0)) - 50.5)).toBeLessThan(0.5);
  });

  it('are the same in every thread, and others with another seed', async () => {
    const some = {
      entries: 20,
      turnsMean: 3,
      turnsStddev: 1,
      islStddev: 50,
      osl: 9,
      oslStddev: 3,
      delayMeanMs: 9,
    };
    const plan = await planDataset({ ...options, ...some }, () => {});
    const one = all(openDataset(plan, prompts));
    expect(JSON.stringify(all(openDataset(structuredClone(plan), prompts)))).toBe(JSON.stringify(one));
    expect(JSON.stringify(all(await open(some)))).toBe(JSON.stringify(one));
    expect(JSON.stringify(all(await open({ ...some, seed: 2 })))).not.toBe(JSON.stringify(one));
    // In any order, without the ones before.
    expect(openDataset(plan, prompts).conversation(13)).toEqual(one[13]);
  });

  it('have UUIDs where no seed was given, the same in every thread', async () => {
    const ids = all(await open({ entries: 100, namedSessions: false })).map(({ sessionId }) => sessionId);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(100);
    expect(all(await open({ entries: 100, namedSessions: false })).map(({ sessionId }) => sessionId)).toEqual(
      ids,
    );
  });

  it('must hold something', async () => {
    await expect(open({ isl: 0, endpointTakesText: false, endpointMedia: ['image'] })).rejects.toThrow(
      'the endpoint type takes images, and no option asks for any',
    );
  });

  it('are counted and weighed', async () => {
    const plan = await planDataset({ ...options, entries: 30, isl: 100, turnsMean: 2 }, () => {});
    expect(totalTurns(plan)).toBe(60);
    expect(estimateBytes(plan)).toBe(60 * 100 * 4.2);
    expect([isTrace(plan), hasTimestamps(plan)]).toEqual([false, false]);
    const varying = await planDataset({ ...options, entries: 30, turnsMean: 3, turnsStddev: 2 }, () => {});
    const turns = all(openDataset(varying, prompts)).flatMap((conversation) => conversation.turns);
    expect(totalTurns(varying)).toBe(turns.length);
  });
});

describe('sampling', () => {
  const tickets = (count: number) => Array.from({ length: count }, (_, ticket) => ticket);

  it('sequential wraps', () => {
    expect(tickets(7).map(openSampler('sequential', 3, 1))).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });

  it('random draws with replacement, by ticket', () => {
    const sample = openSampler('random', 10, 1);
    const counts = new Array<number>(10).fill(0);
    for (const ticket of tickets(10_000)) counts[sample(ticket)] = (counts[sample(ticket)] ?? 0) + 1;
    // 1000 each, standard deviation 30.
    expect(Math.min(...counts)).toBeGreaterThan(880);
    expect(Math.max(...counts)).toBeLessThan(1120);
    expect(openSampler('random', 10, 1)(77)).toBe(sample(77));
  });

  it('shuffle plays everything once a pass, each pass in another order', () => {
    const sample = openSampler('shuffle', 100, 1);
    const order = tickets(300).map(sample);
    const passes = [order.slice(0, 100), order.slice(100, 200), order.slice(200)];
    for (const pass of passes) expect(pass.toSorted((a, b) => a - b)).toEqual(tickets(100));
    expect(passes[0]).not.toEqual(passes[1]);
    expect(passes[1]).not.toEqual(passes[2]);
    // Any thread, any order of asking; another seed, another order.
    const again = openSampler('shuffle', 100, 1);
    expect([250, 3, 250, 120].map(again)).toEqual([order[250], order[3], order[250], order[120]]);
    expect(tickets(100).map(openSampler('shuffle', 100, 2))).not.toEqual(passes[0]);
  });
});
