import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Proxies, Transport, TransportOptions } from '../../src/transport/transport.js';
import { openUndiciTransport } from '../../src/transport/undici.js';
import { makeCertificates } from './certificates.js';
import {
  clock,
  eachRequest,
  options,
  pause,
  plain,
  RawServer,
  type Sent,
  send,
  until,
  writePieces,
} from './support.js';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of opened.splice(0)) await one.close();
});

function transport(changes: Partial<TransportOptions> = {}): Transport {
  const made = openUndiciTransport(options(changes));
  opened.unshift(made);
  return made;
}

async function server(onConnection: Parameters<typeof RawServer.open>[0]): Promise<RawServer> {
  const made = await RawServer.open(onConnection);
  opened.push(made);
  return made;
}

describe('a request over undici', () => {
  it('goes out with bytes as they are', async () => {
    let seen = '';
    const { origin } = await server((socket) =>
      eachRequest(socket, (text) => {
        seen = text;
        socket.write(plain('ok'));
      }),
    );
    const body = Uint8Array.from([0xff, 0, 0x80]);
    const { times } = await send(transport(), origin, { body }).outcome;
    expect(seen.slice(seen.toLowerCase().indexOf('content-length'))).toMatch(
      /^content-length: 3\r\n\r\n\xff\0\x80$/i,
    );
    expect([times.bytesSent, times.writes]).toEqual([3, 1]);
  });

  it('goes out in pieces, also of memory that threads share', async () => {
    let seen = '';
    const { origin } = await server((socket) =>
      eachRequest(socket, (text) => {
        seen = text;
        socket.write(plain('ok'));
      }),
    );
    const body = [
      Buffer.from('a'),
      new Uint8Array(new SharedArrayBuffer(1_500_000)).fill(0x62),
      Buffer.from('c'),
    ];
    const { times } = await send(transport(), origin, { body }).outcome;
    expect(seen.endsWith(`\r\n\r\na${'b'.repeat(1_500_000)}c`)).toBe(true);
    expect(seen.slice(0, 500)).toMatch(/content-length: 1500002\r\n/i);
    expect(times.bytesSent).toBe(1_500_002);
  });

  it('leaves its times in order, on a new connection and on one used again', async () => {
    const writtenNs: number[] = [];
    let asked: Sent | undefined;
    const { origin, sockets } = await server((socket) =>
      eachRequest(socket, () =>
        writePieces(
          socket,
          [
            ['HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n', (times) => times.headNs > 0],
            ['3\r\nabc\r\n', (times) => times.reads === 1],
            ['4\r\ndefg\r\n0\r\n\r\n', (times) => times.endNs > 0],
          ],
          () => asked,
          writtenNs,
        ),
      ),
    );
    const client = transport();
    asked = send(client, origin, { body: 'four', headers: ['X-A', '1'] });
    const first = await asked.outcome;
    expect(first).toMatchObject({ body: 'abcdefg', calls: ['sent', 'head', 'body', 'end'] });
    expect([first.head?.status, first.head?.reason]).toEqual([200, 'OK']);
    const { times } = first;
    expect([times.bytesSent, times.writes, times.bytesReceived, times.reads]).toEqual([4, 1, 7, 2]);
    const inOrder = [
      ...[times.startNs, times.connectStartNs, times.connectEndNs, times.sendStartNs, times.sendEndNs],
      ...[times.headNs, times.firstBodyNs, times.lastBodyNs, times.endNs],
    ];
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    const stampsNs = [times.headNs, times.firstBodyNs, times.lastBodyNs];
    const between = writtenNs.flatMap((written, part) => [written, stampsNs[part] ?? NaN]);
    expect(between).toEqual([...new Set(between)].sort((a, b) => a - b));
    expect(between.length).toBe(6);
    expect(first.head?.headers()).toEqual([['Transfer-Encoding', 'chunked']]);
    const ours = { localIp: '127.0.0.1', localPort: sockets[0]?.remotePort };
    expect(asked.exchange.ends()).toEqual({ ...ours, remoteIp: '127.0.0.1', remotePort: origin.port });
    // Undici takes a connection back only in the next turn of the loop.
    await pause(5);
    asked = send(client, origin, { method: 'GET', body: '' });
    const second = await asked.outcome;
    expect(second.calls).toEqual(['sent', 'head', 'body', 'end']);
    expect(second.times).toMatchObject({ reused: true, connectStartNs: NaN, bytesSent: 0, writes: 0 });
    expect(sockets.length).toBe(1);
  });

  it('follows no redirect, passes over interim heads, joins headers', async () => {
    const { origin } = await server((socket) =>
      eachRequest(socket, () =>
        socket.write(
          `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${plain('', '307 Temporary Redirect', 'Location: /\r\nX-A: 1\r\nx-a: 2\r\n')}`,
        ),
      ),
    );
    const { head, calls } = await send(transport(), origin).outcome;
    expect([head?.status, head?.header('location'), head?.header('x-a'), head?.header('x-b')]).toEqual([
      ...[307, '/', '1, 2'],
      undefined,
    ]);
    expect(calls).toEqual(['sent', 'head', 'end']);
  });

  it('waits in line for a connection', async () => {
    const { origin, sockets } = await server((socket) =>
      eachRequest(socket, async () => {
        await pause(20);
        socket.write(plain('ok'));
      }),
    );
    const client = transport({ maxConnections: 1 });
    const [first, second] = await Promise.all([send(client, origin).outcome, send(client, origin).outcome]);
    expect(sockets.length).toBe(1);
    expect(first.times.poolWaitStartNs).toBeNaN();
    expect(second.times.poolWaitStartNs).toBe(second.times.startNs);
    expect(second.times.poolWaitEndNs - second.times.poolWaitStartNs).toBeGreaterThan(18e6);
  });

  it.each<[TransportOptions['connectionReuse'], string[]]>([
    ['pooled', ['0', '0', '0', '0', '0']],
    ['never', ['0', '1', '2', '3', '4']],
    // a, b, a, a (its last), a.
    ['sticky-user-sessions', ['0', '1', '0', '0', '2']],
  ])('connections: %s', async (connectionReuse, expected) => {
    const { origin } = await server((socket, index) =>
      eachRequest(socket, () => socket.write(plain(String(index)))),
    );
    const client = transport({ connectionReuse });
    const bodies: string[] = [];
    for (const [i, connectionKey] of ['a', 'b', 'a', 'a', 'a'].entries()) {
      bodies.push((await send(client, origin, { connectionKey, lastOfKey: i === 3 }).outcome).body);
      await pause(5);
    }
    expect(bodies).toEqual(expected);
  });
});

