import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { pythonString } from '../../src/traffic/logs/python-string.js';
import { aiperf, sentences, wideAiperf } from '../commands/in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-anonymize-'));
let files = 0;

function file(content: string | Buffer | readonly unknown[], name = `${files++}.jsonl`): string {
  const path = join(folder, name);
  const isRows = Array.isArray(content);
  writeFileSync(
    path,
    isRows ? content.map((row) => `${JSON.stringify(row)}\n`).join('') : (content as string),
  );
  return path;
}

async function anonymized(...argv: string[]) {
  const out = join(folder, `${files++}.out.jsonl`);
  const { code, stdout, stderr } = await wideAiperf('trace', 'anonymize', ...argv, '--output', out);
  if (code !== 0) throw new Error(stderr);
  const rows = readFileSync(out, 'utf8').trimEnd().split('\n');
  return { stdout, rows: rows.map((row) => JSON.parse(row)) };
}

/** 40 token IDs: blocks of 16, 16 and 8. */
const ids = Array.from({ length: 40 }, (_, index) => 1000 + index);
const body = { model: 'm', prompt: ids, max_tokens: 50 };
const answer = {
  object: 'text_completion',
  choices: [{ index: 0, text: 'x', finish_reason: 'stop' }],
  usage: { prompt_tokens: 40, completion_tokens: 7, total_tokens: 47 },
};
const messages = [{ role: 'user', content: 'time' }];
const chatAnswer = {
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'year' }, finish_reason: 'stop' }],
  usage: { completion_tokens: 7 },
};
const sse = `data: {"object":"text_completion","choices":[{"index":0,"text":"x"}]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":40,"completion_tokens":7}}\n\ndata: [DONE]\n\n`;

const expected = {
  timestamp: 0,
  input_length: 40,
  output_length: 7,
  hash_ids: [0, 1, 2],
  conversation: 0,
  turn: 1,
};
// The template adds 8 tokens to a message of one token.
const chatRow = { timestamp: 0, input_length: 9, output_length: 7, hash_ids: [0], conversation: 0, turn: 1 };

