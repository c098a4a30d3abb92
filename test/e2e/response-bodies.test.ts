import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { aiperf, type Options, profileWords, readJson, readRecords, temporaryFolder } from './aiperf.js';
import { chatEvent, startScriptedServer } from './scripted-server.js';

interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Written one by one, some milliseconds apart. */
  readonly writes: readonly (string | Buffer)[];
}

/** What a request comes to: its error, or the metrics that are named. */
type Result = { readonly code?: number; readonly type: string; readonly message: string } | Metrics;
interface Metrics {
  readonly output?: number;
  readonly reasoning?: number;
}

const sse = { 'content-type': 'text/event-stream' };
const json = { 'content-type': 'application/json' };
const done = 'data: [DONE]\n\n';
const good = [chatEvent({ role: 'assistant', content: 'one' }), chatEvent({ content: ' two' }, 'stop'), done];
const whole = '{"choices":[{"index":0,"message":{"content":"one two"},"finish_reason":"stop"}]}';
const pieces = (text: string) => text.match(/.{1,40}/gs) ?? [];
const html = `<html>
<head><title>301 Moved Permanently</title></head>
<body>
<center><h1>301 Moved Permanently</h1></center>
</body>
</html>
`;
/** ` a b c` twice, with so many choices in an event. */
function twoChoices(perEvent: 1 | 2): string[] {
  const choices = [...[' a', ' b', ' c'].map((content) => ({ content })), {}].flatMap((delta, i) =>
    [0, 1].map((index) => ({ index, delta, finish_reason: i === 3 ? 'stop' : null })),
  );
  const events = choices.flatMap((choice, i) =>
    perEvent === 1 ? [[choice]] : i % 2 === 0 ? [choices.slice(i, i + 2)] : [],
  );
  return [...events.map((event) => `data: ${JSON.stringify({ choices: event })}\n\n`), done];
}
const page = (start: string) =>
  `InvalidInferenceResultError('Invalid inference result: The response (${start}')`;
const invalid = (message: string) => ({ type: 'InvalidInferenceResultError', message });

