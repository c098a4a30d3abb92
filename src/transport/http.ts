import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Timeout } from '../util/timeout.js';
import { Connection } from './connection.js';
import type { ConnectionContext } from './connection-context.js';
import { DnsCache } from './dns-cache.js';
import { RunningExchange } from './exchange.js';
import { PendingReads } from './pending-reads.js';
import { type Server, Servers } from './server.js';
import { openSecureContext } from './tls-context.js';
import type { Exchange, HttpRequest, ResponseHandler, Transport, TransportOptions } from './transport.js';

/**
 * Our own HTTP/1.1 client, built for many concurrent streams: one read buffer for all connections of a thread, a
 * timestamp before anything else, no object per chunk. No redirects, retries, cookies or content coding.
 * No callback is called within `send`. Header values are written unchanged: callers must make sure that values from
 * outside contain no line end.
 * @throws UserError if CA, certificate or key cannot be used
 */
export function openHttpTransport(options: TransportOptions): Transport {
  return new HttpTransport(options);
}

class HttpTransport implements Transport, ConnectionContext {
  readonly nowNs: () => number;
  readonly reads: PendingReads;
  readonly onRead: (atNs: number) => void;
  readonly dns: DnsCache;
  readonly connectTimeoutMs: number;
  readonly keepAlive: boolean;
  readonly settlingMs: number;
  readonly verifyTls: boolean;
  readonly maxHeaderBytes: number;
  readonly connect: (options: TcpNetConnectOpts) => Socket;
  readonly #options: TransportOptions;
  readonly #servers = new Servers();
  readonly #open = new Set<Connection>();
  /** Idle connections reserved for a key. */
  readonly #sticky = new Map<string, Connection>();
  /** Exchanges waiting for a connection, from `#waitingHead` on; finished ones are skipped. */
  readonly #waiting: RunningExchange[] = [];
  #waitingHead = 0;
  #serving = false;
  #secureContext: SecureContext | undefined;
  #sweepTimer: Timeout | undefined;
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.nowNs = options.nowNs;
    this.reads = new PendingReads(options.nowNs);
    this.onRead = options.onRead ?? (() => {});
    this.dns = new DnsCache(options.ipVersion, options.nowNs);
    this.connectTimeoutMs = options.connectTimeoutMs;
    this.keepAlive = options.connectionReuse !== 'never';
    this.settlingMs = options.settlingMs;
    this.verifyTls = options.tls.verify;
    this.maxHeaderBytes = options.limits.headerBytes;
    this.connect = options.connect ?? connect;
    const { ca, cert, key } = options.tls;
    if (ca !== undefined || cert !== undefined || key !== undefined) this.secureContext();
  }

  send(request: HttpRequest, handler: ResponseHandler): Exchange {
    if (this.#closed) throw new Error('the transport is closed');
    const server = this.#servers.of(request.origin);
    const exchange = new RunningExchange(request, handler, server.at, this.#options);
    // A session's own idle connection is of no use to others: no need to queue for it.
    const mayStart =
      this.#waitingHead === this.#waiting.length || this.#ownConnection(request, server) !== undefined;
    if (!mayStart || !this.#place(exchange)) {
      exchange.times.poolWaitStartNs = exchange.times.startNs;
      this.#waiting.push(exchange);
    }
    return exchange;
  }

  close(): void {
    this.#closed = true;
    this.#sweepTimer?.clear();
    for (const exchange of this.#waiting.splice(0)) exchange.destroy();
    for (const connection of this.#open) connection.abandon();
  }

  get hasOneConnection(): boolean {
    return this.#open.size === 1;
  }

  secureContext(): SecureContext {
    this.#secureContext ??= openSecureContext(this.#options.tls);
    return this.#secureContext;
  }

  free(connection: Connection, exchange: RunningExchange): void {
    const { connectionReuse, keepAliveMs } = this.#options;
    const hintMs = connection.keepAliveHintMs;
    // One second less than the server announces, so that a request does not cross its close.
    const idleMs = hintMs === undefined ? keepAliveMs : Math.min(keepAliveMs, hintMs - 1000);
    const { connectionKey, lastOfKey } = exchange.request;
    const kept =
      connectionReuse === 'pooled' ||
      (connectionReuse === 'sticky-user-sessions' && !lastOfKey && connectionKey !== undefined);
    if (!kept || idleMs <= 0 || (connectionKey !== undefined && this.#sticky.has(connectionKey))) {
      connection.destroy();
      return;
    }
    connection.idleSinceNs = this.nowNs();
    connection.idleUntilNs = connection.idleSinceNs + idleMs * 1e6;
    if (connectionReuse === 'pooled') {
      connection.server.idle.push(connection);
    } else if (connectionKey !== undefined) {
      connection.idleKey = connectionKey;
      this.#sticky.set(connectionKey, connection);
    }
    this.#sweepTimer ??= new Timeout(() => this.#sweep(), idleMs).unref();
    this.#serveWaiting();
  }

  gone(connection: Connection): void {
    this.#open.delete(connection);
    if (connection.idleKey !== undefined) this.#sticky.delete(connection.idleKey);
    const position = connection.server.idle.lastIndexOf(connection);
    if (position !== -1) connection.server.idle.splice(position, 1);
    this.#serveWaiting();
  }

  #serveWaiting(): void {
    // Making room destroys an idle connection, which calls back here.
    if (this.#serving || this.#closed) return;
    this.#serving = true;
    for (;;) {
      const exchange = this.#waiting[this.#waitingHead];
      if (exchange === undefined || !(exchange.over || this.#place(exchange))) break;
      this.#waitingHead++;
    }
    this.#serving = false;
    if (this.#waitingHead > 1000 && 2 * this.#waitingHead > this.#waiting.length) {
      this.#waiting.splice(0, this.#waitingHead);
      this.#waitingHead = 0;
    }
  }

  /** Assigns the exchange to an idle or new connection. False if it has to wait. */
  #place(exchange: RunningExchange): boolean {
    const server = this.#servers.of(exchange.request.origin);
    const idle = this.#takeIdle(exchange.request, server);
    if (idle === undefined && !this.#hasRoom()) return false;
    const times = exchange.times;
    if (!Number.isNaN(times.poolWaitStartNs)) times.poolWaitEndNs = this.nowNs();
    if (idle !== undefined) idle.run(exchange);
    else this.#open.add(new Connection(this, server, exchange));
    return true;
  }

  #takeIdle(request: HttpRequest, server: Server): Connection | undefined {
    const own = this.#ownConnection(request, server);
    if (own?.idleKey !== undefined) {
      this.#sticky.delete(own.idleKey);
      own.idleKey = undefined;
      return own;
    }
    const oldest = server.idle[0];
    server.keepsOpen ||= oldest?.hasSettled(this.nowNs()) ?? false;
    if (!server.keepsOpen) return undefined;
    for (;;) {
      const connection = server.idle.pop();
      if (connection === undefined || connection.isUsable(this.nowNs())) return connection;
      connection.destroy();
    }
  }

  #ownConnection(request: HttpRequest, server: Server): Connection | undefined {
    if (request.connectionKey === undefined) return undefined;
    const connection = this.#sticky.get(request.connectionKey);
    const usable = connection?.server === server && connection.isUsable(this.nowNs());
    return usable ? connection : undefined;
  }

  #hasRoom(): boolean {
    if (this.#open.size < this.#options.maxConnections) return true;
    for (const { idle } of this.#servers.all()) {
      const oldest = idle[0];
      if (oldest !== undefined) {
        oldest.destroy();
        return true;
      }
    }
    return false;
  }

  #sweep(): void {
    const nowNs = this.nowNs();
    let nextNs = Number.POSITIVE_INFINITY;
    for (const connection of this.#idle()) {
      if (connection.idleUntilNs <= nowNs) connection.destroy();
      else nextNs = Math.min(nextNs, connection.idleUntilNs);
    }
    const anyLeft = nextNs < Number.POSITIVE_INFINITY;
    // Timers can fire up to a millisecond early.
    this.#sweepTimer = anyLeft
      ? new Timeout(() => this.#sweep(), (nextNs - nowNs) / 1e6 + 1).unref()
      : undefined;
  }

  #idle(): Connection[] {
    const idle = [...this.#sticky.values()];
    for (const server of this.#servers.all()) idle.push(...server.idle);
    return idle;
  }
}
