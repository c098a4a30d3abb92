import { describe, expect, it } from 'vitest';
import { endpoints } from '../../src/endpoint/endpoints.js';
import type { Json } from '../../src/util/json.js';

/** Deltas and messages as providers send them; what is absent in the reading came not. */
const messages: readonly (readonly [provider: string, message: Json, reading: Record<string, unknown>])[] = [
  ['OpenAI: text', { role: 'assistant', content: 'a', refusal: null, annotations: [] }, { text: 'a' }],
  ['OpenAI: a refusal', { content: null, refusal: 'I will not.' }, { text: 'I will not.' }],
  [
    'OpenAI: audio with its transcript',
    { content: null, audio: { id: 'x', transcript: 'hello', expires_at: 1 } },
    { text: 'hello' },
  ],
  ['OpenAI: audio alone', { audio: { id: 'x', data: 'UklGRg==' } }, { unread: ['audio.data'] }],
  [
    'OpenAI: a custom tool',
    { tool_calls: [{ index: 0, id: 'c', type: 'custom', custom: { name: 'sql', input: 'select 1' } }] },
    {
      toolText: 'sqlselect 1',
      toolCalls: [{ index: 0, id: 'c', type: 'custom', custom: { name: 'sql', input: 'select 1' } }],
    },
  ],
  [
    'OpenAI: function_call',
    { function_call: { name: 'f', arguments: '{}' } },
    {
      toolText: 'f{}',
      toolCalls: [{ index: 0, id: 'call_0', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
  ],
  [
    'a gateway that sends a call in both forms',
    {
      tool_calls: [{ index: 0, function: { name: 'f', arguments: '{}' } }],
      function_call: { name: 'f', arguments: '{}' },
    },
    { toolText: 'f{}', toolCalls: [{ index: 0, function: { name: 'f', arguments: '{}' } }] },
  ],
  [
    'Azure: citations of own data',
    { content: 'a', context: { citations: [{ content: 'doc' }] } },
    { text: 'a' },
  ],
  [
    'Mistral: thinking and text in one',
    {
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }], closed: true },
        { type: 'text', text: 'yes' },
        { type: 'reference', reference_ids: [1] },
      ],
    },
    { text: 'yes', reasoning: 'hm' },
  ],
  ['MiniMax: reasoning_content', { content: '', reasoning_content: 'hm' }, { reasoning: 'hm' }],
  [
    'MiniMax: reasoning_details',
    {
      content: 'a',
      reasoning_details: [{ type: 'reasoning.text', id: 'r', format: 'M', index: 0, text: 'hm' }],
    },
    { text: 'a', reasoning: 'hm' },
  ],
  ['DeepSeek, Qwen, Moonshot, GLM', { content: null, reasoning_content: 'hm' }, { reasoning: 'hm' }],
  ['Ollama, Groq, vLLM since 2025', { content: '', reasoning: 'hm' }, { reasoning: 'hm' }],
  ['Ollama behind gateways', { content: '', thinking: 'hm' }, { reasoning: 'hm' }],
  [
    'LM Studio',
    { role: 'assistant', content: '', reasoning_content: 'hm', tool_calls: [] },
    { reasoning: 'hm' },
  ],
  [
    'LiteLLM: thinking in three places',
    {
      content: '',
      reasoning_content: 'hm',
      thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 'x' }],
      provider_specific_fields: { reasoning: 'hm' },
    },
    { reasoning: 'hm' },
  ],
  [
    'LiteLLM: thinking_blocks alone',
    { content: '', thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 'x' }] },
    { reasoning: 'hm' },
  ],
  [
    'OpenRouter: reasoning twice',
    {
      content: '',
      reasoning: 'hm',
      reasoning_details: [{ type: 'reasoning.text', text: 'hm', format: 'unknown', index: 0 }],
    },
    { reasoning: 'hm' },
  ],
  [
    'OpenRouter: a summary, and what is sealed',
    {
      reasoning_details: [
        { type: 'reasoning.summary', summary: 'in short' },
        { type: 'reasoning.encrypted', data: 'xyz' },
      ],
    },
    { reasoning: 'in short' },
  ],
  [
    'OpenRouter: images',
    { content: 'a', images: [{ type: 'image_url' }] },
    { text: 'a', unread: ['images'] },
  ],
  [
    'TGI: a tool call without a list',
    {
      role: 'assistant',
      tool_calls: { index: 0, id: '', type: 'function', function: { name: 'f', arguments: '{' } },
    },
    {
      toolText: 'f{',
      toolCalls: [{ index: 0, id: '', type: 'function', function: { name: 'f', arguments: '{' } }],
    },
  ],
  [
    'Ollama: arguments that are an object',
    { tool_calls: [{ index: 0, function: { name: 'f', arguments: { a: 1 } } }] },
    { toolText: 'f{"a":1}', toolCalls: [{ index: 0, function: { name: 'f', arguments: { a: 1 } } }] },
  ],
  [
    'Anthropic behind a gateway: blocks',
    {
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'x' },
        { type: 'redacted_thinking', data: 'xyz' },
        { type: 'text', text: 'yes' },
        { type: 'tool_use', id: 't1', name: 'f', input: { a: 1 } },
        { type: 'tool_use', id: 't2', name: 'g', input: {} },
      ],
    },
    {
      text: 'yes',
      reasoning: 'hm',
      toolText: 'f{"a":1}g{}',
      toolCalls: [
        { id: 't1', type: 'function', function: { name: 'f', arguments: { a: 1 } } },
        { id: 't2', type: 'function', function: { name: 'g', arguments: {} } },
      ],
    },
  ],
  ['Anthropic behind a gateway: a delta', { type: 'text_delta', text: 'yes' }, { text: 'yes' }],
  ['Anthropic behind a gateway: thinking', { type: 'thinking_delta', thinking: 'hm' }, { reasoning: 'hm' }],
  [
    'Anthropic behind a gateway: tool input',
    { type: 'input_json_delta', partial_json: '{"a"' },
    { toolText: '{"a"' },
  ],
  [
    'Databricks: a summary in a part',
    {
      content: [
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm', signature: 'x' }] },
        { type: 'text', text: 'yes' },
      ],
    },
    { text: 'yes', reasoning: 'hm' },
  ],
  [
    'Bedrock behind a gateway',
    { content: [{ reasoningContent: { reasoningText: { text: 'hm', signature: 'x' } } }, { text: 'yes' }] },
    { text: 'yes', reasoning: 'hm' },
  ],
  ['parts that are strings', { content: ['a', 'b'] }, { text: 'ab' }],
  ['facts only', { role: 'assistant', channel: 'final', item_id: 'x', created_at: 'now', content: null }, {}],
  [
    'unknown fields',
    { notes: 'x', extra: { a: 'b' }, blocks: [], flag: true },
    { unread: ['notes', 'extra'] },
  ],
  ['an unknown part', { content: [{ type: 'chart', svg: '<svg/>' }] }, { unread: ['content[].svg'] }],
];