const replies: readonly (readonly [what: string, reply: Reply, result: Result])[] = [
  ['a good stream', { headers: sse, writes: good }, { output: 2 }],
  ['a good stream called JSON', { headers: json, writes: good }, { output: 2 }],
  [
    'a good stream called plain text',
    { headers: { 'content-type': 'text/plain' }, writes: good },
    { output: 2 },
  ],
  ['a good stream without a content type', { writes: good }, { output: 2 }],
  [
    'a good stream called JSON that begins with white space and a comment, in small pieces',
    {
      headers: json,
      writes: ['\n', ' \n:', ' hello\n\nda', 'ta: ', ...pieces(good.join('').slice(6))],
    },
    { output: 2 },
  ],
  ['a whole body', { headers: json, writes: [whole] }, { output: 2 }],
  ['a whole body called an event stream', { headers: sse, writes: [whole] }, { output: 2 }],
  ['a whole body without a content type, in two pieces', { writes: [' {', whole.slice(1)] }, { output: 2 }],
  [
    'a compressed whole body',
    { headers: { ...json, 'content-encoding': 'gzip' }, writes: [gzipSync(whole)] },
    { output: 2 },
  ],
  [
    'body-code-msg.json',
    { headers: json, writes: ['{"code":50013,"msg":"quota exceeded","data":null}'] },
    { code: 502, type: 'ResponseBodyError', message: 'quota exceeded (code 50013)' },
  ],
  [
    'an error body called an event stream',
    { headers: sse, writes: ['{"detail":"Not authenticated"}'] },
    { code: 502, type: 'ResponseBodyError', message: 'Not authenticated' },
  ],
  [
    'nginx-301.html',
    { status: 301, headers: { location: 'https://example.test/' }, writes: [html] },
    {
      code: 301,
      type: 'Moved Permanently',
      message: 'Redirect to https://example.test/ was not followed',
    },
  ],
  [
    'an error page in gzip',
    { status: 503, headers: { 'content-encoding': 'gzip' }, writes: [gzipSync('{"detail":"busy"}')] },
    { code: 503, type: 'Service Unavailable', message: '{"detail":"busy"}' },
  ],
  [
    'an error page in br',
    { status: 404, headers: { 'content-encoding': 'br' }, writes: [brotliCompressSync('nothing here')] },
    { code: 404, type: 'Not Found', message: 'nothing here' },
  ],
  [
    'an error body in deflate within a 200',
    { headers: { ...json, 'content-encoding': 'deflate' }, writes: [deflateSync('{"error":"no room"}')] },
    { code: 502, type: 'ResponseBodyError', message: 'no room' },
  ],
  [
    'a page in raw deflate',
    {
      headers: { 'content-type': 'text/html', 'content-encoding': 'deflate' },
      writes: [deflateRawSync(html)],
    },
    invalid(
      page(
        `text/html, deflate-encoded although no coding was asked for) is neither JSON nor an event stream; received: ${html}`,
      ),
    ),
  ],
  [
    'an event stream in gzip that nobody names',
    { headers: sse, writes: [gzipSync(good.join(''))] },
    invalid(
      page(
        `text/event-stream, gzip-encoded although no coding was asked for) is an event stream whose times are lost; received: ${good.join('').slice(0, 200)}…`,
      ),
    ),
  ],
  [
    'a decompression bomb',
    { headers: { ...json, 'content-encoding': 'gzip' }, writes: [gzipSync(Buffer.alloc(2 ** 21, 0x20))] },
    invalid(
      page(
        'application/json, gzip-encoded although no coding was asked for) cannot be decoded: it has more than 1048576 bytes; received: ',
      ),
    ),
  ],
  [
    'a coding that is not supported',
    { headers: { ...json, 'content-encoding': 'compress' }, writes: ['xyz'] },
    invalid(
      page(
        'application/json, compress-encoded although no coding was asked for) cannot be decoded: the coding compress is not supported; received: ',
      ),
    ),
  ],
  [
    'plain text',
    { headers: { 'content-type': 'text/plain' }, writes: ['no backend available'] },
    invalid(page('text/plain) is neither JSON nor an event stream; received: no backend available')),
  ],
  [
    'lines of JSON',
    { headers: { 'content-type': 'application/x-ndjson' }, writes: ['{"a":1}\n{"a":2}\n'] },
    invalid(page('application/x-ndjson) is neither JSON nor an event stream; received: {"a":1}\n{"a":2}\n')),
  ],
  [
    'error-field.sse',
    {
      headers: sse,
      writes: [
        chatEvent({ role: 'assistant', content: 'one' }),
        chatEvent({ content: ' two' }),
        'error: {"code":500,"message":"slot unavailable","type":"server_error"}\n\n',
        done,
      ],
    },
    { code: 500, type: 'SSEResponseError', message: 'slot unavailable' },
  ],
  [
    'error-field-first.sse',
    {
      headers: sse,
      writes: ['error: {"code":500,"message":"slot unavailable","type":"server_error"}\n\n', done],
    },
    { code: 500, type: 'SSEResponseError', message: 'slot unavailable' },
  ],
  [
    'finish-abort.sse',
    {
      headers: sse,
      writes: [
        chatEvent({ role: 'assistant', content: 'one' }),
        chatEvent({ content: ' two' }),
        chatEvent({}, 'abort'),
        done,
      ],
    },
    {
      code: 502,
      type: 'ServerAbortedError',
      message: 'The server ended the generation (finish_reason: abort)',
    },
  ],
  [
    'frames-cut.sse',
    {
      headers: sse,
      writes: [0, 1, 2, 3, 4, 5, 6, 7]
        .map((i) =>
          i === 3 || i === 5 ? 'data: {"id":"c1","choices":[{"del\n\n' : chatEvent({ content: ` w${i}` }),
        )
        .concat(chatEvent({}, 'stop'), done),
    },
    {
      code: 502,
      type: 'SSEResponseError',
      message: '2 frames were not valid JSON; received: {"id":"c1","choices":[{"del',
    },
  ],
  ['two-choices-separate.sse', { headers: sse, writes: twoChoices(1) }, { output: 3 }],
  ['two-choices-together.sse', { headers: sse, writes: twoChoices(2) }, { output: 3 }],
  [
    'function-call.sse',
    {
      headers: sse,
      writes: [
        chatEvent({ role: 'assistant', function_call: { name: 'get_weather', arguments: '' } }),
        chatEvent({ function_call: { arguments: '{"city":' } }),
        chatEvent({ function_call: { arguments: '"Oslo"}' } }),
        chatEvent({}, 'function_call'),
        done,
      ],
    },
    { output: 8 },
  ],
  [
    'thinking-parts.sse',
    {
      headers: sse,
      writes: [
        ...[0, 1, 2, 3, 4, 5].map((i) =>
          chatEvent({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: ` t${i}` }] }] }),
        ),
        ...[0, 1, 2, 3].map((i) => chatEvent({ content: ` a${i}` })),
        chatEvent({}, 'stop'),
        done,
      ],
    },
    { output: 8, reasoning: 12 },
  ],
];

