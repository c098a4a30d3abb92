import { Socket, type TcpNetConnectOpts } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openHttpTransport } from '../../src/transport/http.js';
import type { HttpRequest, Transport, TransportOptions } from '../../src/transport/transport.js';
import { clock, options, type Sent, send, until } from './support.js';

const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
const origin = { protocol: 'http:', host: '127.0.0.1', port: 1 } as const;

const opened: Transport[] = [];
afterEach(() => {
  for (const client of opened.splice(0)) client.close();
});

/** A connection whose reads the test makes. */
class HandSocket extends Socket {
  readonly #onread: TcpNetConnectOpts['onread'];

  constructor({ onread }: TcpNetConnectOpts) {
    super();
    this.#onread = onread;
    setImmediate(() => this.emit('connect'));
  }

  override write(_data: unknown, encoding?: unknown, callback?: unknown): boolean {
    const written = typeof encoding === 'function' ? encoding : callback;
    if (typeof written === 'function') process.nextTick(() => written());
    return true;
  }

  deliver(bytes: string): void {
    const { buffer, callback } = this.#onread ?? {};
    if (buffer instanceof Uint8Array) callback?.(Buffer.from(buffer.buffer).write(bytes, 'latin1'), buffer);
  }
}

/** Two requests on open connections, so that reads are not parsed at once. */
async function twoRequests(
  request: Partial<HttpRequest> = {},
  changes: Partial<TransportOptions> = {},
): Promise<{ client: Transport; sockets: HandSocket[]; sent: Sent[] }> {
  const sockets: HandSocket[] = [];
  const connect = (opts: TcpNetConnectOpts) => {
    const socket = new HandSocket(opts);
    sockets.push(socket);
    return socket;
  };
  const client = openHttpTransport(options({ connect, ...changes }));
  opened.push(client);
  const sent = [send(client, origin, request), send(client, origin)];
  await until(() => sent.every(({ calls }) => calls.includes('sent')));
  return { client, sockets, sent };
}

/** The response cut in two at every byte: read, and then `act` before the check phase. */
async function atEveryCut(act: (socket: HandSocket, sent: Sent) => void, timeoutMs = 0) {
  const outcomes = [];
  for (let cut = 1; cut < text.length; cut++) {
    const { sockets, sent } = await twoRequests({ timeoutMs });
    const [socket, asked] = [sockets[0] as HandSocket, sent[0] as Sent];
    socket.deliver(text.slice(0, cut));
    socket.deliver(text.slice(cut));
    act(socket, asked);
    const { body, error } = await asked.outcome;
    outcomes.push({ body, error });
  }
  return outcomes;
}

const whole = Array.from({ length: text.length - 1 }, () => ({ body: 'abcde', error: undefined }));

describe('what was read but not parsed yet', () => {
  it('is parsed before a close', async () => {
    expect(await atEveryCut((socket) => socket.emit('close'))).toEqual(whole);
  });

  it('is parsed before an error', async () => {
    expect(await atEveryCut((socket) => socket.emit('error', new Error('ECONNRESET')))).toEqual(whole);
  });

  it('is parsed before a cancellation', async () => {
    expect(
      await atEveryCut((_socket, { exchange }) => {
        exchange.settle();
        exchange.destroy();
      }),
    ).toEqual(whole);
  });

  it('is parsed before a timeout', async () => {
    // Long enough for the requests to be sent on a busy machine.
    const limitMs = 1000;
    const endMs = performance.now() + limitMs + 10;
    const { sockets, sent } = await twoRequests({ timeoutMs: limitMs });
    const outcome = await new Promise((resolve) =>
      setTimeout(() => {
        sockets[0]?.deliver(text);
        // The limit has passed before the check phase: its timer is called first.
        while (performance.now() < endMs);
        resolve(sent[0]?.outcome);
      }, 1),
    );
    expect(outcome).toMatchObject({ body: 'abcde', error: undefined });
  });

  it('leaves the body before a cut visible, and then fails', async () => {
    const { sockets, sent } = await twoRequests();
    sockets[0]?.deliver(text.slice(0, text.indexOf('2\r\nde')));
    sockets[0]?.emit('close');
    expect(await sent[0]?.outcome).toMatchObject({ body: 'abc', error: 'ClientPayloadError' });
  });

  it('has the times of its reads', async () => {
    const { sockets, sent } = await twoRequests();
    sockets[0]?.deliver(text);
    sockets[1]?.deliver(text);
    const afterNs = clock.nowNs();
    await Promise.all(sent.map(({ outcome }) => outcome));
    const [first, second] = sent.map(({ exchange }) => exchange.times);
    expect(first?.headNs).toBe(first?.endNs);
    expect(second?.endNs).toBeGreaterThan(first?.endNs ?? afterNs);
    expect(second?.endNs).toBeLessThanOrEqual(afterNs);
  });

  it('behind the end of a response closes the connection', async () => {
    const { sockets, sent } = await twoRequests();
    sockets[0]?.deliver(text);
    sockets[0]?.deliver('HTTP/1.1');
    expect(await sent[0]?.outcome).toMatchObject({ body: 'abcde', error: undefined });
    expect(sockets[0]?.destroyed).toBe(true);
  });

  it.each(['end', 'close', 'error'])(
    'does not give a connection that met its %s to the next request',
    async (event) => {
      const { client, sockets, sent } = await twoRequests({}, { maxConnections: 2 });
      const waiting = send(client, origin);
      sockets[0]?.deliver(text);
      sockets[0]?.emit(event, new Error('ECONNRESET'));
      expect(await sent[0]?.outcome).toMatchObject({ body: 'abcde', error: undefined });
      await until(() => waiting.calls.includes('sent'));
      expect(sockets).toHaveLength(3);
      sockets[2]?.deliver(text);
      expect(await waiting.outcome).toMatchObject({ body: 'abcde', error: undefined });
    },
  );

  it.each([
    ['pooled', {}],
    ['sticky-user-sessions', { connectionKey: 'key' }],
  ] as const)(
    'on a free connection is never taken for the next answer (%s)',
    async (connectionReuse, request) => {
      const { client, sockets, sent } = await twoRequests(request, { connectionReuse });
      sockets[0]?.deliver(text);
      await sent[0]?.outcome;
      sockets[0]?.deliver('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n');
      const next = send(client, origin, request);
      await until(() => next.calls.includes('sent'));
      expect(sockets).toHaveLength(3);
      expect(sockets[0]?.destroyed).toBe(true);
      sockets[2]?.deliver(text);
      expect(await next.outcome).toMatchObject({ body: 'abcde', error: undefined });
    },
  );
});
