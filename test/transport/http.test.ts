import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openHttpTransport } from '../../src/transport/http.js';
import type { Origin, Transport, TransportOptions } from '../../src/transport/transport.js';
import {
  eachRequest,
  ipv6Loopback,
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
  for (const one of opened.splice(0)) await one.close();
});

function transport(changes: Partial<TransportOptions> = {}): Transport {
  const made = openHttpTransport(options(changes));
  opened.unshift(made);
  return made;
}

async function server(
  onConnection: (socket: Socket, index: number) => void,
  host?: string,
): Promise<RawServer> {
  const made = await RawServer.open(onConnection, host);
  opened.push(made);
  return made;
}

/** Answers every request with `ok`. */
const friendly = (socket: Socket) => eachRequest(socket, () => socket.write(plain('ok')));

describe('a request', () => {
  it('goes out as one head and one body', async () => {
    let seen = '';
    const { origin } = await server((socket) =>
      eachRequest(socket, (text) => {
        seen = text;
        socket.write(plain('ok'));
      }),
    );
    const { outcome } = send(transport(), origin, {
      path: '/v1/chat?x=1',
      headers: ['Content-Type', 'application/json', 'Authorization', 'Bearer t'],
      body: '{"a":"é€"}',
    });
    expect(await outcome).toMatchObject({
      body: 'ok',
      error: undefined,
      calls: ['sent', 'head', 'body', 'end'],
    });
    // {"a":"é€"} is 8 ASCII bytes, é is 2, € is 3.
    expect(Buffer.from(seen, 'latin1').toString()).toBe(
      `POST /v1/chat?x=1 HTTP/1.1\r\nHost: 127.0.0.1:${origin.port}\r\n` +
        'Content-Type: application/json\r\nAuthorization: Bearer t\r\nContent-Length: 13\r\n\r\n{"a":"é€"}',
    );
  });

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
    expect(seen.slice(seen.indexOf('Content-Length'))).toBe('Content-Length: 3\r\n\r\n\xff\0\x80');
    expect([times.bytesSent, times.writes, times.sendEndNs >= times.sendStartNs]).toEqual([3, 1, true]);
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

  it('knows its headers and both ends of its connection while that is there', async () => {
    const { origin, sockets } = await server((socket) =>
      eachRequest(socket, () => socket.write(plain('ok', '200 OK', 'X-A: 1\r\nx-a: 2\r\n'))),
    );
    const client = transport();
    const asked = send(client, origin);
    expect(asked.exchange.ends()).toBeUndefined();
    const { head } = await asked.outcome;
    expect(head?.headers()).toEqual([
      ['content-length', '2'],
      ['X-A', '1, 2'],
    ]);
    const ours = { localIp: '127.0.0.1', localPort: sockets[0]?.remotePort };
    expect(asked.exchange.ends()).toEqual({ ...ours, remoteIp: '127.0.0.1', remotePort: origin.port });
  });

  it.each([
    ['an ASCII body', 'plain', '{"a":1}', 7],
    ['a Latin-1 body', 'plain', '{"a":"é"}', 10],
    ['a header beyond ASCII', 'Zoë', '{"a":1}', 7],
  ])('goes out in UTF-8: %s', async (_name, header, body, bytes) => {
    let seen = '';
    const { origin } = await server((socket) =>
      eachRequest(socket, (text) => {
        seen = text;
        socket.write(plain('ok'));
      }),
    );
    const { outcome } = send(transport(), origin, { headers: ['X-Name', header], body, bodyBytes: bytes });
    expect(await outcome).toMatchObject({ body: 'ok', error: undefined });
    const got = Buffer.from(seen, 'latin1').toString();
    expect(got).toContain(`\r\nX-Name: ${header}\r\n`);
    expect(got).toContain(`\r\nContent-Length: ${bytes}\r\n`);
    expect(got.endsWith(`\r\n\r\n${body}`)).toBe(true);
  });

  it('has no length without a body, and the Host that was given', async () => {
    let seen = '';
    const { origin } = await server((socket) =>
      eachRequest(socket, (text) => {
        seen = text;
        socket.write(plain('ok'));
      }),
    );
    const changes = { method: 'GET', body: '', headers: ['host', 'model.example'] } as const;
    const { times } = await send(transport({ connectionReuse: 'never' }), origin, changes).outcome;
    expect(seen).toBe('GET / HTTP/1.1\r\nhost: model.example\r\nConnection: close\r\n\r\n');
    expect([times.bytesSent, times.writes]).toEqual([0, 0]);
  });

  it('leaves its times in order', async () => {
    const writtenNs: number[] = [];
    let asked: Sent | undefined;
    const { origin } = await server((socket) =>
      eachRequest(socket, () =>
        writePieces(
          socket,
          [
            ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', (times) => times.headNs > 0],
            // Two chunks in one write, then one more: 3 + 4 + 5 bytes in two reads.
            ['3\r\nabc\r\n4\r\ndefg\r\n', (times) => times.reads === 1],
            ['5\r\nhijkl\r\n', (times) => times.reads === 2],
            ['0\r\n\r\n', (times) => times.endNs > 0],
          ],
          () => asked,
          writtenNs,
        ),
      ),
    );
    const client = transport();
    asked = send(client, origin, { body: 'four' });
    const { times, body } = await asked.outcome;
    expect(body).toBe('abcdefghijkl');
    expect([times.bytesSent, times.writes, times.bytesReceived, times.reads]).toEqual([4, 1, 12, 2]);
    const inOrder = [
      times.startNs,
      times.connectStartNs,
      times.connectEndNs,
      times.sendStartNs,
      times.sendEndNs,
      times.headNs,
      times.firstBodyNs,
      times.lastBodyNs,
      times.endNs,
    ];
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    const stampsNs = [times.headNs, times.firstBodyNs, times.lastBodyNs, times.endNs];
    const between = writtenNs.flatMap((written, part) => [written, stampsNs[part] ?? NaN]);
    expect(between).toEqual([...new Set(between)].sort((a, b) => a - b));
    expect(between.length).toBe(8);
    const none = { dnsStartNs: NaN, dnsEndNs: NaN, poolWaitStartNs: NaN, poolWaitEndNs: NaN };
    expect(times).toMatchObject({ ...none, reused: false });
    asked = send(client, origin);
    const second = await asked.outcome;
    expect(second.times).toMatchObject({ ...none, connectStartNs: NaN, connectEndNs: NaN, reused: true });
  });

  it('larger than the kernel takes at once is sent whole, and its end is seen', async () => {
    const bytes = 20_000_000;
    const { origin } = await server((socket) => {
      socket.pause();
      setTimeout(() => socket.resume(), 50);
      eachRequest(socket, (text) => socket.write(plain(String(text.split('\r\n\r\n')[1]?.length))));
    });
    const sent = send(transport(), origin, { body: 'x'.repeat(bytes) });
    const { body, times } = await sent.outcome;
    expect(body).toBe(String(bytes));
    expect(times.sendEndNs - times.sendStartNs).toBeGreaterThan(40e6);
    expect(sent.calls).toEqual(['sent', 'head', 'body', 'end']);
  });

  it('gets an answer that comes before it is sent, and does not use that connection again', async () => {
    const { origin, sockets } = await server((socket, index) => {
      if (index === 0) socket.once('data', () => socket.pause().write(plain('too large', '413 Too Large')));
      else friendly(socket);
    });
    const client = transport();
    const early = await send(client, origin, { body: 'x'.repeat(20_000_000) }).outcome;
    expect(early).toMatchObject({ body: 'too large', error: undefined, calls: ['head', 'body', 'end'] });
    expect(early.head?.status).toBe(413);
    expect(early.times.sendEndNs).toBeNaN();
    expect(await send(client, origin).outcome).toMatchObject({ body: 'ok', times: { reused: false } });
    expect(sockets.length).toBe(2);
  });
});