async function send(response: ServerResponse, { status = 200, headers = {}, writes }: Reply): Promise<void> {
  response.writeHead(status, headers);
  response.flushHeaders();
  for (const write of writes) {
    response.write(write);
    await after(3);
  }
  response.end();
}

const options: Options = {
  ...{ model: 'm', tokenizer: 'builtin', streaming: true, concurrency: 1, isl: 10, osl: 2 },
  'export-level': 'raw',
};

describe('responses by their bodies', () => {
  it('are measured, or fail with the reason', async () => {
    const server = await startScriptedServer((_, response, number) => {
      const reply = replies[number - 1]?.[1];
      if (reply !== undefined) void send(response, reply);
    });
    try {
      const folder = temporaryFolder();
      const count = { 'request-count': replies.length };
      const words = profileWords({ ...options, ...count, url: server.url, 'artifact-dir': folder });
      expect(await aiperf(words)).toMatchObject({ code: 0, stderr: '' });
      const records = readRecords(join(folder, 'profile_export.jsonl'));
      const results = records.map(({ error, metrics }): Result => {
        if (error !== undefined) return error;
        const [output, reasoning] = [metrics.output_token_count?.value, metrics.reasoning_token_count?.value];
        return {
          ...(typeof output === 'number' && { output }),
          ...(typeof reasoning === 'number' && { reasoning }),
        };
      });
      expect(replies.map(([what], i) => [what, results[i]])).toEqual(
        replies.map(([what, , result]) => [what, result]),
      );

      // Events of a stream have times of their own, whatever the head called it.
      for (const { metrics } of records.slice(0, 5)) {
        expect(metrics.inter_chunk_latency?.value).toHaveLength(1);
      }
      expect(records.at(-1)?.metrics.inter_chunk_latency?.value).toHaveLength(9);

      // What came before the failure is in the raw file.
      const raw = readRecords(join(folder, 'profile_export_raw.jsonl'));
      const failed = raw[replies.findIndex(([what]) => what === 'error-field.sse')]?.text;
      for (const part of ['one', ' two', 'slot unavailable', '[DONE]']) expect(failed).toContain(part);
      const summary = readJson(join(folder, 'profile_export_aiperf.json'));
      expect(summary.error_request_count.avg).toBe(results.filter((result) => 'type' in result).length);
    } finally {
      server.close();
    }
  });

  it('without the usage that was to be taken from them, and with content that is not read: one warning each', async () => {
    const server = await startScriptedServer((_, response) => {
      const writes = [chatEvent({ content: 'one' }), chatEvent({ clip: 'UklGRg==' }, 'stop'), done];
      void send(response, { headers: sse, writes });
    });
    try {
      const folder = temporaryFolder();
      const run: Options = { ...options, ui: 'simple', 'request-count': 3, 'use-server-token-count': true };
      const words = profileWords({ ...run, url: server.url, 'artifact-dir': folder });
      const ended = await aiperf(words);
      expect(ended.code).toBe(0);
      const log = readFileSync(join(folder, 'logs', 'aiperf.log'), 'utf8');
      for (const [title, sentence] of [
        ['No Token Counts From the Server', 'No successful response held usage'],
        ['Unread Response Content', 'clip: in 3 response units of 3 requests'],
      ] as const) {
        expect(ended.stdout.split(title)).toHaveLength(2);
        expect(ended.stdout).toContain(sentence);
        expect(log.split('\n').filter((line) => line.includes(sentence))).toHaveLength(1);
      }
      expect(ended.stdout).toContain('Remove --use-server-token-count');
      const summary = readJson(join(folder, 'profile_export_aiperf.json'));
      expect(summary.request_count.avg).toBe(3);
      expect(summary.output_sequence_length).toBeUndefined();
      // Records do not show it, but a later report does.
      const later = await aiperf(['report', folder]);
      expect(later.stderr.split('\n').slice(0, 2)).toEqual([
        expect.stringMatching(/^No successful response held usage/),
        expect.stringMatching(/ are not read: clip: in 3 response units of 3 requests$/),
      ]);
    } finally {
      server.close();
    }
  });
});