const cases: readonly (readonly [
  name: string,
  format: string,
  rows: string | readonly unknown[],
  row: object,
])[] = [
  [
    'request and response',
    'openai',
    [{ time: '2026-01-01T00:00:00Z', request: body, response: answer }],
    expected,
  ],
  [
    'texts of JSON, a path and a status',
    'openai',
    [
      {
        timestamp: 1_767_225_600,
        path: '/v1/completions',
        request_body: JSON.stringify(body),
        response: { status_code: 200, body: answer },
      },
    ],
    expected,
  ],
  ['the text of a stream', 'openai', [{ ts: 1_767_225_600_000, request: body, response: sse }], expected],
  [
    'the chunks of a stream',
    'openai',
    [
      {
        ts: 1,
        request: body,
        response: [{ choices: [{ text: 'x' }] }, { choices: [], usage: answer.usage }],
      },
    ],
    expected,
  ],
  [
    "a batch file of OpenAI's, without time or answer",
    'openai',
    [{ custom_id: 'r0', method: 'POST', url: '/v1/completions', body }],
    { input_length: 40, output_length: 50, hash_ids: [0, 1, 2], conversation: 0, turn: 1 },
  ],
  [
    'a bare body',
    'raw_payload',
    [{ messages, model: 'm' }],
    { input_length: 9, hash_ids: [0], conversation: 0, turn: 1 },
  ],
  [
    'SageMaker, base64',
    'sagemaker',
    [
      {
        captureData: {
          endpointInput: { encoding: 'BASE64', data: Buffer.from(JSON.stringify(body)).toString('base64') },
          endpointOutput: { encoding: 'JSON', data: JSON.stringify(answer) },
        },
        eventMetadata: { eventId: 'e', inferenceTime: '2026-01-01T00:00:00Z' },
        eventVersion: '0',
      },
    ],
    expected,
  ],
  [
    'LiteLLM',
    'litellm',
    [
      {
        id: 'i',
        call_type: 'acompletion',
        status: 'success',
        startTime: 1_767_225_600.25,
        endTime: 1_767_225_601,
        model: 'm',
        messages,
        response: chatAnswer,
        completion_tokens: 7,
      },
    ],
    chatRow,
  ],
  [
    'OTLP with parts of messages',
    'otel',
    [
      {
        resourceSpans: [
          {
            scopeSpans: [
              {
                spans: [
                  {
                    startTimeUnixNano: '1767225600000000000',
                    attributes: [
                      { key: 'gen_ai.request.model', value: { stringValue: 'm' } },
                      {
                        key: 'gen_ai.input.messages',
                        value: {
                          stringValue: JSON.stringify([
                            { role: 'user', parts: [{ type: 'text', content: 'time' }] },
                          ]),
                        },
                      },
                      { key: 'gen_ai.usage.output_tokens', value: { intValue: '7' } },
                    ],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
    chatRow,
  ],
  [
    'a document of spans on many lines',
    'otel',
    JSON.stringify(
      {
        spans: [
          {
            start_time: '2026-01-01T00:00:00.000000',
            attributes: {
              'gen_ai.prompt.0.role': 'user',
              'gen_ai.prompt.0.content': 'time',
              'gen_ai.usage.completion_tokens': 7,
            },
          },
        ],
      },
      null,
      2,
    ),
    chatRow,
  ],
  [
    'vLLM before 0.10',
    'vllm',
    `INFO 01-01 00:00:00 [api_server.py:1] Starting\nINFO 01-01 00:00:00 [logger.py:41] Received request cmpl-1-0: prompt: 'a, params: \\'x\\'', params: SamplingParams(n=1, max_tokens=50), prompt_token_ids: [${ids.join(', ')}], lora_request: None.\nINFO 01-01 00:00:01 [logger.py:50] Generated response cmpl-1-0: output: 'x y', output_token_ids: [1, 2, 3, 4, 5, 6, 7], finish_reason: stop\n`,
    expected,
  ],
  [
    'vLLM since 0.10, with details and a streamed answer',
    'vllm',
    `(APIServer pid=1) DEBUG 01-01 00:00:00 [logger.py:41] Request r details: prompt: "it's Received request s: x", prompt_token_ids: [${ids.join(', ')}], prompt_embeds shape: None.\n(APIServer pid=1) INFO 01-01 00:00:00 [logger.py:41] Received request r: params: SamplingParams(max_tokens=50), lora_request: None.\n(APIServer pid=1) INFO 01-01 00:00:01 [logger.py:41] Generated response r (streaming delta): output: ' time', finish_reason: None\n(APIServer pid=1) DEBUG 01-01 00:00:01 [logger.py:41] Generated response r (streaming delta) details: output_token_ids: [1, 2, 3]\n(APIServer pid=1) DEBUG 01-01 00:00:01 [logger.py:41] Generated response r (streaming delta) details: output_token_ids: [4, 5, 6, 7]\n(APIServer pid=1) DEBUG 01-01 00:00:01 [logger.py:41] Generated response r (streaming complete) details: output_token_ids: None\n(APIServer pid=1) INFO 01-01 00:00:01 [logger.py:41] Generated response r (streaming complete): output: ' time year', finish_reason: length\n`,
    expected,
  ],
];

describe('trace anonymize reads', () => {
  it.each(cases)('%s', async (_, format, content, row) => {
    const log = file(content);
    const detected = await anonymized(log, '--block-size', '16');
    expect(detected.rows).toEqual([row]);
    expect(detected.stdout).toContain(`Format of the logs: ${format}.`);
    expect((await anonymized(log, '--block-size', '16', '--from', format)).rows).toEqual([row]);
  });
});

describe('trace anonymize', () => {
  it('merges files by time and numbers ids in order of appearance', async () => {
    const at = (second: number, prompt: readonly number[], model = 'm') => ({
      time: `2026-01-01T00:00:0${second}.5Z`,
      request: { model, prompt },
      response: answer,
    });
    const first = file([at(3, ids), at(1, ids.slice(0, 32))]);
    // Another model has another cache; another 20th token changes all blocks from its own on.
    const changed = ids.with(19, 7);
    const second = file(
      gzipSync([at(4, ids, 'n'), at(2, changed)].map((row) => JSON.stringify(row)).join('\n')),
      'second.jsonl.gz',
    );
    const { rows, stdout } = await anonymized(first, second, '--block-size', '16');
    expect(rows.map((row) => [row.timestamp, row.hash_ids, row.model])).toEqual([
      [0, [0, 1], 'model-1'],
      [1000, [0, 2, 3], 'model-1'],
      [2000, [0, 1, 4], 'model-1'],
      [3000, [5, 6, 7], 'model-2'],
    ]);
    expect(stdout).toContain('4 rows');
    const kept = await anonymized(first, second, '--keep-models');
    expect(kept.rows.map(({ model }) => model)).toEqual(['m', 'm', 'm', 'n']);
  });

  it('finds the turns of a conversation, and its forks', async () => {
    const turns = [
      { role: 'user', content: 'time' },
      { role: 'assistant', content: 'year' },
      { role: 'user', content: 'people' },
    ];
    const at = (start: number, length: number) => ({
      startTime: start,
      endTime: start + 2,
      call_type: 'completion',
      model: 'm',
      messages: turns.slice(0, length),
      completion_tokens: 3,
    });
    const log = file([at(1e9, 1), at(1e9 + 5, 3), at(1e9 + 6, 3)]);
    const { rows } = await anonymized(log);
    expect(rows.map(({ conversation, turn }) => [conversation, turn])).toEqual([
      [0, 1],
      [0, 2],
      [1, 1],
    ]);
    const sessions = await anonymized(log, '--sessions');
    const whole = rows[1].input_length;
    expect(sessions.rows).toEqual([
      { session_id: '0', timestamp: 0, input_length: 9, output_length: 3, hash_ids: [0] },
      { session_id: '0', delay: 3000, input_length: whole - 12, output_length: 3 },
      { session_id: '1', timestamp: 6000, input_length: whole, output_length: 3, hash_ids: [1] },
    ]);
    // Small blocks: those of the second turn are written only with the third row, which repeats them.
    const small = await anonymized(log, '--sessions', '--block-size', '4');
    expect(small.rows.map((row) => row.hash_ids)).toEqual([
      [0, 1, 2],
      undefined,
      Array.from({ length: Math.ceil(whole / 4) }, (_, block) => (block < 2 ? block : block + 1)),
    ]);
  });

  it('skips and counts failures, other APIs and unreadable rows', async () => {
    const log = file(
      [
        '{"cut off',
        JSON.stringify({ request: body, response: answer }),
        JSON.stringify({ request: body, response: { error: { message: 'no' } } }),
        JSON.stringify({ request: body, status: 500 }),
        JSON.stringify({ url: '/v1/embeddings', request: { input: 'a' }, response: { data: [] } }),
        '{"half": ',
      ].join('\n'),
    );
    const { rows, stdout } = await anonymized(log);
    expect(rows).toHaveLength(1);
    expect(stdout).toContain('Skipped 2 failed requests.');
    expect(stdout).toContain('Skipped 1 row of other APIs.');
    expect(stdout).toContain(`Skipped 2 unreadable rows, the first at ${log}:1.`);
  });

  it('goes on after JSON of any depth, prompts of any length and empty prompts', async () => {
    const deep = 100_000;
    const whole = JSON.stringify({ ts: 1, request: body, response: answer });
    const log = file(
      [
        whole,
        '['.repeat(deep) + ']'.repeat(deep),
        `{"attributes":[{"key":"gen_ai.x","value":${'{"arrayValue":{"values":['.repeat(deep)}${']}}'.repeat(deep)}}]}`,
        `{"request":{"messages":[{"role":"user","content":${'['.repeat(deep)}${']'.repeat(deep)}}]}}`,
        JSON.stringify({ ts: 2, request: { prompt: '' }, response: answer }),
        whole,
      ].join('\n'),
    );
    const { rows, stdout } = await anonymized(log);
    expect(rows).toHaveLength(2);
    expect(stdout).toContain(`Skipped 4 unreadable rows, the first at ${log}:2.`);
    expect(stdout).not.toContain('without an answer');
    // The length at which a regular expression runs out of stack.
    const long = pythonString(`'${'a'.repeat(16e6)}\\'b' `, 0);
    expect([long?.text.length, long?.text.slice(-3), long?.end]).toEqual([16e6 + 2, "a'b", 16e6 + 5]);
    expect([pythonString("'a\\", 0), pythonString("'a\\'", 0)]).toEqual([undefined, undefined]);
  });

  it('gives equal ids to equal prefixes of a model only', async () => {
    // Few tokens and short blocks, so that prompts share from none to all of them, and end anywhere in a block.
    const prompts = Array.from({ length: 300 }, (_, n) => ({
      model: n % 7 === 0 ? 'b' : 'a',
      prompt: Array.from({ length: 1 + ((n * 5) % 13) }, (_, at) => (at * n * n) % 3),
    }));
    const numbers = new Map<string, number>();
    const expectedIds = prompts.map(({ model, prompt }) =>
      Array.from({ length: Math.ceil(prompt.length / 4) }, (_, block) => {
        const prefix = JSON.stringify([model, prompt.slice(0, 4 * (block + 1))]);
        numbers.set(prefix, numbers.get(prefix) ?? numbers.size);
        return numbers.get(prefix);
      }),
    );
    const log = file(prompts.map((request) => ({ request, response: answer })));
    const { rows } = await anonymized(log, '--block-size', '4');
    expect(rows.map((row) => row.hash_ids)).toEqual(expectedIds);
  });

  it('shares the tokens of several answers among them', async () => {
    const log = file([
      { request: { prompt: [ids, [1, 2]], n: 2 }, response: { ...answer, usage: { completion_tokens: 40 } } },
    ]);
    expect((await anonymized(log)).rows.map((row) => [row.input_length, row.output_length])).toEqual([
      [40, 10],
      [2, 10],
    ]);
  });

  it('tells prompts with different images apart', async () => {
    const withImage = (url: string) => ({
      request: {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'time' },
              { type: 'image_url', image_url: { url } },
            ],
          },
        ],
      },
    });
    const log = file([
      withImage('data:image/png;base64,AA'),
      withImage('data:image/png;base64,AB'),
      withImage('data:image/png;base64,AA'),
    ]);
    expect((await anonymized(log)).rows.map((row) => row.hash_ids)).toEqual([[0], [1], [0]]);
  });

  it('refuses logs of which only some have times, logs without prompts, and its own input as output', async () => {
    const timed = file([{ time: 1e9, request: body, response: answer }]);
    const untimed = file([{ request: body, response: answer }]);
    const refused = async (...argv: string[]) => {
      const { code, stderr } = await aiperf('trace', 'anonymize', ...argv);
      expect(code).toBe(1);
      return sentences(stderr);
    };
    const out = join(folder, 'none.jsonl');
    expect(await refused(timed, untimed, '-o', out)).toContain('the request has no time');
    const limited = file(
      'INFO 01-01 00:00:00 [logger.py:1] Received request r: params: SamplingParams(), lora_request: None.\n',
    );
    expect(await refused(limited, '-o', out)).toContain('VLLM_LOGGING_LEVEL=DEBUG');
    expect(await refused(timed, '-o', timed)).toContain('would overwrite a log');
    expect(await refused(file('nothing\n'), '-o', out)).toContain('no completed request found');
  });

  it('has no secret of any place in its output', async () => {
    const secret = 'hunter2-Sesame-0451';
    const secretChat = {
      model: secret,
      user: secret,
      api_key: secret,
      metadata: { session: secret },
      messages: [
        { role: 'system', content: secret },
        {
          role: secret,
          name: secret,
          content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${secret}` } }],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: secret, function: { name: secret, arguments: `{"a":"${secret}"}` } }],
        },
        { role: 'tool', tool_call_id: secret, content: secret },
        // The template refuses content that is no text.
        { role: 'user', content: { text: secret } },
      ],
      tools: [{ type: 'function', function: { name: secret, description: secret } }],
    };
    const log = file(
      [
        JSON.stringify({
          id: secret,
          url: `https://user:${secret}@host/v1/chat/completions?key=${secret}`,
          headers: { authorization: `Bearer ${secret}` },
          request: secretChat,
          response: { ...chatAnswer, id: secret },
        }),
        JSON.stringify({ request: secretChat, response: { error: { message: secret } } }),
        `{"request": ${secret}`,
        `INFO 01-01 00:00:00 [logger.py:1] Received request ${secret}: prompt: '${secret}`,
        secret,
      ].join('\n'),
    );
    const out = join(folder, 'secret.out.jsonl');
    for (const argv of [
      [log],
      [log, '--sessions'],
      [log, '--from', 'otel'],
      [log, '--from', 'vllm'],
      [log, '--verbose'],
    ]) {
      const { stdout, stderr } = await aiperf('trace', 'anonymize', ...argv, '-o', out);
      expect(stdout + stderr).not.toContain(secret);
    }
    expect(readFileSync(out, 'utf8')).not.toContain(secret);
  });
});
