import { beforeAll, describe, expect, it } from 'vitest';
import { readRecords } from '../e2e/aiperf.js';
import { goldenIsThere } from '../metrics/golden.js';
import { type Excuse, unexcused, unusedExcuses } from './excuse.js';
import { goldenText, templateFiles } from './golden2-inputs.js';
import { forEachOf, play } from './golden2-play.js';
import type { Answer } from './recording-server.js';

// What AIPerf 0.13.0 made of answers of many forms, one request each: a success with these counts, or a failed request.

/** An answer and what became of it there. */
interface Verdict {
  readonly answer: Answer;
  readonly there: string;
}

/** The recording cuts long answers; these begin so. */
const whole: Readonly<Record<string, unknown>> = {
  'responses 1': {
    body: {
      object: 'response',
      output: [
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'think hard' }] },
        { type: 'message', content: [{ type: 'output_text', text: 'done' }] },
      ],
      usage: { input_tokens: 5, output_tokens: 4 },
    },
  },
  'messages 1': {
    body: {
      type: 'message',
      content: [
        { type: 'thinking', thinking: 'hm hm' },
        { type: 'text', text: 'yes sir' },
      ],
      usage: { input_tokens: 5, output_tokens: 4 },
    },
  },
  'responses-stream 1': {
    sse: [
      { data: { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'a b' } },
      { data: { type: 'response.failed', response: { error: { message: 'bad' } } } },
    ],
  },
  'responses-stream 2': {
    sse: [
      { data: { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'a b' } },
      { data: { type: 'response.incomplete', response: { usage: { input_tokens: 5, output_tokens: 9 } } } },
    ],
  },
  'messages-stream 1': {
    sse: [
      {
        event: 'content_block_delta',
        data: { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'hm hm' } },
      },
      { data: { type: 'content_block_delta', delta: { type: 'text_delta', text: 'a b' } } },
    ],
  },
  'messages-stream 3': {
    sse: [
      { data: { type: 'content_block_delta', delta: { type: 'text_delta', text: 'a b' } } },
      {
        event: 'error',
        data: { type: 'error', error: { type: 'overloaded_error', message: 'busy' } },
      },
    ],
  },
  'messages-stream 6': {
    sse: [
      { data: { type: 'message_start', message: { usage: { input_tokens: 5, output_tokens: 1 } } } },
      { data: { type: 'content_block_delta', delta: { type: 'text_delta', text: 'a b' } } },
      { data: { type: 'message_delta', usage: { output_tokens: 9 } } },
    ],
  },
};

/** The answers to each type, in their order. */
const sections = new Map<string, readonly Verdict[]>(
  goldenText('answers/verdicts.txt')
    .split('\n## ')
    .slice(1)
    .map((section) => {
      const [head = '', ...lines] = section.trim().split('\n');
      const [type = ''] = head.split(' ');
      return [type, lines.map((line, i) => verdictOf(line, `${type} ${i + 1}`))];
    }),
);

function verdictOf(line: string, name: string): Verdict {
  const [given = '', there = ''] = line.split(' => ');
  const { body, sse, ct } = (whole[name] ?? JSON.parse(given)) as {
    body?: unknown;
    sse?: readonly { event?: string; data: unknown }[];
    ct?: string;
  };
  if (sse === undefined) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return { answer: { status: 200, body: text, ...(ct === undefined ? {} : { type: ct }) }, there };
  }
  const events = sse.map(({ event, data }) => {
    return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
  });
  return { answer: { status: 200, type: 'text/event-stream', body: events }, there };
}

/** Options that a type needs. */
const options: Readonly<Record<string, string>> = {
  template: '--custom-endpoint /x --isl 10 --extra-inputs payload_template:t.json',
  image_retrieval: '--image-width-mean 16',
  audio_transcription: '--audio-length-mean 0.1',
};

/** What a verdict counts, in its order. */
const counts = [
  'output_sequence_length',
  'usage_completion_tokens',
  'usage_prompt_tokens',
  'reasoning_token_count',
  'output_token_count',
  'num_images',
];

