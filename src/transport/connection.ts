import type { LookupAddress } from 'node:dns';
import { isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { byteLengthOf, piecesOf } from '../util/byte-pieces.js';
import { Timeout } from '../util/timeout.js';
import type { ConnectionContext } from './connection-context.js';
import type { Carrier, RunningExchange } from './exchange.js';
import { brokenConnection, connectFailure, cutShort, tookTooLong } from './failures.js';
import type { Reader } from './pending-reads.js';
import { requestHead } from './request-head.js';
import { ResponseParser, type ResponseSink } from './response-parser.js';
import type { Server } from './server.js';
import type { ResponseHead, TransportError } from './transport.js';

/** A TCP or TLS connection. It carries one exchange at a time and is destroyed after any failure. */
export class Connection implements ResponseSink, Carrier, Reader {
  readonly server: Server;
  /** While idle: since when, and when it expires. */
  idleSinceNs = 0;
  idleUntilNs = 0;
  /** While idle with sticky connections: the key it is reserved for. */
  idleKey: string | undefined;
  readonly #context: ConnectionContext;
  readonly #parser: ResponseParser;
  #exchange: RunningExchange | undefined;
  #socket: Socket | undefined;
  #connectTimer: Timeout | undefined;
  #connected = false;
  /** The request of the current exchange was completely handed to the kernel. */
  #written = false;
  #destroyed = false;
  /** The server closed it, or it broke; what was read before is parsed first. */
  #closed = false;
  /** Reads that were not parsed yet. */
  #unparsed = 0;
  /** Time of the read being parsed. */
  #readNs = 0;

  /** Connects and then sends the request of `exchange`. */
  constructor(context: ConnectionContext, server: Server, exchange: RunningExchange) {
    this.server = server;
    this.#context = context;
    this.#parser = new ResponseParser(this, context.maxHeaderBytes);
    this.#exchange = exchange;
    exchange.carrier = this;
    if (context.connectTimeoutMs > 0) {
      this.#connectTimer = new Timeout(() => this.#connectExpired(), context.connectTimeoutMs);
    }
    const addresses = context.dns.known(this.server.host);
    if (addresses === undefined) this.#resolve(exchange);
    else this.#connect(exchange, addresses);
  }

  /** Whether it stayed open long enough after its last response to trust the server to keep connections open. */
  hasSettled(nowNs: number): boolean {
    return nowNs - this.idleSinceNs >= this.#context.settlingMs * 1e6;
  }

  /** While idle: whether it has not expired, and nothing arrived that no request asked for. */
  isUsable(nowNs: number): boolean {
    return nowNs < this.idleUntilNs && this.#unparsed === 0;
  }

  /** The server's announced idle timeout, ms; undefined if not announced. */
  get keepAliveHintMs(): number | undefined {
    return this.#parser.keepAliveHintMs;
  }

  get socket(): Socket | undefined {
    return this.#socket;
  }

  /** Sends the next request; the connection must be free. */
  run(exchange: RunningExchange): void {
    this.#parser.reset();
    this.#exchange = exchange;
    exchange.carrier = this;
    exchange.times.reused = true;
    this.#write(exchange);
  }

  /** Closes the socket and detaches the exchange, which is not notified. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#exchange = undefined;
    this.#connectTimer?.clear();
    this.#socket?.destroy();
    this.#context.gone(this);
  }

  /** Closes the socket and destroys the exchange on it. */
  abandon(): void {
    if (this.#exchange === undefined) this.destroy();
    else this.#exchange.destroy();
  }

  onHead(head: ResponseHead): void {
    this.#exchange?.head(head, this.#readNs);
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.#exchange?.body(bytes, start, end, this.#readNs);
  }

  #resolve(exchange: RunningExchange): void {
    exchange.times.dnsStartNs = this.#context.nowNs();
    this.#context.dns.resolve(this.server.host, (error, addresses) => {
      const atNs = this.#context.nowNs();
      if (this.#destroyed) return;
      exchange.times.dnsEndNs = atNs;
      if (error !== null) this.#fail(connectFailure(this.server.at, error), atNs);
      else this.#connect(exchange, addresses);
    });
  }

  #connect(exchange: RunningExchange, addresses: readonly LookupAddress[]): void {
    exchange.times.connectStartNs = this.#context.nowNs();
    const socket = this.#open(addresses);
    this.#socket = socket;
    socket.on('connect', () => {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 60_000);
    });
    socket.on(this.server.secure ? 'secureConnect' : 'connect', () => this.#onConnected());
    socket.on('error', (error) => this.#onError(error));
    socket.on('end', () => this.#onClosed());
    socket.on('close', () => this.#onClosed());
  }

  #open(addresses: readonly LookupAddress[]): Socket {
    const { host, port, secure } = this.server;
    const several = addresses.length > 1;
    const options: TcpNetConnectOpts & ConnectionOptions = {
      host: several ? host : (addresses[0]?.address ?? host),
      port,
      // Node limits each address to this time before it tries the next: longer than the 1 s after which a lost SYN is
      // retransmitted.
      autoSelectFamily: several,
      autoSelectFamilyAttemptTimeout: 2000,
      onread: { buffer: this.#context.reads.buffer, callback: (length) => this.#onRead(length) },
    };
    if (several) options.lookup = (_host, _options, done) => done(null, [...addresses]);
    if (!secure) return this.#context.connect(options);
    options.secureContext = this.#context.secureContext();
    options.rejectUnauthorized = this.#context.verifyTls;
    options.ALPNProtocols = ['http/1.1'];
    if (isIP(host) === 0) options.servername = host;
    return tlsConnect(options);
  }

  #onConnected(): void {
    const atNs = this.#context.nowNs();
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#connectTimer?.clear();
    this.#connected = true;
    exchange.times.connectEndNs = atNs;
    const address = this.#socket?.remoteAddress;
    if (address !== undefined) this.#context.dns.prefer(this.server.host, address);
    this.#write(exchange);
  }

  #connectExpired(): void {
    const { nowNs, connectTimeoutMs } = this.#context;
    this.#fail(tookTooLong('Connecting to', this.server.at, connectTimeoutMs), nowNs());
  }

  #write(exchange: RunningExchange): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const { nowNs, keepAlive } = this.#context;
    const times = exchange.times;
    const { body, bodyBytes = byteLengthOf(body) } = exchange.request;
    const head = requestHead(exchange.request, this.server.hostHeader, bodyBytes, keepAlive);
    times.bytesSent = bodyBytes;
    times.writes = bodyBytes > 0 ? 1 : 0;
    this.#written = false;
    times.sendStartNs = nowNs();
    if (typeof body === 'string') {
      // Writing Latin-1 copies while writing UTF-8 encodes; for ASCII both give the same bytes.
      const isAscii = bodyBytes === body.length && Buffer.byteLength(head) === head.length;
      socket.write(head + body, isAscii ? 'latin1' : 'utf8', this.#onWritten);
    } else {
      // Send head and body in one write to the kernel.
      socket.cork();
      socket.write(head);
      const pieces = piecesOf(body);
      for (const piece of pieces.slice(0, -1)) socket.write(piece);
      socket.write(pieces.at(-1) ?? '', this.#onWritten);
      socket.uncork();
    }
    // The kernel usually accepts everything at once; the callback runs a tick later.
    if (socket.writableLength === 0) times.sendEndNs = nowNs();
  }

  readonly #onWritten = (error?: Error | null): void => {
    const exchange = this.#exchange;
    if (error || exchange === undefined) return;
    this.#written = true;
    const times = exchange.times;
    if (Number.isNaN(times.sendEndNs)) times.sendEndNs = this.#context.nowNs();
    exchange.sent();
  };

  #onRead(length: number): boolean {
    const atNs = this.#context.nowNs();
    const { reads } = this.#context;
    this.#context.onRead(atNs);
    this.#unparsed++;
    if (length > MAX_COPIED_BYTES || this.#context.hasOneConnection) {
      reads.settle(this);
      this.parse(reads.buffer, 0, length, atNs);
    } else reads.add(this, length, atNs);
    return true;
  }

  settle(): void {
    if (this.#unparsed > 0) this.#context.reads.settle(this);
  }

  parse(bytes: Buffer, start: number, end: number, atNs: number): void {
    this.#unparsed--;
    if (this.#destroyed) return;
    const exchange = this.#exchange;
    if (exchange === undefined) {
      // Unsolicited bytes: the next response would be parsed from the wrong offset.
      this.destroy();
      return;
    }
    this.#readNs = atNs;
    let at: number;
    try {
      at = this.#parser.feed(bytes, start, end);
    } catch (error) {
      exchange.refuse(error, atNs);
      return;
    }
    // The handler may have destroyed the exchange in between.
    if (this.#exchange !== exchange || !this.#parser.done) return;
    const isLastRead = at === end && this.#unparsed === 0;
    this.#complete(exchange, this.#parser.keepAlive && this.#written && isLastRead, atNs);
  }

  #onClosed(): void {
    const atNs = this.#context.nowNs();
    this.#closed = true;
    this.settle();
    // Closed during the TLS handshake: Node's own error follows.
    if (!this.#connected) return;
    const exchange = this.#exchange;
    if (exchange === undefined) {
      if (!this.#destroyed && !this.hasSettled(atNs)) this.server.keepsOpen = false;
      this.destroy();
    } else if (this.#parser.close()) this.#complete(exchange, false, atNs);
    else this.#fail(cutShort(this.server.at, this.#parser.hasHead, this.#parser.started), atNs);
  }

  #onError(error: Error): void {
    const atNs = this.#context.nowNs();
    this.#closed = true;
    this.settle();
    const describe = this.#connected ? brokenConnection : connectFailure;
    this.#fail(describe(this.server.at, error), atNs);
  }

  #complete(exchange: RunningExchange, reusable: boolean, atNs: number): void {
    this.#exchange = undefined;
    if (reusable && !this.#closed) this.#context.free(this, exchange);
    else {
      if (reusable) this.server.keepsOpen = false;
      this.destroy();
    }
    exchange.end(atNs);
  }

  #fail(error: TransportError, atNs: number): void {
    const exchange = this.#exchange;
    this.destroy();
    exchange?.fail(error, atNs);
  }
}

/** Reads above this size contain many events: copying them costs more than it gains. */
const MAX_COPIED_BYTES = 8192;