describe('names and addresses', () => {
  it('reaches IPv6 literals, with and without brackets', async () => {
    const loopback = ipv6Loopback();
    const { port } = await server(friendly, loopback);
    for (const host of loopback === '::1' ? ['::1', '[::1]'] : [loopback]) {
      const { outcome } = send(transport(), { protocol: 'http:', host, port });
      expect((await outcome).body).toBe('ok');
    }
  });

  it.each(['127.0.0.1', ipv6Loopback()])('finds a server on %s by the name localhost', async (host) => {
    const { port } = await server(friendly, host);
    const origin = { protocol: 'http:', host: 'localhost', port } as const;
    const client = transport({ connectionReuse: 'never' });
    const first = await send(client, origin).outcome;
    expect(first.body).toBe('ok');
    expect(first.times.dnsEndNs).toBeGreaterThanOrEqual(first.times.dnsStartNs);
    expect(first.times.connectStartNs).toBeGreaterThanOrEqual(first.times.dnsEndNs);
    // From the cache.
    const second = await send(client, origin).outcome;
    expect(second).toMatchObject({ body: 'ok', times: { dnsStartNs: NaN, dnsEndNs: NaN } });
  });

  it('a name that does not exist', async () => {
    const outcome = await send(transport(), { protocol: 'http:', host: 'no-such-host.invalid', port: 80 })
      .outcome;
    expect(outcome.error).toBe('ClientConnectorDNSError');
    expect(outcome.message).toMatch(
      /^Cannot connect to host no-such-host\.invalid:80 \[getaddrinfo E\w+ no-such-host\.invalid\]$/,
    );
    expect(outcome.times.dnsEndNs).toBeGreaterThanOrEqual(outcome.times.dnsStartNs);
    expect(outcome.times.connectStartNs).toBeNaN();
  });

  it('a port where nobody listens', async () => {
    const { origin, close } = await RawServer.open(() => {}).then((one) => ({
      origin: one.origin,
      close: () => one.close(),
    }));
    await close();
    const at = `127.0.0.1:${origin.port}`;
    expect(await send(transport(), origin).outcome).toMatchObject({
      error: 'ClientConnectorError',
      message: `Cannot connect to host ${at} [connect ECONNREFUSED ${at}]`,
      calls: ['error'],
    });
    const byName = await send(transport(), { ...origin, host: 'localhost' }).outcome;
    expect(byName.error).toBe('ClientConnectorError');
    expect(byName.message).toMatch(new RegExp(`connect E\\w+ ::1:${origin.port}`));
    expect(byName.message).toContain(`connect ECONNREFUSED 127.0.0.1:${origin.port}`);
  });
});

