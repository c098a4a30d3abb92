import { describe, expect, it } from 'vitest';
import { tokenCounter } from '../../src/records/count-tokens.js';
import type { RequestRecord } from '../../src/records/record.js';
import { readUsage } from '../../src/records/usage.js';

const record = (facts: Partial<RequestRecord>): RequestRecord => ({ model: 'm', ...facts }) as RequestRecord;

describe('tokenCounter', () => {
  const counted: string[] = [];
  const words = (text: string) => {
    counted.push(text);
    return text.split(' ').length;
  };

  it('counts what is not known, and each prompt once', () => {
    const count = tokenCounter(words);
    counted.length = 0;
    expect(count(record({ inputTokens: 9, text: 'a b c', reasoning: 'x y' }))).toEqual({
      input: 9,
      output: 3,
      reasoning: 2,
    });
    expect(count(record({ inputText: 'p q', text: 'z' }))).toEqual({
      input: 2,
      output: 1,
      reasoning: undefined,
    });
    expect(count(record({ inputText: 'p q' }))).toEqual({
      input: 2,
      output: undefined,
      reasoning: undefined,
    });
    expect(counted).toEqual(['a b c', 'x y', 'p q', 'z']);
  });

  it('keeps the input length of a failed request, and nothing of its text', () => {
    const failed = record({ inputTokens: 5, text: 'half', error: { type: 'X', message: '' } });
    expect(tokenCounter(words)(failed)).toEqual({ input: 5, output: undefined, reasoning: undefined });
  });

  it('takes the server’s counts: output is completion less reasoning, never below 0', () => {
    const server = tokenCounter(undefined);
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 7,
      completion_tokens_details: { reasoning_tokens: 2 },
    };
    expect(server(record({ usage, inputTokens: 99 }))).toEqual({ input: 10, output: 5, reasoning: 2 });
    expect(server(record({ usage: { ...usage, completion_tokens: 1 } }))).toMatchObject({ output: 0 });
    expect(server(record({ usage: undefined, inputTokens: 99 }))).toEqual({
      input: undefined,
      output: undefined,
      reasoning: undefined,
    });
  });

  it.each([
    [
      'SGLang: reasoning at the top, part of the completion',
      { prompt_tokens: 8, completion_tokens: 15, reasoning_tokens: 12, total_tokens: 23 },
      { input: 8, output: 3, reasoning: 12 },
    ],
    [
      'xAI: reasoning apart from the completion',
      {
        prompt_tokens: 32,
        completion_tokens: 9,
        total_tokens: 135,
        completion_tokens_details: { reasoning_tokens: 94 },
      },
      { input: 32, output: 9, reasoning: 94 },
    ],
    [
      'Gemini: thoughts apart from the candidates',
      { promptTokenCount: 3, candidatesTokenCount: 4, thoughtsTokenCount: 2, totalTokenCount: 9 },
      { input: 3, output: 4, reasoning: 2 },
    ],
  ])('takes the server’s counts of %s', (_, usage, tokens) => {
    expect(tokenCounter(undefined)(record({ usage }))).toEqual(tokens);
  });
});

describe('readUsage', () => {
  it.each([
    [
      'SGLang and Perplexity: reasoning at the top',
      { prompt_tokens: 8, completion_tokens: 15, reasoning_tokens: 12, total_tokens: 23 },
      { prompt: 8, completion: 15, total: 23, reasoning: 12 },
    ],
    [
      'Bedrock’s invocation metrics',
      { inputTokenCount: 5, outputTokenCount: 6, invocationLatency: 700 },
      { prompt: 5, completion: 6 },
    ],
    [
      'Cohere’s billed units',
      { billed_units: { input_tokens: 5, output_tokens: 6 } },
      { prompt: 5, completion: 6 },
    ],
    [
      'OpenAI',
      {
        prompt_tokens: 1,
        completion_tokens: 2,
        total_tokens: 3,
        prompt_tokens_details: { cached_tokens: 4, audio_tokens: 5 },
        completion_tokens_details: {
          reasoning_tokens: 6,
          audio_tokens: 7,
          accepted_prediction_tokens: 8,
          rejected_prediction_tokens: 9,
        },
      },
      {
        prompt: 1,
        completion: 2,
        total: 3,
        cacheRead: 4,
        promptAudio: 5,
        reasoning: 6,
        completionAudio: 7,
        acceptedPrediction: 8,
        rejectedPrediction: 9,
      },
    ],
    [
      'Anthropic: input is the sum with both caches',
      { input_tokens: 10, output_tokens: 2, cache_read_input_tokens: 30, cache_creation_input_tokens: 5 },
      { prompt: 45, completion: 2, cacheRead: 30, cacheWrite: 5 },
    ],
    [
      'Gemini, wrapped',
      {
        usageMetadata: {
          promptTokenCount: 3,
          candidatesTokenCount: 4,
          totalTokenCount: 9,
          thoughtsTokenCount: 2,
          cachedContentTokenCount: 1,
        },
      },
      { prompt: 3, completion: 4, total: 9, reasoning: 2, cacheRead: 1 },
    ],
    [
      'Bedrock',
      { inputTokens: 1, outputTokens: 2, totalTokens: 8, cacheReadInputTokens: 4, cacheWriteInputTokens: 1 },
      { prompt: 6, completion: 2, total: 8, cacheRead: 4, cacheWrite: 1 },
    ],
    [
      'Cohere, keys on top win',
      { input_tokens: 5, meta: { tokens: { input_tokens: 7, output_tokens: 8 }, cached_tokens: 2 } },
      { prompt: 5, completion: 8, cacheRead: 2 },
    ],
    [
      'counts that no server can mean',
      { prompt_tokens: 1e308, completion_tokens: -12, total_tokens: 3 },
      { total: 3 },
    ],
    [
      'a key that names a prototype, which lends nothing',
      JSON.parse('{"prompt_tokens":3,"__proto__":{"completion_tokens":99}}'),
      { prompt: 3 },
    ],
    ['the first key that is there decides, also when null', { prompt_tokens: null, input_tokens: 4 }, {}],
  ])('%s', (_, usage, expected) => {
    const found = readUsage(usage as never);
    expect(Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))).toEqual(
      expected,
    );
  });
});
