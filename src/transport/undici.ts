import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { DiagnosticsChannel, Dispatcher } from 'undici';
import { type BytePieces, byteLengthOf, joined } from '../util/byte-pieces.js';
import { RunningExchange } from './exchange.js';
import { hostAndPort } from './request-head.js';
import type {
  Exchange,
  HttpRequest,
  ResponseHandler,
  Transport,
  TransportOptions,
  WireTimes,
} from './transport.js';
import { type ConnectTimes, dispatcherMaker } from './undici-dispatcher.js';
import { UndiciExchange, type UndiciExchangeOwner } from './undici-exchange.js';

/**
 * The second transport, on undici: HTTP/2 (if negotiated in the TLS handshake), proxies, Unix sockets. Differences to
 * our own client: the connection limit is per origin and does not apply to sticky connections; connect times are
 * unknown through a proxy; CA and client certificate also apply to an https proxy; an HTTP/2 connection also carries
 * one request at a time. A request destroyed while it waits costs the connection that it would have got.
 */
export function openUndiciTransport(options: TransportOptions): Transport {
  return new UndiciTransport(options);
}

class UndiciTransport implements Transport, UndiciExchangeOwner {
  readonly nowNs: () => number;
  readonly onRead: ((atNs: number) => void) | undefined;
  readonly connectTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly #options: TransportOptions;
  readonly #openDispatcher: (connections: number) => Dispatcher;
  readonly #shared: Dispatcher;
  /** With sticky connections: one single-connection dispatcher per key. */
  readonly #sticky = new Map<string, Dispatcher>();
  readonly #running = new Set<UndiciExchange>();
  readonly #made = new WeakMap<Socket, ConnectTimes>();
  readonly #used = new WeakSet<Socket>();
  readonly #byRequest = new WeakMap<DiagnosticsChannel.Request, UndiciExchange>();
  /** Undici announces a request's head right after `onRequestStart`, which is how the two are matched. */
  #starting: UndiciExchange | undefined;
  #dispatching: UndiciExchange | undefined;

  constructor(options: TransportOptions) {
    this.nowNs = options.nowNs;
    this.onRead = options.onRead;
    this.connectTimeoutMs = options.connectTimeoutMs;
    this.maxHeaderBytes = options.limits.headerBytes;
    this.#options = options;
    this.#openDispatcher = dispatcherMaker(options, this.#made);
    this.#shared = this.#openDispatcher(options.maxConnections);
    subscribe('undici:client:sendHeaders', this.#onHeaders);
    subscribe('undici:request:bodySent', this.#onBodySent);
  }

  send(request: HttpRequest, handler: ResponseHandler): Exchange {
    const { protocol } = request.origin;
    const at = hostAndPort(request.origin);
    const exchange = new RunningExchange(request, handler, at, this.#options);
    const running = new UndiciExchange(exchange, this);
    this.#running.add(running);
    const dispatcher = this.#dispatcherFor(request);
    this.#dispatching = running;
    dispatcher.dispatch(
      {
        origin: `${protocol}//${at}`,
        path: request.path,
        method: request.method,
        headers: request.headers.map(inUtf8),
        body: request.body.length === 0 ? null : oneBody(request.body),
        reset: this.#options.connectionReuse !== 'pooled' && dispatcher === this.#shared,
      },
      running,
    );
    this.#dispatching = undefined;
    return exchange;
  }

  close(): void {
    unsubscribe('undici:client:sendHeaders', this.#onHeaders);
    unsubscribe('undici:request:bodySent', this.#onBodySent);
    for (const { exchange } of this.#running) exchange.destroy();
    for (const dispatcher of [this.#shared, ...this.#sticky.values()]) void dispatcher.destroy();
  }

  starting(running: UndiciExchange): void {
    this.#starting = running;
  }

  over(running: UndiciExchange, inOrder: boolean): void {
    this.#running.delete(running);
    const { connectionKey, lastOfKey } = running.exchange.request;
    if (connectionKey === undefined || (inOrder && !lastOfKey)) return;
    const dispatcher = this.#sticky.get(connectionKey);
    this.#sticky.delete(connectionKey);
    void dispatcher?.destroy();
  }

  #dispatcherFor({ connectionKey }: HttpRequest): Dispatcher {
    if (this.#options.connectionReuse !== 'sticky-user-sessions' || connectionKey === undefined)
      return this.#shared;
    let dispatcher = this.#sticky.get(connectionKey);
    if (dispatcher === undefined) {
      dispatcher = this.#openDispatcher(1);
      this.#sticky.set(connectionKey, dispatcher);
    }
    return dispatcher;
  }

  readonly #onHeaders = (message: unknown): void => {
    const running = this.#starting;
    if (running === undefined) return;
    this.#starting = undefined;
    const { request, socket } = message as DiagnosticsChannel.ClientSendHeadersMessage;
    this.#byRequest.set(request, running);
    const { times, request: ours } = running.exchange;
    times.sendStartNs = this.nowNs();
    times.bytesSent = ours.bodyBytes ?? byteLengthOf(ours.body);
    times.writes = times.bytesSent > 0 ? 1 : 0;
    running.socket = socket;
    times.reused = this.#used.has(socket);
    this.#used.add(socket);
    if (!times.reused) {
      copyConnectTimes(this.#made.get(socket), times);
    } else if (running !== this.#dispatching) {
      times.poolWaitStartNs = times.startNs;
      times.poolWaitEndNs = times.sendStartNs;
    }
  };

  readonly #onBodySent = (message: unknown): void => {
    const { request } = message as DiagnosticsChannel.RequestBodySentMessage;
    const exchange = this.#byRequest.get(request)?.exchange;
    if (exchange === undefined) return;
    exchange.times.sendEndNs = this.nowNs();
    // Undici writes within `dispatch` if a connection is idle, but no callback may be called within `send`.
    queueMicrotask(() => exchange.sent());
  };
}

/** Undici writes headers as Latin-1; our own client writes UTF-8. */
function inUtf8(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');
}

function copyConnectTimes(made: ConnectTimes | undefined, times: WireTimes): void {
  if (made === undefined) return;
  times.dnsStartNs = made.dnsStartNs;
  times.dnsEndNs = made.dnsEndNs;
  times.connectStartNs = made.startNs;
  times.connectEndNs = made.endNs;
}

/** Pieces in one: undici has no list of buffers. */
function oneBody(body: BytePieces): string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array ? body : joined(body);
}