describe('pooled connections', () => {
  it('takes the connection used last, and no new one while one is idle', async () => {
    const served: number[] = [];
    const { origin, sockets } = await server((socket, index) =>
      eachRequest(socket, async (text) => {
        await pause(Number(/\/(\d+)/.exec(text)?.[1]));
        served.push(index);
        socket.write(plain('ok'));
      }),
    );
    const client = transport();
    // Connection 0 is done after 60 ms, 1 after 10 ms: 0 lies on top.
    await Promise.all([
      send(client, origin, { path: '/60' }).outcome,
      send(client, origin, { path: '/10' }).outcome,
    ]);
    for (let i = 0; i < 3; i++) await send(client, origin, { path: '/0' }).outcome;
    expect(sockets.length).toBe(2);
    const slow = served[1] ?? NaN;
    expect(served).toEqual([1 - slow, slow, slow, slow, slow]);
  });

  it('shares connections between equal origins', async () => {
    const { origin, sockets } = await server(friendly);
    const client = transport();
    for (let i = 0; i < 3; i++) await send(client, { ...origin }).outcome;
    expect(sockets.length).toBe(1);
  });

  it('may be used again at once from within onEnd', async () => {
    const { origin, sockets } = await server(friendly);
    const client = transport();
    const bodies: string[] = [];
    await new Promise<void>((resolve) => {
      const go = () => {
        let body = '';
        client.send(
          { method: 'POST', origin, path: '/', headers: [], body: '', timeoutMs: 0 },
          {
            onSent: () => {},
            onHead: () => {},
            onBody: (bytes, start, end) => {
              body += bytes.toString('latin1', start, end);
            },
            onEnd: () => {
              bodies.push(body);
              if (bodies.length < 50) go();
              else resolve();
            },
            onError: (error) => bodies.push(error.message),
          },
        );
      };
      go();
    });
    expect(bodies).toEqual(Array(50).fill('ok'));
    expect(sockets.length).toBe(1);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['half-closes', (socket) => socket.end()],
    ['resets', (socket) => socket.resetAndDestroy()],
    ['sends what nobody asked for on', (socket) => socket.write('HTTP/1.1 408 Timeout\r\n\r\n')],
  ])('drops an idle connection that the server %s', async (_name, act) => {
    const { origin, sockets } = await server(friendly);
    const client = transport();
    await send(client, origin).outcome;
    const first = sockets[0];
    if (first === undefined) throw new Error('no connection');
    const gone = Promise.race([once(first, 'end'), once(first, 'close')]);
    act(first);
    await gone;
    await pause(20);
    expect(await send(client, origin).outcome).toMatchObject({ body: 'ok', times: { reused: false } });
    expect(sockets.length).toBe(2);
  });

  it.each([
    ['Connection: close', plain('ok', '200 OK', 'Connection: close\r\n')],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok'],
    ['bytes behind the response', `${plain('ok')}HTTP`],
    ['an idle time of a second', plain('ok', '200 OK', 'Keep-Alive: timeout=1\r\n')],
  ])('does not use a connection again after %s', async (_name, response) => {
    const { origin, sockets } = await server((socket) => eachRequest(socket, () => socket.write(response)));
    const client = transport();
    for (let i = 0; i < 2; i++)
      expect(await send(client, origin).outcome).toMatchObject({ body: 'ok', error: undefined });
    expect(sockets.length).toBe(2);
  });

  it('closes what has been idle for too long', async () => {
    const { origin, sockets } = await server(friendly);
    const client = transport({ keepAliveMs: 40 });
    await send(client, origin).outcome;
    await send(client, origin).outcome;
    const first = sockets[0];
    if (first === undefined) throw new Error('no connection');
    let ended = false;
    first.once('end', () => {
      ended = true;
    });
    await until(() => ended);
    expect((await send(client, origin).outcome).times.reused).toBe(false);
    expect(sockets.length).toBe(2);
  });

  it('never: opens one for each request', async () => {
    const { origin, sockets } = await server(friendly);
    const client = transport({ connectionReuse: 'never' });
    for (let i = 0; i < 3; i++) await send(client, origin).outcome;
    expect(sockets.length).toBe(3);
    await until(() => sockets.every((socket) => socket.readableEnded));
  });
});

