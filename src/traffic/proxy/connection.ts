import type { Socket } from 'node:net';
import { ResponseParser } from '../../transport/response-parser.js';
import { monotonicNs } from '../../util/clock.js';
import type { Budget } from './budget.js';
import { Exchange, type ExchangeEnd, type RecordedExchange } from './exchange.js';
import { type Destination, MalformedRequest, RequestFraming, type RequestHead } from './request-framing.js';

/** What all connections of a proxy share. */
export interface ProxyContext {
  readonly destination: Destination;
  readonly budget: Budget;
  /** Opens a connection to the server; `onOpen` is called when it can be written to. */
  connect(onOpen: () => void): Socket;
  /** An exchange is over. @param recorded undefined: it is not of interest, or was dropped. */
  onExchange(end: ExchangeEnd, isDropped: boolean, recorded: RecordedExchange | undefined): void;
  /** A connection to the server was not established. */
  onUnreachable(reason: Error): void;
  onClose(connection: ProxiedConnection): void;
}

/**
 * A client's connection and one of its own to the server. Bytes are passed on before anything else is done with them, in
 * both directions; a close by one side closes the other, so that the server sees what it would see without the proxy.
 */
export class ProxiedConnection {
  readonly #context: ProxyContext;
  readonly #client: Socket;
  #server: Socket | undefined;
  #isOpen = false;
  readonly #requests: RequestFraming;
  readonly #parser = this.#newParser();
  /** Requests without a complete response, in order. */
  readonly #waiting: Exchange[] = [];
  /** The request that is arriving. */
  #arriving: Exchange | undefined;
  /** When the bytes came that are being read, ms. */
  #nowMs = 0;
  #isOpaque = false;
  /** The side that closed first. */
  #closedBy: 'client' | 'server' | undefined;
  /** What `#requests` has passed on of the bytes that are being read. */
  #toServer: Buffer[] = [];
  #headEnd = new HeadEnd();