describe('ends of requests over undici', () => {
  it('time limits', async () => {
    const { origin, sockets } = await server((socket) =>
      eachRequest(socket, () => socket.write('HTTP/1.1 200 OK\r\n\r\nx')),
    );
    const client = transport({ maxConnections: 1 });
    const running = send(client, origin, { timeoutMs: 100 });
    const waiting = send(client, origin, { timeoutMs: 40 });
    expect(await waiting.outcome).toMatchObject({ error: 'TimeoutError', calls: ['error'] });
    expect(await running.outcome).toMatchObject({
      error: 'TimeoutError',
      message: `The request to 127.0.0.1:${origin.port} took longer than 0.1 s`,
      calls: ['sent', 'head', 'body', 'error'],
    });
    await until(() => sockets[0]?.readableEnded === true);
  });

  it('limits connecting by itself', async () => {
    const { port } = await server((socket) => socket.resume());
    const client = transport({ connectTimeoutMs: 1000 });
    expect(await send(client, { protocol: 'https:', host: '127.0.0.1', port }).outcome).toMatchObject({
      error: 'TimeoutError',
      message: `Connecting to 127.0.0.1:${port} took longer than 1 s`,
    });
  });

  it('destroy, while it runs and while it waits', async () => {
    const { origin } = await server((socket, index) => {
      if (index === 0) socket.resume();
      else eachRequest(socket, () => socket.write(plain('ok')));
    });
    const client = transport({ maxConnections: 1 });
    const running = send(client, origin);
    const waiting = send(client, origin);
    const last = send(client, origin);
    await until(() => running.calls.includes('sent'));
    waiting.exchange.destroy();
    running.exchange.destroy();
    expect((await last.outcome).body).toBe('ok');
    expect([running.calls, waiting.calls]).toEqual([['sent'], []]);
  });

  it('close is silent', async () => {
    const { origin, sockets } = await server((socket) => socket.resume());
    const client = transport({ maxConnections: 1 });
    const sent = [send(client, origin), send(client, origin)];
    await until(() => sent[0]?.calls.includes('sent') === true);
    client.close();
    await until(() => sockets[0]?.readableEnded === true);
    expect(sent.map((one) => one.calls)).toEqual([['sent'], []]);
  });

  it('a header that cannot be sent', async () => {
    const { origin } = await server((socket) => socket.resume());
    expect(await send(transport(), origin, { headers: ['X-A', 'a\nb'] }).outcome).toMatchObject({
      calls: ['error'],
    });
  });
});