describe('a server that closes after a response without saying so', () => {
  const closing = (socket: Socket) =>
    eachRequest(socket, () => {
      socket.write(plain('ok'));
      setTimeout(() => socket.destroy(), 2);
    });
  const oneAfterTheOther = async (client: Transport, origin: Origin, count: number) => {
    const outcomes: (string | undefined)[] = [];
    for (let i = 0; i < count; i++) {
      const { body, error } = await send(client, origin).outcome;
      outcomes.push(error ?? body);
    }
    return outcomes;
  };

  it('loses no request', async () => {
    const { origin, sockets } = await server(closing);
    const outcomes = await oneAfterTheOther(transport({ settlingMs: 1000 }), origin, 5);
    expect(outcomes).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(sockets.length).toBe(5);
  });

  it('is told apart from one that keeps connections open, which are used again from then on', async () => {
    const { origin, sockets } = await server(friendly);
    const client = transport({ settlingMs: 20 });
    expect(await oneAfterTheOther(client, origin, 2)).toEqual(['ok', 'ok']);
    expect(sockets.length).toBe(2);
    await pause(40);
    expect(await oneAfterTheOther(client, origin, 5)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(sockets.length).toBe(2);
  });
});

describe('the limit of connections', () => {
  it('lets requests wait in order, and notes how long', async () => {
    const order: string[] = [];
    const { origin, sockets } = await server((socket) =>
      eachRequest(socket, async (text) => {
        order.push(/\/(\w+)/.exec(text)?.[1] ?? '');
        await pause(20);
        socket.write(plain('ok'));
      }),
    );
    const client = transport({ maxConnections: 1 });
    const sent = ['a', 'b', 'c', 'd'].map((name) => send(client, origin, { path: `/${name}` }));
    sent[2]?.exchange.destroy();
    const [a, b, , d] = sent;
    await Promise.all([a?.outcome, b?.outcome, d?.outcome]);
    expect(order).toEqual(['a', 'b', 'd']);
    expect(sockets.length).toBe(1);
    expect(sent[2]?.calls).toEqual([]);
    expect(a?.exchange.times.poolWaitStartNs).toBeNaN();
    const last = d?.exchange.times;
    expect(last?.poolWaitStartNs).toBe(last?.startNs);
    // Behind two answers of 20 ms, of which timers may take one off each.
    expect((last?.poolWaitEndNs ?? 0) - (last?.poolWaitStartNs ?? 0)).toBeGreaterThan(36e6);
    expect(last?.sendStartNs).toBeGreaterThanOrEqual(last?.poolWaitEndNs ?? NaN);
    expect(last?.reused).toBe(true);
  });

  it('holds over all servers: an idle connection makes room', async () => {
    const one = await server(friendly);
    const two = await server(friendly);
    const client = transport({ maxConnections: 1 });
    await send(client, one.origin).outcome;
    await send(client, two.origin).outcome;
    await until(() => one.sockets[0]?.readableEnded === true);
    await Promise.all(
      [one, two, one, two].map(async ({ origin }) => {
        expect((await send(client, origin).outcome).body).toBe('ok');
      }),
    );
  });

  it('passes on the place of a connection that broke or was dropped', async () => {
    const { origin } = await server((socket, index) => {
      if (index === 0) socket.once('data', () => socket.destroy());
      else if (index > 1) friendly(socket);
    });
    const client = transport({ maxConnections: 1 });
    const broken = send(client, origin);
    const dropped = send(client, origin);
    const served = send(client, origin);
    expect((await broken.outcome).error).toBe('ServerDisconnectedError');
    await until(() => dropped.calls.includes('sent'));
    dropped.exchange.destroy();
    expect((await served.outcome).body).toBe('ok');
    expect(dropped.calls).toEqual(['sent']);
  });
});

describe('sticky connections', () => {
  it('keeps one connection for each key, until its last request', async () => {
    const { origin, sockets } = await server((socket, index) =>
      eachRequest(socket, () => socket.write(plain(String(index)))),
    );
    const client = transport({ connectionReuse: 'sticky-user-sessions' });
    const ask = async (connectionKey: string, lastOfKey = false) =>
      (await send(client, origin, { connectionKey, lastOfKey }).outcome).body;
    expect([await ask('a'), await ask('b'), await ask('b'), await ask('a')]).toEqual(['0', '1', '1', '0']);
    expect(await ask('a', true)).toBe('0');
    await until(() => sockets[0]?.readableEnded === true);
    expect([await ask('a'), await ask('b')]).toEqual(['2', '1']);
  });

  it('does not let a session wait for its own connection', async () => {
    const { origin } = await server(friendly);
    const client = transport({ connectionReuse: 'sticky-user-sessions', maxConnections: 1 });
    await send(client, origin, { connectionKey: 'a' }).outcome;
    const other = send(client, origin, { connectionKey: 'b' });
    expect((await send(client, origin, { connectionKey: 'a', lastOfKey: true }).outcome).body).toBe('ok');
    expect((await other.outcome).body).toBe('ok');
  });

  it('opens a new one after an error and after a cancellation', async () => {
    const { origin, sockets } = await server((socket, index) =>
      eachRequest(socket, (_text, request) => {
        if (request === 0) socket.write(plain(String(index)));
        else if (index === 0) socket.destroy();
      }),
    );
    const client = transport({ connectionReuse: 'sticky-user-sessions' });
    const ask = () => send(client, origin, { connectionKey: 'a' });
    expect((await ask().outcome).body).toBe('0');
    expect((await ask().outcome).error).toBe('ServerDisconnectedError');
    expect((await ask().outcome).body).toBe('1');
    const cancelled = ask();
    await until(() => cancelled.calls.includes('sent'));
    cancelled.exchange.destroy();
    expect((await ask().outcome).body).toBe('2');
    expect(sockets.length).toBe(3);
  });
});

describe('broken responses', () => {
  it.each([
    ['closed before an answer', '', 'ServerDisconnectedError', 'closed the connection before it answered'],
    ['closed within the head', 'HTTP/1.1 200 OK\r\n', 'ServerDisconnectedError', 'within the head'],
    [
      'closed within the body',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel',
      'ClientPayloadError',
      'within the body',
    ],
    [
      'closed within a chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel',
      'ClientPayloadError',
      'within the body',
    ],
    ['not HTTP', 'hello\r\n\r\n', 'ClientResponseError', 'the status line is "hello'],
  ])('%s', async (_name, response, error, text) => {
    const { origin } = await server((socket) => socket.once('data', () => socket.end(response)));
    const outcome = await send(transport(), origin).outcome;
    expect(outcome.error).toBe(error);
    expect(outcome.message).toContain(text);
    expect(outcome.message).toContain(`127.0.0.1:${origin.port}`);
    expect(outcome.times.endNs).toBeGreaterThan(outcome.times.sendEndNs);
  });

  it.each(['', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel'])('reset after %j', async (response) => {
    const { origin } = await server((socket) =>
      socket.once('data', async () => {
        socket.write(response || '\r\n');
        await pause(20);
        socket.resetAndDestroy();
      }),
    );
    const outcome = await send(transport(), origin).outcome;
    expect(outcome).toMatchObject({
      error: 'ClientOSError',
      message: `The connection to 127.0.0.1:${origin.port} broke [read ECONNRESET]`,
    });
  });

  it('a body that lasts to the close ends with it', async () => {
    const { origin } = await server((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it')),
    );
    expect(await send(transport(), origin).outcome).toMatchObject({ error: undefined, body: 'all of it' });
  });
});

describe('time limits', () => {
  it('covers the wait for the answer, and the wait for a connection', async () => {
    const { origin, sockets } = await server((socket) => socket.resume());
    const client = transport({ maxConnections: 1 });
    const first = send(client, origin, { timeoutMs: 120 });
    const waiting = send(client, origin, { timeoutMs: 40 });
    const outcome = await waiting.outcome;
    expect(outcome).toMatchObject({
      error: 'TimeoutError',
      message: `The request to 127.0.0.1:${origin.port} took longer than 0.04 s`,
      calls: ['error'],
    });
    expect(outcome.times.endNs - outcome.times.startNs).toBeGreaterThan(38e6);
    expect(await first.outcome).toMatchObject({ error: 'TimeoutError', calls: ['sent', 'error'] });
    await until(() => sockets[0]?.readableEnded === true);
  });

  it('covers a body that does not end', async () => {
    const { origin } = await server((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nx')),
    );
    const outcome = await send(transport(), origin, { timeoutMs: 60 }).outcome;
    expect(outcome).toMatchObject({
      error: 'TimeoutError',
      body: 'x',
      calls: ['sent', 'head', 'body', 'error'],
    });
  });

  it('limits connecting by itself', async () => {
    // A TLS handshake with a server that says nothing.
    const { port } = await server((socket) => socket.resume());
    const client = transport({ connectTimeoutMs: 50 });
    expect(await send(client, { protocol: 'https:', host: '127.0.0.1', port }).outcome).toMatchObject({
      error: 'TimeoutError',
      message: `Connecting to 127.0.0.1:${port} took longer than 0.05 s`,
    });
  });
});

it('leaves no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const { origin } = await server(friendly);
  const client = transport({ connectionReuse: 'never' });
  const before = timers();
  await send(client, origin, { timeoutMs: 20_000 }).outcome;
  const dropped = send(client, origin, { timeoutMs: 20_000 });
  dropped.exchange.destroy();
  expect(timers()).toBe(before);
});

describe('destroy', () => {
  it.each<[string, string, string[]]>([
    ['before anything came', '', ['sent']],
    ['within the head', 'HTTP/1.1 200 OK\r\n', ['sent']],
    ['within the body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', ['sent', 'head', 'body']],
  ])('%s', async (_name, response, calls) => {
    const { origin, sockets } = await server((socket) => socket.once('data', () => socket.write(response)));
    const client = transport();
    const sent = send(client, origin);
    await until(() => sent.calls.length === calls.length);
    await pause(20);
    sent.exchange.destroy();
    sent.exchange.destroy();
    await until(() => sockets[0]?.readableEnded === true);
    expect(sent.calls).toEqual(calls);
  });

  it.each(['127.0.0.1', 'localhost', 'no-such-host.invalid'])('before %s is connected', async (host) => {
    const { port, sockets } = await server(friendly);
    const sent = send(transport(), { protocol: 'http:', host, port });
    sent.exchange.destroy();
    await pause(50);
    expect(sent.calls).toEqual([]);
    expect(sockets.every((socket) => socket.readableEnded || socket.destroyed)).toBe(true);
  });

  it.each(['onHead', 'onBody'] as const)('from within %s', async (stage) => {
    const { origin, sockets } = await server((socket) =>
      eachRequest(socket, () =>
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n'),
      ),
    );
    const calls: string[] = [];
    const client = transport();
    const call = (name: string) => {
      calls.push(name);
      if (name === stage) exchange.destroy();
    };
    const exchange = client.send(
      { method: 'GET', origin, path: '/', headers: [], body: '', timeoutMs: 0 },
      {
        onSent: () => call('onSent'),
        onHead: () => call('onHead'),
        onBody: () => call('onBody'),
        onEnd: () => call('onEnd'),
        onError: () => call('onError'),
      },
    );
    await until(() => sockets[0]?.readableEnded === true);
    expect(calls).toEqual(stage === 'onHead' ? ['onSent', 'onHead'] : ['onSent', 'onHead', 'onBody']);
  });
});

describe('close', () => {
  it('destroys all connections, and handlers hear nothing more', async () => {
    const { origin, sockets } = await server((socket) =>
      eachRequest(socket, (_text, index) => index === 0 && socket.write(plain('ok'))),
    );
    const client = transport({ maxConnections: 2 });
    await send(client, origin).outcome;
    // Long enough for a busy machine to come to `close`.
    const limit = { timeoutMs: 300 };
    const running = send(client, origin, limit);
    await until(() => running.calls.includes('sent'));
    const second = send(client, origin, limit);
    await second.outcome;
    const queued = [send(client, origin, limit), send(client, origin, limit)];
    client.close();
    await until(() => sockets.every((socket) => socket.readableEnded));
    await pause(330);
    expect(running.calls).toEqual(['sent']);
    expect(queued.map((one) => one.calls)).toEqual([[], []]);
    expect(() => send(client, origin)).toThrow('closed');
  });
});
