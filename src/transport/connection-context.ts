import type { Socket, TcpNetConnectOpts } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Connection } from './connection.js';
import type { DnsCache } from './dns-cache.js';
import type { RunningExchange } from './exchange.js';
import type { PendingReads } from './pending-reads.js';

/** Shared by all connections of a transport. */
export interface ConnectionContext {
  readonly nowNs: () => number;
  /** Reads of all connections. */
  readonly reads: PendingReads;
  readonly onRead: (atNs: number) => void;
  /** No other connection is open, whose reads could be late. */
  readonly hasOneConnection: boolean;
  readonly dns: DnsCache;
  /** Limit for DNS, TCP and TLS together; 0: none. */
  readonly connectTimeoutMs: number;
  /** Ask the server to keep connections open. */
  readonly keepAlive: boolean;
  readonly settlingMs: number;
  readonly verifyTls: boolean;
  /** Limit for the headers of a response, bytes. */
  readonly maxHeaderBytes: number;
  /** Opens a connection without TLS. */
  readonly connect: (options: TcpNetConnectOpts) => Socket;
  readonly secureContext: () => SecureContext;
  /** The response is complete and the connection is free; called before the handler is notified. */
  free(connection: Connection, exchange: RunningExchange): void;
  /** The connection was closed, by either side. */
  gone(connection: Connection): void;
}
