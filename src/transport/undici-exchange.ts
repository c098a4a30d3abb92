import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { ResponseTooLarge } from '../util/response-limits.js';
import type { Carrier, RunningExchange } from './exchange.js';
import {
  brokenConnection,
  connectFailure,
  cutShort,
  malformedResponse,
  refusedResponse,
  tookTooLong,
} from './failures.js';
import type { ResponseHead, TransportError } from './transport.js';

/** An exchange on undici: adapts its callbacks. */
export class UndiciExchange implements Dispatcher.DispatchHandler, Carrier {
  readonly exchange: RunningExchange;
  socket: Socket | undefined = undefined;
  readonly #transport: UndiciExchangeOwner;
  #controller: Dispatcher.DispatchController | undefined;
  #hasHead = false;
  #interimBytes = 0;

  constructor(exchange: RunningExchange, transport: UndiciExchangeOwner) {
    this.exchange = exchange;
    this.#transport = transport;
    exchange.carrier = this;
  }

  /** Undici passes on every read at once. */
  settle(): void {}

  /** Destroys the exchange; one still waiting for a connection is dropped when its turn comes. */
  destroy(): void {
    this.#controller?.abort(new Error('destroyed'));
    this.#transport.over(this, false);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.exchange.over) controller.abort(new Error('destroyed'));
    else this.#transport.starting(this);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    reason?: string,
  ): void {
    const atNs = this.#transport.nowNs();
    if (status < 200) {
      this.#countInterim(headers, atNs);
      return;
    }
    this.#hasHead = true;
    this.exchange.head(responseHead(status, headers, reason, controller.rawHeaders), atNs);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const atNs = this.#transport.nowNs();
    this.#transport.onRead?.(atNs);
    this.exchange.body(chunk, 0, chunk.length, atNs);
  }

  onResponseEnd(): void {
    const atNs = this.#transport.nowNs();
    this.#transport.over(this, true);
    this.exchange.end(atNs);
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    const atNs = this.#transport.nowNs();
    // Undici rejects requests within `dispatch`, but no callback may be called within `send`.
    queueMicrotask(() => {
      this.#transport.over(this, false);
      this.exchange.fail(this.#failure(cause), atNs);
    });
  }

  /** Undici limits the size of each head, but not the number of interim heads. */
  #countInterim(headers: IncomingHttpHeaders, atNs: number): void {
    const { maxHeaderBytes } = this.#transport;
    this.#interimBytes += JSON.stringify(headers).length + INTERIM_STATUS_LINE_BYTES;
    if (this.#interimBytes <= maxHeaderBytes) return;
    this.exchange.refuse(new ResponseTooLarge('headerBytes', maxHeaderBytes), atNs);
  }

  #failure(cause: Error): TransportError {
    const at = this.exchange.at;
    const code = 'code' in cause ? String(cause.code) : '';
    if (code === 'UND_ERR_CONNECT_TIMEOUT') {
      return tookTooLong('Connecting to', at, this.#transport.connectTimeoutMs);
    }
    if (this.#controller === undefined) return connectFailure(at, cause);
    if (cause.message.includes('(Invalid EOF state)')) return cutShort(at, this.#hasHead, true);
    if (code === 'UND_ERR_HEADERS_OVERFLOW')
      return refusedResponse(at, new ResponseTooLarge('headerBytes', this.#transport.maxHeaderBytes));
    const spoilt =
      // Undici 7.30 should set a code on parser errors but leaves it undefined; within a head that contains a length it
      // reports them as a body length mismatch.
      cause.name === 'HTTPParserError' ||
      (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' && !this.#hasHead) ||
      code === 'UND_ERR_INVALID_ARG' ||
      badResponse.test(cause.message);
    if (spoilt) return malformedResponse(at, cause.message);
    // Undici's own errors for a closed connection or HTTP/2 stream; system errors keep their codes.
    if (/^(UND_ERR_|ERR_HTTP2_)/.test(code)) return cutShort(at, this.#hasHead, false);
    return brokenConnection(at, cause);
  }
}

/** What an exchange needs from its transport. */
export interface UndiciExchangeOwner {
  readonly nowNs: () => number;
  readonly onRead: ((atNs: number) => void) | undefined;
  readonly connectTimeoutMs: number;
  readonly maxHeaderBytes: number;
  /** Its request is about to be written. */
  starting(exchange: UndiciExchange): void;
  /** It ended; not `inOrder`: failed or destroyed. */
  over(exchange: UndiciExchange, inOrder: boolean): void;
}

// `HTTP/1.1 100 ` and two line ends.
const INTERIM_STATUS_LINE_BYTES = 17;
const badResponse = /^bad (upgrade|response)$/;

function responseHead(
  status: number,
  headers: IncomingHttpHeaders,
  reason: string | undefined,
  raw: Dispatcher.DispatchController['rawHeaders'],
): ResponseHead {
  return {
    status,
    reason: reason || (STATUS_CODES[status] ?? ''),
    header(name) {
      return joined(headers[name]);
    },
    headers() {
      // Undici's names are in lower case; the raw list alternates name and value.
      const written = Array.isArray(raw) ? raw.filter((_, i) => i % 2 === 0).map(String) : [];
      return Object.entries(headers).map(([name, value]) => [
        written.find((other) => other.toLowerCase() === name) ?? name,
        joined(value) ?? '',
      ]);
    },
  };
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
