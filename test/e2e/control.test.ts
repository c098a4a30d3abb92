import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type SeenRequest, startScriptedServer } from './scripted-server.js';
import { smallRun } from './small-run.js';

/** A chat server; `other` answers what is no chat request, and the first chat requests, until it returns false. */
async function server(other: (request: SeenRequest, response: ServerResponse, number: number) => boolean) {
  const started = await startScriptedServer((request, response, number) => {
    if (other(request, response, number)) return;
    response.writeHead(200, { 'content-type': 'application/json' });
    const choices = [{ index: 0, message: { content: 'x y' }, finish_reason: 'stop' }];
    response.end(JSON.stringify({ object: 'chat.completion', choices }));
  });
  onTestFinished(() => started.close());
  const lines = () => started.seen.map(({ method, path }) => `${method} ${path}`);
  return { ...started, lines };
}

function end(response: ServerResponse, status: number, body = ''): true {
  response.writeHead(status);
  response.end(body);
  return true;
}

const chat = 'POST /v1/chat/completions';

it('resets the cache before everything, and profiles the server from after the warm-up to the end', async () => {
  const { lines, seen, url } = await server(
    ({ path }, response) => !path.startsWith('/v1') && end(response, 200),
  );
  const { code } = await smallRun({
    ...{ url: `${url}/v1`, 'request-count': 2, 'warmup-request-count': 1, 'api-key': 'k-123456' },
    ...{ 'reset-kv-cache': true, 'server-profiler': true },
  });
  expect(code).toBe(0);
  expect(lines()).toEqual([
    ...['POST /reset_prefix_cache', chat, 'POST /start_profile'],
    ...[chat, chat, 'POST /stop_profile'],
  ]);
  const [reset] = seen;
  expect(reset?.body).toBe('');
  expect(reset?.headers).toEqual({
    ...{ authorization: 'Bearer k-123456', accept: '*/*', host: url.slice('http://'.length) },
    ...{ 'content-length': '0', connection: 'close' },
  });
});

it.each([
  ['reset-kv-cache', '/reset_prefix_cache', '╭─ Control Hook Error ─'],
  ['server-profiler', '/start_profile', '╭─ AIPerf System Exit Errors ─'],
] as const)(
  'a server that refuses --%s ends the run before the first request',
  async (option, path, panel) => {
    const { lines, url } = await server((_, response) => end(response, 500, 'no such thing'));
    const { code, folder, stderr } = await smallRun({ url, 'request-count': 2, [option]: true });
    expect(code).toBe(1);
    expect(lines()[0]).toBe(`POST ${path}`);
    expect(lines()).not.toContain(chat);
    expect(stderr).toContain(panel);
    expect(stderr).toContain(`--${option} failed: POST ${url}${path}: it answered with 500 no such thing`);
    for (const left of ['profile_export_aiperf.json', 'spool'])
      expect(existsSync(join(folder, left))).toBe(false);
  },
);

it('a profiler that does not stop is reported; the results are whole', async () => {
  const { url } = await server(
    ({ path }, response) => !path.startsWith('/v1') && end(response, path === '/start_profile' ? 200 : 404),
  );
  const { code, folder, stderr } = await smallRun({ url, 'request-count': 2, 'server-profiler': true });
  expect(code).toBe(0);
  expect(stderr).toContain(`--server-profiler failed: POST ${url}/stop_profile: it answered with 404`);
  expect(existsSync(join(folder, 'profile_export_aiperf.json'))).toBe(true);
});

it('waits until a request for one token is answered', async () => {
  const { lines, seen, url } = await server((_request, response, number) => number < 3 && end(response, 503));
  const { code } = await smallRun({
    ...{ url, 'request-count': 1, header: 'X-A:b' },
    ...{ 'wait-for-model-timeout': 60, 'wait-for-model-interval': 0.01 },
  });
  expect(code).toBe(0);
  expect(lines()).toEqual([chat, chat, chat, chat]);
  expect(seen[0]?.body).toBe('{"messages":[{"role":"user","content":"Lo"}],"max_tokens":1,"model":"m"}');
  expect(seen[0]?.headers).toEqual({
    ...{ 'content-type': 'application/json', 'x-a': 'b', accept: '*/*', connection: 'close' },
    ...{ host: url.slice('http://'.length), 'content-length': '72' },
  });
});

it('waits until the model is listed, then until it answers', async () => {
  const { lines, url } = await server(({ path }, response, number) => {
    if (path !== '/v1/models') return false;
    return end(
      response,
      200,
      JSON.stringify({ data: [{ id: 'other' }, ...(number > 1 ? [{ id: 'm' }] : [])] }),
    );
  });
  const { code } = await smallRun({
    ...{ url, 'request-count': 1, 'wait-for-model-mode': 'both' },
    ...{ 'wait-for-model-timeout': 60, 'wait-for-model-interval': 0.01 },
  });
  expect(code).toBe(0);
  expect(lines()).toEqual(['GET /v1/models', 'GET /v1/models', chat, chat]);
});

it('a server without a list of models is ready when its root answers', async () => {
  const { lines, url } = await server(
    ({ method, path }, response) => method === 'GET' && end(response, path === '/' ? 200 : 404),
  );
  const { code } = await smallRun({
    ...{ url, 'request-count': 1, 'wait-for-model-mode': 'models', 'wait-for-model-timeout': 60 },
  });
  expect(code).toBe(0);
  expect(lines()).toEqual(['GET /v1/models', 'GET /', chat]);
});

it('a model that does not come: one message with URL, model and the last answer', async () => {
  const { lines, url } = await server((_request, response) =>
    end(response, 200, '{"data":[{"id":"other"}]}'),
  );
  const { code, stderr } = await smallRun({
    ...{ url, 'request-count': 1, 'wait-for-model-mode': 'models' },
    ...{ 'wait-for-model-timeout': 0.05, 'wait-for-model-interval': 0.01 },
  });
  expect(code).toBe(1);
  expect(new Set(lines())).toEqual(new Set(['GET /v1/models']));
  expect(stderr).toContain(
    `The server was not ready within 0.05 s: ${url}/v1/models does not list m, only {"data":[{"id":"other"}]}`,
  );
});