  constructor(client: Socket, context: ProxyContext) {
    this.#client = client;
    this.#context = context;
    this.#requests = new RequestFraming(
      {
        onHead: (head) => this.#begin(head),
        onBody: (bytes, start, end) => this.#arriving?.onRequestBody(bytes, start, end),
        onEnd: () => {
          this.#arriving = undefined;
        },
        forward: (bytes) => this.#toServer.push(bytes),
      },
      context.destination,
    );
    client.setNoDelay(true);
    client.on('data', (bytes) => this.#onRequestBytes(bytes));
    client.on('drain', () => this.#server?.resume());
    client.on('end', () => {
      this.#closedBy ??= 'client';
      if (this.#server === undefined) client.end();
      else this.#server.end();
    });
    client.on('error', () => {});
    client.on('close', () => {
      this.#closedBy ??= 'client';
      this.#server?.destroy();
      if (this.#server !== undefined) return;
      this.#endAll();
      this.#context.onClose(this);
    });
  }

  /** Requests without a complete response. */
  get inFlight(): number {
    return this.#waiting.length;
  }

  destroy(): void {
    this.#client.destroy();
  }

  #onRequestBytes(bytes: Buffer): void {
    this.#nowMs = nowMs();
    try {
      this.#requests.feed(bytes);
      this.#forward();
    } catch (thrown) {
      if (!(thrown instanceof MalformedRequest)) throw thrown;
      this.#refuse('400 Bad Request', 'the proxy cannot read this request');
      this.#server?.destroy();
    }
  }

  #begin(head: RequestHead): void {
    const exchange = new Exchange(head, this.#nowMs, this.#context.budget);
    this.#arriving = exchange;
    this.#waiting.push(exchange);
  }

  /** In one write: a head and its body may share a packet. */
  #forward(): void {
    const pieces = this.#toServer;
    if (pieces.length === 0) return;
    this.#toServer = [];
    this.#server ??= this.#connect();
    if (this.#server.destroyed) return;
    this.#server.cork();
    for (const bytes of pieces) this.#server.write(bytes);
    this.#server.uncork();
    if (this.#server.writableNeedDrain) this.#client.pause();
  }

  #connect(): Socket {
    const server = this.#context.connect(() => {
      this.#isOpen = true;
    });
    server.setNoDelay(true);
    server.on('data', (bytes: Buffer) => {
      if (!this.#client.write(bytes)) server.pause();
      this.#read(bytes);
    });
    server.on('drain', () => this.#client.resume());
    server.on('end', () => {
      this.#closedBy ??= 'server';
      // Now, not at the close: a client may keep its side open for long.
      if (this.#waiting.length > 0 && this.#parser.close()) this.#endFirst('complete');
      this.#endAll();
      this.#client.end();
    });
    server.on('error', (reason) => {
      if (!this.#isOpen && this.#closedBy === undefined) this.#context.onUnreachable(reason);
    });
    server.on('close', (hadError: boolean) => this.#onServerClose(hadError));
    return server;
  }

  #onServerClose(hadError: boolean): void {
    if (!this.#isOpen && this.#closedBy === undefined) {
      this.#refuse('502 Bad Gateway', 'the server cannot be reached');
      this.#endAll('unreachable');
      this.#context.onClose(this);
      return;
    }
    this.#endAll();
    this.#context.onClose(this);
    // A response may end with its connection: a reset must not look like that.
    if (hadError) this.#client.resetAndDestroy();
    else this.#client.end();
  }

  /** Reads bytes of responses that have been passed on. */
  #read(bytes: Buffer): void {
    if (this.#isOpaque) return;
    this.#nowMs = nowMs();
    try {
      for (let at = 0; at < bytes.length; ) {
        if (this.#waiting.length === 0) return;
        if (this.#waiting[0]?.isHead) {
          at = this.#headEnd.feed(bytes, at);
          if (this.#headEnd.done) this.#endFirst('complete');
        } else {
          at = this.#parser.feed(bytes, at, bytes.length);
          if (this.#parser.done) this.#endFirst('complete');
        }
      }
    } catch {
      // Another protocol (101), or no HTTP: it passes through unread.
      this.#isOpaque = true;
      this.#requests.becomeOpaque();
      this.#forward();
      this.#endAll('broken');
    }
  }

  #newParser(): ResponseParser {
    return new ResponseParser({
      onHead: (head) => this.#waiting[0]?.onResponseHead(head),
      onBody: (bytes, start, end) => this.#waiting[0]?.onResponseBody(bytes, start, end),
    });
  }

  #endFirst(end: ExchangeEnd): void {
    const exchange = this.#waiting.shift();
    this.#parser.reset();
    this.#headEnd = new HeadEnd();
    if (exchange !== undefined) this.#report(exchange, end);
  }

  /** No response comes any more. */
  #endAll(end: ExchangeEnd = this.#closedBy === 'client' ? 'aborted' : 'broken'): void {
    for (const exchange of this.#waiting.splice(0)) this.#report(exchange, end);
  }

  #report(exchange: Exchange, end: ExchangeEnd): void {
    this.#context.onExchange(end, exchange.isDropped, exchange.finish(end, nowMs()));
  }

  /** Answers in place of the server, and closes. */
  #refuse(status: string, message: string): void {
    const body = JSON.stringify({
      error: { message: `aiperf trace record: ${message}`, type: 'proxy_error' },
    });
    const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    this.#client.end(head + body);
    // What the client still sends is read, or it would lose the answer to a reset.
    this.#client.removeAllListeners('data').resume();
  }
}

/** Finds the end of the response to HEAD: it has the length of a body, and no body. */
class HeadEnd {
  #lineBytes = 0;
  #hasLine = false;
  done = false;

  feed(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      if (bytes[at] === LF) {
        if (this.#lineBytes === 0 && this.#hasLine) {
          this.done = true;
          return at + 1;
        }
        this.#lineBytes = 0;
      } else if (bytes[at] !== CR) {
        this.#lineBytes++;
        this.#hasLine = true;
      }
    }
    return bytes.length;
  }
}

const CR = 0x0d;
const LF = 0x0a;

function nowMs(): number {
  return monotonicNs() / 1e6;
}
