import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, expect, it } from 'vitest';
import { main } from '../../src/main.js';
import { processIo } from '../../src/util/io.js';
import { wideAiperf } from '../commands/in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-record-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});
let files = 0;

type Answerer = (asked: IncomingMessage, body: Buffer, response: ServerResponse) => void;

async function serve(answer: Answerer): Promise<string> {
  const server = createServer((asked, response) => {
    const parts: Buffer[] = [];
    asked.on('data', (part) => parts.push(part));
    asked.on('end', () => answer(asked, Buffer.concat(parts), response));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Runs the command in this process; `stop` is Ctrl-C. */
async function record(upstream: string, ...argv: string[]) {
  const out = join(folder, `${files++}.jsonl`);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let text = '';
  let errors = '';
  let stop = () => {};
  const listening = new Promise<string>((resolve) => {
    stdout.on('data', (part) => {
      text += part;
      const [, url] = /listening on (\S+)/.exec(text) ?? [];
      if (url !== undefined) resolve(url);
    });
  });
  stderr.on('data', (part) => {
    errors += part;
  });
  const ended = main(['trace', 'record', '--upstream', upstream, '--port', '0', '-o', out, ...argv], {
    ...processIo,
    env: { COLUMNS: '400' },
    stdout,
    stderr,
    onSignals: (_, act) => {
      stop = () => act('SIGINT');
      return () => {};
    },
  });
  const url = await Promise.race([listening, ended.then(() => '')]);
  return {
    url,
    async stop() {
      stop();
      const code = await ended;
      const rows = code === 0 ? readFileSync(out, 'utf8').trimEnd().split('\n') : [];
      return { code, text: text + errors, rows: rows.map((row) => JSON.parse(row)) };
    },
  };
}

function post(url: string, body: unknown, headers: Record<string, string> = {}, path = '/v1/completions') {
  const bytes = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>(
    (resolve, reject) => {
      const sent = request(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      });
      sent.end(bytes);
    },
  );
}

const ids = Array.from({ length: 40 }, (_, index) => 1000 + index);
const usage = { prompt_tokens: 40, completion_tokens: 7 };
const whole = JSON.stringify({ object: 'text_completion', choices: [{ index: 0, text: 'x' }], usage });
const frames = ['a', 'b', 'c'].map(
  (text) => `data: ${JSON.stringify({ choices: [{ index: 0, text: ` ${text}` }] })}\n\n`,
);
const last = `data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`;
const row = { input_length: 40, output_length: 7, hash_ids: [0, 1, 2], conversation: 0, turn: 1 };

it('passes requests and responses through unchanged, and its trace is that of a log', async () => {
  const seen: { headers: string[]; target: string; body: string }[] = [];
  const logged: object[] = [];
  const upstream = await serve((asked, body, response) => {
    seen.push({ headers: asked.rawHeaders, target: asked.url ?? '', body: body.toString() });
    const isStream = body.includes('"stream":true');
    const text = isStream ? frames.join('') + last : whole;
    logged.push({
      ts: logged.length,
      path: '/v1/completions',
      request: JSON.parse(body.toString()),
      response: text,
    });
    response.setHeader('X-Mine', ['1', '2']);
    if (!isStream) {
      response.end(text);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const frame of frames) response.write(frame);
    response.end(last);
  });
  const recording = await record(upstream, '--block-size', '16');
  const bodies = [
    { model: 'm', prompt: ids },
    { model: 'm', prompt: ids, stream: true },
    { model: 'm', prompt: ids.slice(0, 16), stream: true },
    { model: 'm', prompt: [...ids.slice(0, 20), 5] },
  ];
  for (const body of bodies) {
    const { body: answer, headers } = await post(
      recording.url,
      body,
      { Authorization: 'Bearer k', 'X-Odd': 'A, b' },
      '/v1/completions?q=1',
    );
    expect(answer.toString()).toBe('stream' in body ? frames.join('') + last : whole);
    expect(headers['x-mine']).toBe('1, 2');
  }
  const direct = await post(
    upstream,
    bodies[0],
    { Authorization: 'Bearer k', 'X-Odd': 'A, b' },
    '/v1/completions?q=1',
  );
  expect(direct.status).toBe(200);
  const [through] = seen;
  // All but the port of the proxy, which the client put into Host, arrives as without it.
  expect(through).toEqual(seen.at(-1));
  const { rows, code, text } = await recording.stop();
  expect(code).toBe(0);
  expect(text).toContain('4 recorded');
  logged.pop();
  const log = join(folder, 'log.jsonl');
  writeFileSync(log, logged.map((entry) => JSON.stringify(entry)).join('\n'));
  const out = join(folder, 'log.out.jsonl');
  expect((await wideAiperf('trace', 'anonymize', log, '-o', out, '--block-size', '16')).code).toBe(0);
  const fromLog = readFileSync(out, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const withoutTime = ({ timestamp: _, ...rest }: { timestamp: number }) => rest;
  expect(rows.map(withoutTime)).toEqual(fromLog.map(withoutTime));
  expect(rows.map((one) => one.hash_ids)).toEqual([[0, 1, 2], [0, 1, 2], [0], [0, 3]]);
});

it('records what came of an aborted request, and leaves out failures and other APIs', async () => {
  const upstream = await serve((asked, body, response) => {
    if (asked.url === '/hang') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(frames.join(''));
      return;
    }
    if (asked.url === '/v1/embeddings') response.end('{"data":[]}');
    else if (body.includes('"n":9')) response.writeHead(429).end('{"error":{"message":"slow down"}}');
    else if (body.includes('"n":8'))
      response.writeHead(200, { 'content-length': 10 }).write('{"a"', () => response.destroy());
    else response.end(whole);
  });
  const recording = await record(upstream, '--block-size', '16');
  await post(recording.url, { input: 'a' }, {}, '/v1/embeddings');
  await post(recording.url, 'no json');
  expect((await post(recording.url, { prompt: ids, n: 9 })).status).toBe(429);
  await expect(post(recording.url, { prompt: ids, n: 8 })).rejects.toThrow();
  await post(recording.url, { prompt: ids });
  await new Promise<void>((resolve) => {
    const body = JSON.stringify({ prompt: ids });
    const socket = connect(Number(new URL(recording.url).port), '127.0.0.1');
    socket.write(`POST /generate HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
  });
  const { rows, text } = await recording.stop();
  const { timestamp: _, ...first } = rows[0];
  expect(first).toEqual(row);
  expect(text).toContain('2 failed');
  expect(text).toContain('2 of other APIs');
});

it('counts the tokens that an aborted stream had brought', async () => {
  const upstream = await serve((_, __, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(frames.join(''));
  });
  const recording = await record(upstream, '--block-size', '16');
  const sent = request(`${recording.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  sent.on('error', () => {});
  sent.on('response', (response) => response.once('data', () => sent.destroy()));
  sent.end(JSON.stringify({ prompt: ids }));
  await new Promise<void>((resolve) => sent.once('close', resolve));
  const { rows, text } = await recording.stop();
  // " a b c"
  expect(rows.map(({ output_length }) => output_length)).toEqual([3]);
  expect(text).toContain('1 recorded (1 of them aborted by their clients)');
});

it('takes the end of a response by closing from the server, whatever the client does', async () => {
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    let asked = '';
    socket.on('data', (part) => {
      asked += part;
      const head = 'HTTP/1.1 200 OK\r\n\r\n';
      if (asked.endsWith('[1]}')) socket.end(head + whole);
      if (asked.endsWith('[2]}')) socket.write(head + frames.join(''));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const recording = await record(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const open = (prompt: number) => {
    const socket = connect({
      port: Number(new URL(recording.url).port),
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    const body = `{"prompt":[${prompt}]}`;
    socket.write(`POST /v1/completions HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    return socket;
  };
  // This client keeps its side open to the end of the recording.
  const late = open(1);
  await new Promise<void>((resolve) => late.resume().once('end', resolve));
  const leaving = open(2);
  await new Promise<void>((resolve) => leaving.once('data', () => resolve()));
  leaving.resetAndDestroy();
  const { rows, text } = await recording.stop();
  expect(rows.map(({ output_length }) => output_length)).toEqual([7, 3]);
  expect(text).toContain('2 recorded (1 of them aborted by their clients)');
  late.destroy();
  server.close();
});

it('refuses to pass requests on to itself', async () => {
  const out = join(folder, 'loop.jsonl');
  for (const [upstream, host] of [
    ['http://localhost:8080', '127.0.0.1'],
    ['http://[::1]:8080', '::'],
    ['http://10.0.0.9:8080/v1', '10.0.0.9'],
  ] as const) {
    const { code, stderr } = await wideAiperf(
      ...['trace', 'record', '--upstream', upstream, '--host', host, '--port', '8080', '-o', out],
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('is where the proxy itself would listen')]);
  }
});

it('reads compressed bodies of both directions', async () => {
  const upstream = await serve((asked, _, response) => {
    const isBrotli = asked.headers['accept-encoding'] === 'br';
    response.setHeader('content-encoding', isBrotli ? 'br' : 'gzip');
    response.end(isBrotli ? brotliCompressSync(whole) : gzipSync(frames.join('') + last));
  });
  const recording = await record(upstream, '--block-size', '16');
  await post(recording.url, gzipSync(JSON.stringify({ prompt: ids })), {
    'content-encoding': 'gzip',
    'accept-encoding': 'br',
    // As curl sends it.
    'content-type': 'application/x-www-form-urlencoded',
  });
  await post(recording.url, { prompt: ids }, { 'accept-encoding': 'gzip' });
  const { rows } = await recording.stop();
  expect(rows.map(({ output_length, hash_ids }) => [output_length, hash_ids])).toEqual([
    [7, [0, 1, 2]],
    [7, [0, 1, 2]],
  ]);
});

it('answers 502 while the server is down, and goes on', async () => {
  const upstream = await serve((_, __, response) => response.end(whole));
  const [server] = servers;
  const port = Number(new URL(upstream).port);
  const recording = await record(upstream, '--block-size', '16');
  await new Promise<void>((resolve) => {
    server?.closeAllConnections();
    server?.close(() => resolve());
  });
  const { status, body } = await post(recording.url, { prompt: ids });
  expect([status, JSON.parse(body.toString()).error.type]).toEqual([502, 'proxy_error']);
  await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
  expect((await post(recording.url, { prompt: ids })).status).toBe(200);
  const { rows, text } = await recording.stop();
  expect(rows).toHaveLength(1);
  expect(text).toContain('1 without a server');
  expect(text).toContain(`${upstream} cannot be reached (connect ECONNREFUSED 127.0.0.1:${port})`);
});

it('passes on what is larger than its queue, and counts it as not recorded', async () => {
  const received: number[] = [];
  const upstream = await serve((_, body, response) => {
    received.push(body.length);
    response.end(whole);
  });
  const recording = await record(upstream, '--queue-mb', '1', '--block-size', '16');
  const huge = { prompt: ids, padding: 'x'.repeat(3_000_000) };
  expect((await post(recording.url, huge)).status).toBe(200);
  await post(recording.url, { prompt: ids });
  const { rows, text } = await recording.stop();
  expect(received[0]).toBe(JSON.stringify(huge).length);
  expect(rows).toHaveLength(1);
  expect(text).toContain('1 not recorded because the queue was full');
});

it('has no secret of any place in its trace or messages', async () => {
  const secret = 'hunter2-Sesame-0451';
  const upstream = await serve((asked, body, response) => {
    response.setHeader('x-secret', secret);
    if (body.includes('"n":9'))
      response.writeHead(401).end(JSON.stringify({ error: { message: `bad key ${secret}` } }));
    else if (body.includes('"n":8')) response.end(`<html>${secret}`);
    else
      response.end(
        JSON.stringify({
          choices: [{ message: { content: `${secret} ${asked.headers.authorization}` } }],
          usage,
        }),
      );
  });
  const recording = await record(upstream);
  const chat = {
    model: 'm',
    user: secret,
    api_key: secret,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: `data:image/png;base64,${secret}` } },
          { type: 'text', text: secret },
        ],
      },
      {
        role: 'assistant',
        content: secret,
        tool_calls: [{ id: secret, function: { name: secret, arguments: secret } }],
      },
      { role: 'user', content: { refused: secret } },
    ],
    tools: [{ type: 'function', function: { name: secret } }],
  };
  const headers = { authorization: `Bearer ${secret}`, 'x-api-key': secret, cookie: `s=${secret}` };
  const send = (body: unknown) => post(recording.url, body, headers, `/v1/chat/completions?key=${secret}`);
  await send(chat);
  await send({ ...chat, n: 9 });
  await send({ ...chat, n: 8 });
  await send(`{"prompt": "${secret}`);
  await send({ ...chat, model: secret });
  const { rows, text, code } = await recording.stop();
  expect([code, rows.length]).toEqual([0, 2]);
  expect(JSON.stringify(rows) + text).not.toContain(secret);
  const refused = await wideAiperf(
    'trace',
    'record',
    '--upstream',
    `http://u:${secret}@h`,
    '-o',
    join(folder, 'x.jsonl'),
  );
  expect(refused.code).toBe(1);
  expect(refused.stdout + refused.stderr).not.toContain(secret);
});
