import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type {
  Exchange,
  HttpRequest,
  Origin,
  ResponseHead,
  Transport,
  TransportErrorType,
  TransportOptions,
  WireTimes,
} from '../../src/transport/transport.js';
import { openClock, takeOrigin } from '../../src/util/clock.js';

/** The host to listen on for IPv6 tests; says so and gives the IPv4 one where the machine has no IPv6. */
export function ipv6Loopback(): string {
  const has = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
  if (!has) process.stderr.write('no IPv6 loopback on this machine: those tests run on 127.0.0.1\n');
  return has ? '::1' : '127.0.0.1';
}

/** The clock of every transport here. */
export const clock = openClock(takeOrigin());

/** Options of a transport with nothing special about it. */
export function options(changes: Partial<TransportOptions> = {}): TransportOptions {
  return {
    nowNs: clock.nowNs,
    connectionReuse: 'pooled',
    maxConnections: 100,
    connectTimeoutMs: 10_000,
    keepAliveMs: 300_000,
    settlingMs: 0,
    limits: { headerBytes: 65_536, messageBytes: 2 ** 20, bodyBytes: 2 ** 21 },
    ipVersion: 'auto',
    tls: { verify: true },
    http2: false,
    ...changes,
  };
}

/** A server that hands each connection to `onConnection`; `close` destroys what is open. */
export class RawServer {
  readonly sockets: Socket[] = [];
  readonly #server: Server;

  private constructor(onConnection: (socket: Socket, index: number) => void) {
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      this.sockets.push(socket);
      onConnection(socket, this.sockets.length - 1);
    });
  }

  static async open(
    onConnection: (socket: Socket, index: number) => void,
    host = '127.0.0.1',
  ): Promise<RawServer> {
    const server = new RawServer(onConnection);
    server.#server.listen(0, host);
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening on a port');
    return address.port;
  }

  get origin(): Origin {
    return { protocol: 'http:', host: '127.0.0.1', port: this.port };
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Calls `onRequest` with each whole request that comes over the connection, as latin1 text. */
export function eachRequest(socket: Socket, onRequest: (text: string, index: number) => unknown): void {
  let pending = '';
  let index = 0;
  socket.on('data', (bytes) => {
    pending += bytes.toString('latin1');
    for (;;) {
      const headEnd = pending.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(pending.slice(0, headEnd))?.[1] ?? 0);
      const end = headEnd + 4 + length;
      if (pending.length < end) return;
      const text = pending.slice(0, end);
      pending = pending.slice(end);
      onRequest(text, index++);
    }
  });
}

/** A piece of an answer, and whether it has come, told from the times of the request. */
type Piece = readonly [text: string, hasCome: (times: WireTimes) => boolean];

/**
 * Writes an answer in pieces, each once the one before it has come: the stamp of a piece lies between two writes.
 * @param asked the request, as soon as it is known. @param writtenNs is given the time before each write.
 */
export async function writePieces(
  socket: Socket,
  pieces: readonly Piece[],
  asked: () => Sent | undefined,
  writtenNs: number[],
): Promise<void> {
  for (const [text, hasCome] of pieces) {
    writtenNs.push(clock.nowNs());
    socket.write(text);
    await until(() => {
      const times = asked()?.exchange.times;
      return times !== undefined && hasCome(times);
    });
  }
}

/** A response with a length. */
export function plain(body: string, status = '200 OK', headers = ''): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`;
}

interface Outcome {
  readonly head: ResponseHead | undefined;
  readonly body: string;
  /** Type of the error; undefined: ended in order. */
  readonly error: TransportErrorType | undefined;
  readonly message: string;
  readonly times: WireTimes;
  /** Names of the callbacks in order; runs of `body` count once. */
  readonly calls: readonly string[];
}

/** A request under way and what comes of it. */
export interface Sent {
  readonly exchange: Exchange;
  readonly calls: string[];
  readonly outcome: Promise<Outcome>;
}

export function send(transport: Transport, origin: Origin, changes: Partial<HttpRequest> = {}): Sent {
  const calls: string[] = [];
  const parts: Buffer[] = [];
  let head: ResponseHead | undefined;
  let within = true;
  let resolve: (outcome: Outcome) => void = () => {};
  const outcome = new Promise<Outcome>((done) => {
    resolve = done;
  });
  const call = (name: string) => {
    if (within) throw new Error(`${name} came within send`);
    if (name !== 'body' || calls.at(-1) !== 'body') calls.push(name);
  };
  const finish = (error?: TransportErrorType, message = '') => {
    const body = Buffer.concat(parts).toString('latin1');
    resolve({ head, body, error, message, times: exchange.times, calls });
  };
  const exchange = transport.send(
    { method: 'POST', origin, path: '/', headers: [], body: '{}', timeoutMs: 20_000, ...changes },
    {
      onSent: () => call('sent'),
      onHead: (got) => {
        head = got;
        call('head');
      },
      onBody: (bytes, start, end) => {
        call('body');
        parts.push(Buffer.from(bytes.subarray(start, end)));
      },
      onEnd: () => {
        call('end');
        finish();
      },
      onError: (error) => {
        call('error');
        finish(error.type, error.message);
      },
    },
  );
  within = false;
  return { exchange, calls, outcome };
}

/** Waits until `condition` holds; fails after 5 s. */
export async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; !condition(); waitedMs += 5) {
    if (waitedMs > 5000) throw new Error('the condition did not come to hold within 5 s');
    await pause(5);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
