import type { Socket, TcpNetConnectOpts } from 'node:net';
import type { BytePieces } from '../util/byte-pieces.js';
import type { ResponseLimits } from '../util/response-limits.js';

/** A server, parsed from its URL. */
export interface Origin {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly origin: Origin;
  /** Path and query, as in the request line. */
  readonly path: string;
  /** Name, value, name, value … The transport adds Host, Content-Length and Connection. */
  readonly headers: readonly string[];
  /** Empty for none. */
  readonly body: BytePieces;
  /** Length of the body in bytes, if known. */
  readonly bodyBytes?: number;
  /** Time limit from `send` to the last byte, ms; 0: none. */
  readonly timeoutMs: number;
  /** With sticky connections: requests with the same key share a connection, closed after the last one. */
  readonly connectionKey?: string;
  readonly lastOfKey?: boolean;
}

/**
 * Times of the events of one exchange, ns since the clock's origin; NaN for what did not happen. One object per
 * exchange, all fields set at construction.
 */
export class WireTimes {
  /** `send` was called: before waiting for a connection, DNS, TCP and TLS. */
  startNs = Number.NaN;
  poolWaitStartNs = Number.NaN;
  poolWaitEndNs = Number.NaN;
  dnsStartNs = Number.NaN;
  dnsEndNs = Number.NaN;
  /** TCP and, for https, TLS. */
  connectStartNs = Number.NaN;
  connectEndNs = Number.NaN;
  sendStartNs = Number.NaN;
  /** The last byte of the request was handed to the kernel. */
  sendEndNs = Number.NaN;
  /** Status line and headers of the final response have arrived. */
  headNs = Number.NaN;
  firstBodyNs = Number.NaN;
  lastBodyNs = Number.NaN;
  /** The response was complete, or the failure was detected. */
  endNs = Number.NaN;
  reused = false;
  /** Body bytes and writes; body bytes (after transfer decoding) and reads. */
  bytesSent = 0;
  writes = 0;
  bytesReceived = 0;
  reads = 0;
}

export interface ResponseHead {
  readonly status: number;
  /** Reason phrase of the status line; the standard one if the server sent none. */
  readonly reason: string;
  /** Value of a header by lower-case name; repeated headers are joined by ", ". */
  header(name: string): string | undefined;
  /** All headers: name as sent by the server, and value. */
  headers(): readonly (readonly [name: string, value: string])[];
}

/** Both ends of a connection. */
export interface ConnectionEnds {
  readonly localIp: string;
  readonly localPort: number;
  readonly remoteIp: string;
  readonly remotePort: number;
}

/**
 * Receives the events of one exchange. Exactly one of `onEnd` and `onError` ends it; after `destroy` neither is called.
 * Times are those of the socket's callbacks, whose first statement takes them; calls may follow somewhat later, in
 * order. An exception in `onHead` or `onBody` fails only this exchange.
 */
export interface ResponseHandler {
  /** The complete request was handed to the kernel. */
  onSent(atNs: number): void;
  /** The final head; 1xx heads are skipped. */
  onHead(head: ResponseHead, atNs: number): void;
  /** Body bytes `bytes[start, end)` after transfer decoding; the buffer is reused after the call. */
  onBody(bytes: Buffer, start: number, end: number, atNs: number): void;
  /** Must not throw. */
  onEnd(atNs: number): void;
  /** Must not throw. */
  onError(error: TransportError, atNs: number): void;
}

/** Names of transport failures in error summaries. */
export type TransportErrorType =
  | 'ClientConnectorError'
  | 'ClientConnectorDNSError'
  | 'ClientConnectorSSLError'
  | 'ClientConnectorCertificateError'
  | 'TimeoutError'
  | 'ServerDisconnectedError'
  | 'ClientOSError'
  | 'ClientPayloadError'
  | 'ClientResponseError'
  | 'ResponseTooLargeError'
  | 'UnreadableResponseError';

/** A transport failure. `message` names host, port and the system's error. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly type: TransportErrorType;
  /** Message of the inner error, if any. */
  readonly innerMessage: string | undefined;
  constructor(type: TransportErrorType, message: string, innerMessage?: string) {
    super(message);
    this.type = type;
    this.innerMessage = innerMessage;
  }
}

/** A request in progress. */
export interface Exchange {
  readonly times: WireTimes;
  /** Queries the system; meant for request traces. Undefined unless there is an open TCP connection. */
  ends(): ConnectionEnds | undefined;
  /** Calls the handler for everything that was read so far; this may end the exchange. Not for use within its calls. */
  settle(): void;
  /** Destroys the exchange and its socket, which is not reused; the handler is not called again. */
  destroy(): void;
}

/** Moves bytes and takes times; knows nothing about language models. One per load thread. */
export interface Transport {
  send(request: HttpRequest, handler: ResponseHandler): Exchange;
  /** Closes idle connections and destroys the others. */
  close(): void;
}

type ConnectionReuse = 'pooled' | 'never' | 'sticky-user-sessions';

export interface TransportOptions {
  /** Monotonic ns since the run's origin. */
  readonly nowNs: () => number;
  /** Called for every read, with its time. */
  readonly onRead?: (atNs: number) => void;
  readonly connectionReuse: ConnectionReuse;
  /** Limit for open connections; further requests wait in order. */
  readonly maxConnections: number;
  /** Limit for DNS, TCP and TLS together, ms; 0: none. */
  readonly connectTimeoutMs: number;
  /** Lifetime of an idle connection, ms. */
  readonly keepAliveMs: number;
  /**
   * Some servers close a connection after a response without announcing it, and a request sent before that close
   * arrives is lost. So no connection is reused until one has stayed open for this long after its response, ms; from
   * then on all are reused at once.
   */
  readonly settlingMs: number;
  readonly limits: ResponseLimits;
  readonly ipVersion: 4 | 6 | 'auto';
  readonly tls: TlsOptions;
  /** undici only. */
  readonly http2: boolean;
  /** undici only: send everything through this socket. */
  readonly unixSocket?: string;
  /** undici only; absent: none. */
  readonly proxies?: Proxies;
  /** Our transport without TLS only: opens a connection; default TCP. */
  readonly connect?: (options: TcpNetConnectOpts) => Socket;
}

/** Proxies by the protocol of the server. */
export interface Proxies {
  /** URLs; undefined: no proxy, or for https that of http. */
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts to reach directly, as in NO_PROXY. */
  readonly except: string;
}

/** PEM texts. */
export interface TlsOptions {
  readonly verify: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}
