import type { LookupAddress } from 'node:dns';
import { isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { type ConnectionOptions, type SecureContext, connect as tlsConnect } from 'node:tls';
import { Timeout } from '../util/timeout.js';
import type { DnsCache } from './dns-cache.js';
import type { Carrier, RunningExchange } from './exchange.js';
import { brokenConnection, connectFailure, cutShort, tookTooLong } from './failures.js';
import { requestHead } from './request-head.js';
import { ResponseParser, type ResponseSink } from './response-parser.js';
import type { ResponseHead, TransportError } from './transport.js';

/** One origin, with what every request to it needs. */
export interface Server {
  readonly secure: boolean;
  /** Without the brackets of an IPv6 literal. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, as errors name it. */
  readonly at: string;
  readonly hostHeader: string;
  /** Idle connections, the one used last on top. */
  readonly idle: Connection[];
  /**
   * A connection stayed open after its response, so the next one may be used again at once. Some servers close
   * after a response without saying so; a request sent before their close arrives is lost.
   */
  keepsOpen: boolean;
}

/** What all connections of a transport share. */
export interface ConnectionContext {
  readonly nowNs: () => number;
  /** Every read of the thread lands here, and is dealt with before the next one. */
  readonly readBuffer: Buffer;
  readonly dns: DnsCache;
  /** DNS, TCP and TLS together; 0: no limit. */
  readonly connectTimeoutMs: number;
  /** Ask the server to keep connections open. */
  readonly keepAlive: boolean;
  readonly settlingMs: number;
  readonly verifyTls: boolean;
  /** Most bytes of a response's headers. */
  readonly maxHeaderBytes: number;
  /** Opens a connection without TLS. */
  readonly connect: (options: TcpNetConnectOpts) => Socket;
  readonly secureContext: () => SecureContext;
  /** The response is complete and the connection may take another request; called before the handler hears of it. */
  free(connection: Connection, exchange: RunningExchange): void;
  /** The connection is no more, whoever ended it. */
  gone(connection: Connection): void;
}

/** One TCP or TLS connection. It carries one exchange at a time; after any failure it is destroyed. */
export class Connection implements ResponseSink, Carrier {
  readonly server: Server;
  /** While idle: since when, and when it must not be used any more. */
  idleSinceNs = 0;
  idleUntilNs = 0;
  /** While idle: the key it is kept for, with sticky connections. */
  idleKey: string | undefined;
  readonly #context: ConnectionContext;
  readonly #parser: ResponseParser;
  #exchange: RunningExchange | undefined;
  #socket: Socket | undefined;
  #connectTimer: Timeout | undefined;
  #connected = false;
  /** The request of the current exchange was handed to the kernel whole. */
  #written = false;
  #destroyed = false;
  /** Time of the read that is being taken apart. */
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

  /** Open for long enough after its last response that the server can be trusted to keep connections. */
  hasSettled(nowNs: number): boolean {
    return nowNs - this.idleSinceNs >= this.#context.settlingMs * 1e6;
  }

  /** How long the server says that it keeps an idle connection, ms; undefined: it does not say. */
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

  /** Drops the socket and forgets the exchange, which hears nothing from here. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#exchange = undefined;
    this.#connectTimer?.clear();
    this.#socket?.destroy();
    this.#context.gone(this);
  }

  /** Drops the socket together with the exchange on it. */
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
      // Node gives each address up to this time before it drops the attempt for the next one: longer than the
      // 1 s after which a lost SYN is sent again.
      autoSelectFamily: several,
      autoSelectFamilyAttemptTimeout: 2000,
      onread: { buffer: this.#context.readBuffer, callback: (length) => this.#onRead(length) },
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
    const { body, bodyBytes = Buffer.byteLength(body) } = exchange.request;
    const head = requestHead(exchange.request, this.server.hostHeader, bodyBytes, keepAlive);
    times.bytesSent = bodyBytes;
    times.writes = bodyBytes > 0 ? 1 : 0;
    this.#written = false;
    times.sendStartNs = nowNs();
    if (typeof body === 'string') {
      // Writing Latin-1 copies where writing UTF-8 encodes, and ASCII is the same in both.
      const isAscii = bodyBytes === body.length && Buffer.byteLength(head) === head.length;
      socket.write(head + body, isAscii ? 'latin1' : 'utf8', this.#onWritten);
    } else {
      // One write to the kernel for both.
      socket.cork();
      socket.write(head);
      socket.write(body, this.#onWritten);
      socket.uncork();
    }
    // The kernel mostly takes all at once; the callback comes a tick later.
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
    const exchange = this.#exchange;
    if (exchange === undefined) {
      // Bytes that nobody asked for: whatever they are, the next response would start in the wrong place.
      this.destroy();
      return true;
    }
    this.#readNs = atNs;
    let at: number;
    try {
      at = this.#parser.feed(this.#context.readBuffer, 0, length);
    } catch (error) {
      exchange.refuse(error, atNs);
      return true;
    }
    // The handler may have destroyed the exchange meanwhile.
    if (this.#exchange === exchange && this.#parser.done) {
      this.#complete(exchange, this.#parser.keepAlive && this.#written && at === length, atNs);
    }
    return true;
  }

  #onClosed(): void {
    const atNs = this.#context.nowNs();
    // A close within the TLS handshake: node's own error follows.
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
    const describe = this.#connected ? brokenConnection : connectFailure;
    this.#fail(describe(this.server.at, error), atNs);
  }

  #complete(exchange: RunningExchange, reusable: boolean, atNs: number): void {
    this.#exchange = undefined;
    if (reusable) this.#context.free(this, exchange);
    else this.destroy();
    exchange.end(atNs);
  }

  #fail(error: TransportError, atNs: number): void {
    const exchange = this.#exchange;
    this.destroy();
    exchange?.fail(error, atNs);
  }
}
