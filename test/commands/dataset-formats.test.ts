import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inputSessions } from '../../src/commands/profile/inputs.js';
import { prepareRun } from '../../src/commands/profile/prepare.js';
import { profile } from '../config/profile-options.js';

// Every command of the page that sends a file, up to its first body, on a small file of the format.

const messages = (content: string) => [{ role: 'user', content }];
const lines = (...rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const speedBench = lines(
  { question_id: 'a', category: 'math', messages: messages('1 + 1?') },
  { question_id: 'b', category: 'coding', messages: messages('Sort.') },
);

const files: Readonly<Record<string, string>> = {
  'prompts.jsonl': lines({ prompt: 'Name three rivers.', output_length: 40 }),
  'conversations.jsonl': lines({ turns: [{ text: 'Hi' }, { text: 'And then?', delay: 1500 }] }),
  'sharegpt.json': JSON.stringify([
    {
      conversations: [
        { from: 'human', value: 'Why?' },
        { from: 'gpt', value: 'Because.' },
      ],
    },
  ]),
  'pool/a.jsonl': lines({ text: 'from a' }),
  'pool/b.jsonl': lines({ text: 'from b' }),
  'batch.jsonl': lines({
    custom_id: '1',
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'm', messages: messages('batch'), top_p: 0.5 },
  }),
  'bodies.jsonl': lines({ messages: messages('body'), x: 1 }),
  'bodies/one.jsonl': lines({ messages: messages('turn 1') }, { messages: messages('turn 2') }),
  'inputs.json': JSON.stringify(
    { data: [{ session_id: 's', payloads: [{ messages: messages('input') }] }] },
    null,
    2,
  ),
  'mooncake_trace.jsonl': lines({ timestamp: 0, input_length: 20, output_length: 5, hash_ids: [1] }),
  'qwen_traceA.jsonl': lines({
    ...{ chat_id: 1, parent_chat_id: -1, timestamp: 0.5, input_length: 20, output_length: 5 },
    ...{ type: 'text', turn: 1, hash_ids: [1, 2] },
  }),
  'BurstGPT.csv':
    'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,20,5,25,API log\n',
  'AzureLLMInferenceTrace_conv.csv':
    'TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,20,5\r\n',
  'captured/a.jsonl': lines({
    captureData: {
      endpointInput: { encoding: 'JSON', data: JSON.stringify({ messages: messages('captured') }) },
    },
    eventMetadata: { inferenceTime: '2024-01-02T03:04:05Z' },
  }),
  'weka/a.json': JSON.stringify({
    ...{ id: 't', models: ['m'], block_size: 64, hash_id_scope: 'local' },
    requests: [{ t: 0, type: 'n', model: 'm', in: 20, out: 5, hash_ids: [1] }],
  }),
  'syfi_coding_trace.jsonl': lines({
    ...{
      session_id: 's',
      input_tokens_total: 20,
      prefix_tokens: 0,
      newly_append_tokens: 20,
      output_tokens: 5,
    },
    timing_events: [{ event_type: 'text', timestamp: '2026-03-01T10:00:00Z' }],
  }),
  'qualitative.jsonl': speedBench,
};

const sent = (content: string, rest: object = {}) => ({
  messages: messages(content),
  model: 'qwen3-0.6b',
  stream: true,
  stream_options: { include_usage: true },
  ...rest,
});
/** 20 tokens of text with a cap of 5. */
const generated = { ...sent('TEXT'), max_completion_tokens: 5 };
const firstBody: Readonly<Record<string, unknown>> = {
  'prompts.jsonl': sent('Name three rivers.', { max_completion_tokens: 40 }),
  'conversations.jsonl': sent('Hi'),
  'sharegpt.json': sent('Why?'),
  'pool/': sent('', {
    messages: [{ role: 'user', content: ['from a', 'from b'].map((text) => ({ type: 'text', text })) }],
  }),
  'batch.jsonl': sent('batch', { top_p: 0.5 }),
  'bodies.jsonl': { messages: messages('body'), x: 1 },
  'bodies/': { messages: messages('turn 1') },
  'inputs.json': { messages: messages('input') },
  'mooncake_trace.jsonl': generated,
  'qwen_traceA.jsonl': generated,
  'BurstGPT.csv': generated,
  'AzureLLMInferenceTrace_conv.csv': generated,
  'baseten.parquet': sent('def f():', { max_completion_tokens: 3, min_tokens: 3, block_size: 64 }),
  'captured/': sent('captured'),
  'weka/': generated,
  'syfi_coding_trace.jsonl': generated,
  'qualitative.jsonl': sent('1 + 1?'),
  'qualitative.jsonl --custom-dataset-type speed_bench_coding': sent('Sort.'),
};

const folder = mkdtempSync(join(tmpdir(), 'aiperf-formats-'));
beforeAll(() => {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  cpSync(new URL('../dataset/loaders/baseten.parquet', import.meta.url), join(folder, 'baseten.parquet'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [, section = ''] =
  /### One command per format\n([\s\S]*?)\n### /.exec(readFileSync('docs/datasets.md', 'utf8')) ?? [];
const commands = [...section.replaceAll(/\\\n */g, '').matchAll(/^aiperf profile (.*)$/gm)].map(
  ([, line = '']) => line,
);

it('has a command for every file', () => {
  expect(
    commands.map((line) => /--input-file (\S+( --custom-dataset-type speed\S+)?)/.exec(line)?.[1]),
  ).toEqual(Object.keys(firstBody));
});

it.each(commands)('%s', async (line) => {
  const words = line.replace('$ENDPOINT_URL', 'http://localhost:8000').split(' ');
  const file = words.indexOf('--input-file') + 1;
  const name = words[file] ?? '';
  const { config } = await profile(words.with(file, join(folder, name)));
  const { load } = await prepareRun(config, { version: '1', env: {} }, () => {});
  const [first] = inputSessions(load);
  const body = JSON.parse(JSON.stringify(first?.payloads[0] ?? null));
  const expected =
    firstBody[
      line.includes('speed_bench_coding') ? `${name} --custom-dataset-type speed_bench_coding` : name
    ];
  if (expected === generated) body.messages[0].content = 'TEXT';
  expect(body).toEqual(expected);
});
