import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aiperf, profileWords, readJson, readRecords, temporaryFolder } from './aiperf.js';
import { chatEvent, type SeenRequest, startScriptedServer, streamTokens } from './scripted-server.js';

const LEVELS = 100_000;
const deep = '['.repeat(LEVELS) + ']'.repeat(LEVELS);
const deepObject = `${'{"a":'.repeat(LEVELS)}1${'}'.repeat(LEVELS)}`;

/** Limits so small that going past them takes no time. */
const limits = {
  AIPERF_HTTP_MAX_HEADER_BYTES: '2048',
  AIPERF_HTTP_MAX_MESSAGE_BYTES: '1000000',
  AIPERF_HTTP_MAX_BODY_BYTES: '2000000',
};

function stream(response: ServerResponse, ...events: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`${events.join('')}data: [DONE]\n\n`);
}

function json(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(text);
}

/** Writes for as long as the client takes it. */
function endless(response: ServerResponse, text: string): void {
  const more = () => {
    while (!response.destroyed && response.write(text));
  };
  response.on('drain', more);
  more();
}

const good = chatEvent({ content: 'x' }, 'stop');
const toolCall = (members: string) =>
  `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,${members}}]}}]}\n\n`;

type Answer = (response: ServerResponse) => void;

const tooDeep = /nested/;
const responses: Readonly<Record<string, readonly [answer: Answer, message: RegExp]>> = {
  'deep error': [(r) => stream(r, good, `data: {"error":${deep}}\n\n`), /; received: \{"error":\[{191}…$/],
  'deep error object': [
    (r) => stream(r, `data: {"error":${deepObject}}\n\n`),
    /; received: \{"error":(\{"a":){38}\{…$/,
  ],
  'deep error event': [(r) => stream(r, `event: error\ndata: {"error":${deep}}\n\n`), /./],
  'deep usage': [
    (r) => stream(r, good, `data: {"object":"chat.completion.chunk","choices":[],"usage":${deepObject}}\n\n`),
    tooDeep,
  ],
  'deep tool arguments': [
    (r) => stream(r, toolCall(`"function":{"name":"f","arguments":${deep}}`), good),
    tooDeep,
  ],
  'deep member of a tool call': [
    (r) => stream(r, toolCall(`"function":{"name":"f","arguments":"{}"},"more":${deepObject}`), good),
    tooDeep,
  ],
  'deep body': [
    (r) =>
      json(r, `{"object":"chat.completion","choices":[{"message":{"content":"x"}}],"usage":${deepObject}}`),
    tooDeep,
  ],
  'deep error body': [(r) => json(r, `{"error":${deep}}`, 500), /^\{"error":\[/],
  'long line': [
    (r) => stream(r, good, `data: {"x":"${'x'.repeat(1_000_000)}"}\n\n`),
    /: one event of it \(or the whole body, if it is not an event stream\) is larger than 1000000 bytes; set AIPERF_HTTP_MAX_MESSAGE_BYTES/,
  ],
  'long message of short lines': [
    (r) => stream(r, good, `${'data: x\n'.repeat(130_000)}\n`),
    /larger than 1000000 bytes; set AIPERF_HTTP_MAX_MESSAGE_BYTES/,
  ],
  'long body': [
    (r) => json(r, `{"object":"chat.completion","x":"${'x'.repeat(1_000_000)}"}`),
    /larger than 1000000 bytes; set AIPERF_HTTP_MAX_MESSAGE_BYTES/,
  ],
  'long error body': [
    (r) => json(r, 'x'.repeat(1_000_001), 500),
    /larger than 1000000 bytes; set AIPERF_HTTP_MAX_MESSAGE_BYTES/,
  ],
  'endless stream': [
    (r) => {
      r.writeHead(200, { 'content-type': 'text/event-stream' });
      endless(r, good.repeat(100));
    },
    /body is larger than 2000000 bytes; set AIPERF_HTTP_MAX_BODY_BYTES/,
  ],
  'endless line': [
    (r) => {
      r.writeHead(200, { 'content-type': 'text/event-stream' });
      endless(r, 'data: '.repeat(10_000));
    },
    /larger than 1000000 bytes; set AIPERF_HTTP_MAX_MESSAGE_BYTES/,
  ],
  'long header': [
    (r) => {
      r.writeHead(200, { 'content-type': 'text/event-stream', 'x-long': 'x'.repeat(3000) });
      r.end(`${good}data: [DONE]\n\n`);
    },
    /headers are larger than 2048 bytes; set AIPERF_HTTP_MAX_HEADER_BYTES/,
  ],
  'endless interim heads': [
    ({ socket }) => {
      const more = () => {
        while (socket && !socket.destroyed && socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)));
      };
      socket?.on('drain', more);
      more();
    },
    /headers are larger than 2048 bytes; set AIPERF_HTTP_MAX_HEADER_BYTES/,
  ],
  'endless header': [
    (r) => {
      const { socket } = r;
      const more = () => {
        while (socket && !socket.destroyed && socket.write('x-more: yes\r\n'.repeat(100)));
      };
      socket?.write('HTTP/1.1 200 OK\r\n');
      socket?.on('drain', more);
      more();
    },
    /headers are larger than 2048 bytes; set AIPERF_HTTP_MAX_HEADER_BYTES/,
  ],
};

const requestIdOf = ({ headers }: SeenRequest) => headers['x-request-id'];

describe.each(['http', 'undici'])('over %s', (transport) => {
  // Each ends its own request and no other, whatever comes of the rest of the run.
  it('responses that cannot be read fail, each alone', async () => {
    const names = Object.keys(responses);
    const sentIn = new Map<unknown, string>();
    const server = await startScriptedServer((request, response, number) => {
      response.on('error', () => {});
      const name = number % 2 === 0 ? names[number / 2 - 1] : undefined;
      if (name === undefined) {
        streamTokens(response, ['x', ' y']);
        return;
      }
      sentIn.set(requestIdOf(request), name);
      responses[name]?.[0](response);
    });
    const folder = temporaryFolder();
    const count = 2 * names.length + 2;
    const { code, stdout } = await aiperf(
      profileWords({
        ...{ model: 'm', tokenizer: 'builtin', streaming: true, url: server.url, 'artifact-dir': folder },
        ...{
          isl: 10,
          osl: 3,
          concurrency: 2,
          transport,
          'conversation-turn-mean': 3,
          'request-timeout-seconds': 60,
        },
        ...{ 'request-count': count, 'load-threads': 1, 'export-level': 'raw' },
      }),
      { env: limits },
    );
    server.close();
    const records = readRecords(join(folder, 'profile_export.jsonl'));
    expect(records.map(({ metadata }) => metadata.x_request_id).sort()).toEqual(
      server.seen.map(requestIdOf).sort(),
    );
    expect(records).toHaveLength(count);
    for (const { metadata, error } of records) {
      const name = sentIn.get(metadata.x_request_id);
      if (name === undefined) expect(error).toBeUndefined();
      else
        expect([name, error?.message]).toEqual([name, expect.stringMatching(responses[name]?.[1] ?? /^$/)]);
    }
    const summary = readJson(join(folder, 'profile_export_aiperf.json'));
    expect(summary.request_count.avg).toBe(count - names.length);
    expect(summary.error_request_count.avg).toBe(names.length);
    expect(stdout).not.toContain('Do Not Add Up');
    expect(code).toBe(0);
  });
});
