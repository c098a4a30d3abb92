import type { Socket, TcpNetConnectOpts } from 'node:net';
import type { ResponseLimits } from '../util/response-limits.js';

/** A server that requests go to, taken apart once. */
export interface Origin {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly origin: Origin;
  /** Path and query, as it goes into the request line. */
  readonly path: string;
  /** Name, value, name, value … The transport adds Host, Content-Length and Connection. */
  readonly headers: readonly string[];
  /** Text, sent as UTF-8, or bytes; empty for none. */
  readonly body: string | Uint8Array;
  /** Length of the body in bytes, where it is known already. */
  readonly bodyBytes?: number;
  /** Total time from `send` to the last byte, ms; 0: no limit. */
  readonly timeoutMs: number;
  /** With sticky connections: all requests of one key share a connection, closed after the last. */
  readonly connectionKey?: string;
  readonly lastOfKey?: boolean;
}

/**
 * When things happened to one exchange, ns since the clock's origin; NaN for what did not happen.
 * One object per exchange, all fields set at construction.
 */
export class WireTimes {
  /** `send` was called: before waiting for a connection, DNS, connecting and TLS. */
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
  /** Status line and headers of the final response were in. */
  headNs = Number.NaN;
  firstBodyNs = Number.NaN;
  lastBodyNs = Number.NaN;
  /** The response was complete, or the failure was noticed. */
  endNs = Number.NaN;
  reused = false;
  /** Body bytes and writes; body bytes (after transfer coding) and reads. */
  bytesSent = 0;
  writes = 0;
  bytesReceived = 0;
  reads = 0;
}

export interface ResponseHead {
  readonly status: number;
  /** Reason phrase of the status line; the standard one where the server sent none. */
  readonly reason: string;
  /** Value of a header by its lower-case name; several values joined by ", ". */
  header(name: string): string | undefined;
  /** All of them: name and value, names as the server wrote them. */
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
 * Told of one exchange as it happens; exactly one of `onEnd` and `onError` ends it, and after `destroy` neither
 * comes. Called synchronously from the socket's callback with the time taken as its first statement. What `onHead` and
 * `onBody` throw fails the exchange, and nothing else.
 */
export interface ResponseHandler {
  /** The request, headers and body, was handed to the kernel whole. */
  onSent(atNs: number): void;
  /** The final head (1xx heads are passed over). */
  onHead(head: ResponseHead, atNs: number): void;
  /** Body bytes `bytes[start, end)` after transfer coding; the buffer is used again once the call returns. */
  onBody(bytes: Buffer, start: number, end: number, atNs: number): void;
  /** Must not throw. */
  onEnd(atNs: number): void;
  /** Must not throw. */
  onError(error: TransportError, atNs: number): void;
}

/** The names under which failures of the wire are known in error summaries. */
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

/** A failure of the wire. `message` names host, port and the system's error. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly type: TransportErrorType;
  /** The inner error's text, where there is one. */
  readonly innerMessage: string | undefined;
  constructor(type: TransportErrorType, message: string, innerMessage?: string) {
    super(message);
    this.type = type;
    this.innerMessage = innerMessage;
  }
}

/** One request under way. */
export interface Exchange {
  readonly times: WireTimes;
  /** Asks the system: meant for traces. Undefined without an open connection, and for one that is no TCP connection. */
  ends(): ConnectionEnds | undefined;
  /** Drops the exchange: the socket is destroyed and never used again, the handler hears nothing more. */
  destroy(): void;
}

/** Moves bytes and notes times; knows nothing of language models. One per load thread. */
export interface Transport {
  send(request: HttpRequest, handler: ResponseHandler): Exchange;
  /** Closes idle connections and destroys the others. */
  close(): void;
}

type ConnectionReuse = 'pooled' | 'never' | 'sticky-user-sessions';

export interface TransportOptions {
  /** Monotonic ns since the run's origin. */
  readonly nowNs: () => number;
  readonly connectionReuse: ConnectionReuse;
  /** Most connections open at a time; further requests wait their turn in order. */
  readonly maxConnections: number;
  /** Time for DNS, TCP and TLS together, ms; 0: no limit. */
  readonly connectTimeoutMs: number;
  /** How long an idle connection is kept, ms. */
  readonly keepAliveMs: number;
  /**
   * Some servers close a connection after a response without saying so, and a request sent before their close
   * arrives is lost. So no connection is used again until one has stayed open for this long after its response,
   * ms; from then on all are used again at once.
   */
  readonly settlingMs: number;
  readonly limits: ResponseLimits;
  readonly ipVersion: 4 | 6 | 'auto';
  readonly tls: TlsOptions;
  /** undici only. */
  readonly http2: boolean;
  /** undici only: send everything through this socket path. */
  readonly unixSocket?: string;
  /** undici only; absent: none. */
  readonly proxies?: Proxies;
  /** Ours only, without TLS: what opens a connection; absent: TCP does. */
  readonly connect?: (options: TcpNetConnectOpts) => Socket;
}

/** Where requests are sent through, by the protocol of the server. */
export interface Proxies {
  /** URLs; undefined: no proxy, for https that of http. */
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts that are asked without one, as in NO_PROXY. */
  readonly except: string;
}

/** PEM texts, already read. */
export interface TlsOptions {
  readonly verify: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}