describe('unix socket', () => {
  it('sends everything through it', async () => {
    const path = join(tmpdir(), `undici-test-${process.pid}.sock`);
    const http = createHttpServer((request, response) =>
      response.end(`${request.headers.host} ${request.url}`),
    );
    http.listen(path);
    await once(http, 'listening');
    opened.push(http);
    const outcome = await send(
      transport({ unixSocket: path }),
      { protocol: 'http:', host: 'model.invalid', port: 8000 },
      { path: '/x' },
    ).outcome;
    expect(outcome).toMatchObject({ body: 'model.invalid:8000 /x', error: undefined });
  });

  it('that is not there', async () => {
    const client = transport({ unixSocket: join(tmpdir(), 'no-such.sock') });
    expect((await send(client, { protocol: 'http:', host: 'localhost', port: 80 }).outcome).error).toBe(
      'ClientConnectorError',
    );
  });
});

describe('HTTP/2', () => {
  const certificates = makeCertificates();
  const tls = { verify: true, ca: certificates.ca };

  async function http2Server(
    onStream: (stream: import('node:http2').ServerHttp2Stream, path: string) => void,
  ) {
    const http2 = createSecureServer({ ...certificates.server, allowHTTP1: true });
    const sessions: import('node:http2').ServerHttp2Session[] = [];
    http2.on('session', (session) => sessions.push(session));
    http2.on('sessionError', () => {});
    http2.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      onStream(stream, headers[':path'] ?? '');
    });
    http2.on('request', (request, response) => {
      if (request.httpVersionMajor === 1) response.end('over HTTP/1');
    });
    http2.listen(0, '127.0.0.1');
    await once(http2, 'listening');
    opened.push({
      close: () => {
        for (const session of sessions) session.destroy();
        http2.close();
      },
    });
    return {
      origin: { protocol: 'https:', host: '127.0.0.1', port: (http2.address() as AddressInfo).port } as const,
      sessions,
    };
  }

  it('is spoken where asked for, one request after the other on a connection', async () => {
    let asked: Sent | undefined;
    let endWrittenNs = NaN;
    const { origin, sessions } = await http2Server((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
      stream.write('data: a\n\n');
      void until(() => asked?.exchange.times.reads === 1).then(() => {
        endWrittenNs = clock.nowNs();
        stream.end('data: b\n\n');
      });
    });
    const client = transport({ http2: true, tls });
    asked = send(client, origin);
    const first = await asked.outcome;
    expect(first).toMatchObject({ body: 'data: a\n\ndata: b\n\n', calls: ['sent', 'head', 'body', 'end'] });
    expect([first.head?.status, first.head?.reason, first.head?.header('content-type')]).toEqual([
      200,
      'OK',
      'text/event-stream',
    ]);
    expect(first.times.firstBodyNs).toBeLessThan(endWrittenNs);
    expect(first.times.lastBodyNs).toBeGreaterThan(endWrittenNs);
    await pause(5);
    asked = send(client, origin);
    const second = await asked.outcome;
    expect([second.body, second.times.reused]).toEqual(['data: a\n\ndata: b\n\n', true]);
    expect(sessions.length).toBe(1);
  });

  it('is not spoken where not asked for', async () => {
    const { origin } = await http2Server((stream) => stream.close());
    expect((await send(transport({ tls }), origin).outcome).body).toBe('over HTTP/1');
  });

  it('a stream that the server resets within the body, and before the head', async () => {
    const { origin } = await http2Server((stream, path) => {
      if (path === '/head') stream.destroy(new Error('on purpose'));
      else stream.respond({ ':status': 200 });
      if (path === '/body')
        stream.write('abc', () => setTimeout(() => stream.destroy(new Error('on purpose')), 20));
      if (path === '/connection') stream.write('abc', () => setTimeout(() => stream.session?.destroy(), 20));
    });
    const client = transport({ http2: true, tls });
    const types = [];
    for (const path of ['/body', '/connection', '/head'])
      types.push((await send(client, origin, { path }).outcome).error);
    expect(types).toEqual(['ClientPayloadError', 'ClientPayloadError', 'ServerDisconnectedError']);
  });
});