const excuses: readonly Excuse[] = [
  {
    difference: /^is ok \{\}, there ok \{"output_sequence_length":0\}$/,
    reason: 'endpoints.md §1, ours: no OSL of 0',
  },
  {
    difference: /^is ok \{"usage_.*\}, there ok \{"output_sequence_length":0\}$/,
    reason: 'endpoints.md §6.5, ours: usage of embeddings is read; that of rankings, too',
    runs: ['embeddings 1', 'chat-embeddings 1', 'nim_rankings 1', 'cohere_rankings 1'],
  },
  {
    difference: /^is FAIL None InvalidInferenceResultError, there FAIL None AttributeError$/,
    reason: 'theirs has the name of an exception of Python',
    runs: ['embeddings 8', 'chat-embeddings 5', 'nim_rankings 4', 'cohere_rankings 5'],
  },
  {
    difference: /^is FAIL 502 ValueError, there FAIL None ValueError$/,
    reason: 'decision 40: a failure inside a 200 has a code',
    runs: ['embeddings 2'],
  },
  {
    difference: /^is ok .*, there FAIL None (ValueError|InvalidInferenceResultError)$/,
    reason: 'decision 23: an answer without object or type is read by its shape',
    runs: ['embeddings 9', 'chat-embeddings 4', 'messages 3', 'responses 5'],
  },
  {
    difference: /^is FAIL None InvalidInferenceResultError, there ok \{"output_sequence_length":0\}$/,
    reason: 'endpoints.md §6.5, ours: an answer without an image is none',
    runs: ['image_generation 3', 'image_generation 4', 'image_generation 5'],
  },
  {
    difference: /^is FAIL 502 (ResponseBody|SSEResponse)Error, there FAIL None InvalidInferenceResultError$/,
    reason: 'decisions 34 and 40: the error that a body reports',
    runs: ['messages 4', 'responses 7', 'messages-stream 4'],
  },
  {
    difference: /^is FAIL 502 SSEResponseError, there ok /,
    reason: 'decisions 33 and 34: an error after text fails the request',
    runs: ['responses-stream 1', 'messages-stream 5'],
  },
  {
    difference: /^is ok .*"usage_prompt_tokens":5.*, there ok /,
    reason: 'decision 34: response.incomplete is read like response.completed',
    runs: ['responses-stream 2'],
  },
];
const found = new Map<string, readonly string[]>();

describe.runIf(goldenIsThere)('beside AIPerf 0.13.0', () => {
  beforeAll(() =>
    forEachOf(sections, async ([name, verdicts]) => {
      const type = name.replace('-stream', '');
      const takesText = type !== 'image_retrieval' && type !== 'audio_transcription';
      const command =
        `aiperf profile --model m --url http://127.0.0.1:8000 --artifact-dir artifacts --ui none --concurrency 1 --no-gpu-telemetry --no-server-metrics ` +
        `--endpoint-type ${type} --request-count ${verdicts.length} ${options[type] ?? '--isl 10'}` +
        (takesText ? ' --tokenizer tokenizers/qwen3' : '') +
        (name === type ? '' : ' --streaming --stream-end any');
      const { folder } = await play(command, {
        files: templateFiles,
        intercept: (_, number) => verdicts[number - 1]?.answer,
      });
      const records = readRecords(`${folder}/profile_export.jsonl`);
      verdicts.forEach(({ there }, i) => {
        const ours = records.find(({ metadata }) => metadata.session_num === i);
        found.set(`${name} ${i + 1}`, differences(there, ours));
      });
    }),
  );

  it('reads each answer the same way', () => {
    const bad = [...found].map(([name, lines]) => [name, unexcused(excuses, name, lines)]);
    expect(bad.filter(([, lines]) => lines?.length)).toEqual([]);
    expect(found.size).toBe(93);
  });

  it('each excuse is still needed', () => {
    expect(unusedExcuses(excuses, found)).toEqual([]);
  });
});

function differences(there: string, ours: ReturnType<typeof readRecords>[number] | undefined): string[] {
  const { error, metrics = {} } = ours ?? {};
  const counted = counts.flatMap((tag) => (metrics[tag] === undefined ? [] : [[tag, metrics[tag].value]]));
  const verdict =
    error === undefined
      ? `ok ${JSON.stringify(Object.fromEntries(counted))}`
      : `FAIL ${error.code ?? 'None'} ${error.type}`;
  // A dictionary as Python prints it becomes JSON.
  const printed = there.replaceAll("'", '"').replaceAll(', "', ',"').replaceAll('": ', '":');
  const [theirs = printed] = /^FAIL \S+ \w+/.exec(there) ?? [];
  return verdict === theirs ? [] : [`is ${verdict}, there ${theirs}`];
}