describe('what the fields of a message hold', () => {
  it.each(messages)('%s', (_, message, reading) => {
    expect(endpoints.chat.read({ choices: [{ index: 0, delta: message }] })).toEqual(reading);
    expect(endpoints.chat.read({ choices: [{ index: 0, message }] })).toEqual({
      ...reading,
      isWholeMessage: true,
    });
  });

  it('names what is nested too deep, and reads the rest', () => {
    let deep: Json = 'x';
    for (let level = 0; level < 20_000; level++) deep = [deep];
    expect(endpoints.chat.read({ choices: [{ delta: { content: deep, reasoning: 'hm' } }] })).toEqual({
      reasoning: 'hm',
      unread: [`content${'[]'.repeat(8)}`],
    });
  });
});

describe('choices', () => {
  const choice = (index: number, content: string, finish: string | null = null) => ({
    index,
    message: { content },
    finish_reason: finish,
  });

  it('counts choice 0 of a whole body, wherever it stands', () => {
    const choices = [choice(1, 'second', 'length'), choice(0, 'first', 'stop')];
    expect(endpoints.chat.read({ object: 'chat.completion', choices })).toEqual({
      text: 'first',
      finishReason: 'stop',
      isWholeMessage: true,
      otherChoices: [{ index: 1, finished: true }],
    });
  });

  it('counts the first of several choices that all claim to be 0, or claim nothing', () => {
    for (const claim of [{ index: 0 }, {}]) {
      const choices = ['first', 'second'].map((text) => ({ ...claim, text, finish_reason: null }));
      expect(endpoints.completions.read({ choices })).toEqual({
        text: 'first',
        otherChoices: [{ index: 1, finished: false }],
      });
    }
  });

  it('counts choice 0 of text completions', () => {
    const choices = [
      { index: 1, text: 'second', finish_reason: null },
      {
        index: 0,
        text: 'first',
        finish_reason: 'length',
        logprobs: { tokens: ['first'] },
        stop_reason: null,
      },
    ];
    expect(endpoints.completions.read({ object: 'text_completion', choices })).toEqual({
      text: 'first',
      finishReason: 'length',
      otherChoices: [{ index: 1, finished: false }],
    });
  });

  it.each([
    ['Azure on own data', 'extensions.chat.completion.chunk'],
    ['TGI', 'text_completion'],
    ['none', ''],
  ])('reads chat chunks whose object is that of %s', (_, object) => {
    expect(endpoints.chat.read({ object, choices: [{ delta: { content: 'a' } }] })).toEqual({ text: 'a' });
    expect(endpoints.completions.read({ object, choices: [{ text: 'a' }] })).toEqual({ text: 'a' });
  });

  it('reads nothing of another object', () => {
    expect(endpoints.chat.read({ object: 'list', choices: [{ delta: { content: 'a' } }] })).toBeUndefined();
    expect(endpoints.completions.read([{ choices: [{ text: 'a' }] }])).toBeUndefined();
  });

  it('names what a unit without choices holds, and reads its usage', () => {
    const usage = { prompt_tokens: 1 };
    expect(endpoints.chat.read({ response: 'a', p: 'b', done: false, usage })).toEqual({
      unread: ['response', 'p'],
      usage,
    });
    expect(endpoints.chat.read({ message: { content: 'a' }, created_at: 'now', model: 'm' })).toEqual({
      unread: ['message'],
    });
    const facts = { id: 'x', object: 'chat.completion.chunk', system_fingerprint: 'f', service_tier: 't' };
    expect(endpoints.chat.read({ ...facts, timings: { n: 1 }, prompt_filter_results: [1], usage })).toEqual({
      usage,
    });
  });
});