describe('proxies from the environment', () => {
  /** Tunnels, and notes where to. */
  async function proxy(): Promise<{ http: Server; asked: string[] }> {
    const asked: string[] = [];
    const http = createHttpServer();
    http.on('connect', (request, socket) => {
      asked.push(request.url ?? '');
      const [host, port] = (request.url ?? '').split(':');
      const upstream = connect({ host: host ?? '', port: Number(port) }, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      for (const end of [upstream, socket]) end.on('error', () => {});
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    opened.push(http);
    return { http, asked };
  }

  it('are used when asked to, except for what NO_PROXY names', async () => {
    const { http, asked } = await proxy();
    const { origin } = await server((socket) => eachRequest(socket, () => socket.write(plain('ok'))));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    // What counts is what the run was given, not this process's environment.
    vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
    vi.stubEnv('no_proxy', '');
    const ask = async (proxies?: Proxies) =>
      (await send(transport(proxies === undefined ? {} : { proxies }), origin).outcome).body;
    expect([await ask(), asked]).toEqual(['ok', []]);
    expect([await ask({ http: undefined, https: undefined, except: '' }), asked]).toEqual(['ok', []]);
    expect([await ask({ http: url, https: undefined, except: '' }), asked]).toEqual([
      'ok',
      [`127.0.0.1:${origin.port}`],
    ]);
    expect([await ask({ http: url, https: undefined, except: '127.0.0.1' }), asked.length]).toEqual([
      'ok',
      1,
    ]);
  });

  it.each(['closes', 'resets', 'refuses'])('fail the request where the proxy %s the tunnel', async (how) => {
    let asked = 0;
    const http = createHttpServer();
    http.on('connect', (_request, socket) => {
      asked++;
      if (how === 'refuses') socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      else if (how === 'closes') socket.end();
      else socket.destroy();
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    opened.push(http);
    const { origin } = await server((socket) => eachRequest(socket, () => socket.write(plain('ok'))));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const proxies = { http: url, https: undefined, except: '' };
    const { error } = await send(transport({ proxies }), origin).outcome;
    expect(error).toBe('ClientConnectorError');
    expect(asked).toBe(1);
  });
});
