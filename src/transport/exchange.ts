import type { Socket } from 'node:net';
import { ResponseTooLarge } from '../util/response-limits.js';
import { Timeout } from '../util/timeout.js';
import { refusedResponse, tookTooLong } from './failures.js';
import {
  type ConnectionEnds,
  type Exchange,
  type HttpRequest,
  type ResponseHandler,
  type ResponseHead,
  type TransportError,
  type TransportOptions,
  WireTimes,
} from './transport.js';

/** What carries an exchange once it has a connection. */
export interface Carrier {
  /** Passes on everything that was read so far. */
  settle(): void;
  /** Destroys the exchange and its connection. */
  destroy(): void;
  /** The socket, if any. */
  readonly socket: Socket | undefined;
}

/** A request in progress: its times and time limit. All events to its handler pass through here. */
export class RunningExchange implements Exchange {
  readonly times = new WireTimes();
  readonly request: HttpRequest;
  /** `host:port`, for messages. */
  readonly at: string;
  /** Undefined while it waits for a connection. */
  carrier: Carrier | undefined = undefined;
  readonly #handler: ResponseHandler;
  readonly #nowNs: () => number;
  readonly #maxBodyBytes: number;
  readonly #timer: Timeout | undefined;
  #over = false;

  constructor(
    request: HttpRequest,
    handler: ResponseHandler,
    at: string,
    { nowNs, limits }: Pick<TransportOptions, 'nowNs' | 'limits'>,
  ) {
    this.times.startNs = nowNs();
    this.request = request;
    this.at = at;
    this.#handler = handler;
    this.#nowNs = nowNs;
    this.#maxBodyBytes = limits.bodyBytes;
    const { timeoutMs } = request;
    this.#timer = timeoutMs > 0 ? new Timeout(() => this.#expire(), timeoutMs) : undefined;
  }

  ends(): ConnectionEnds | undefined {
    const { localAddress, localPort, remoteAddress, remotePort } = this.carrier?.socket ?? {};
    if (localAddress === undefined || localPort === undefined) return undefined;
    if (remoteAddress === undefined || remotePort === undefined) return undefined;
    return { localIp: localAddress, localPort, remoteIp: remoteAddress, remotePort };
  }

  /** Ended, failed or destroyed. */
  get over(): boolean {
    return this.#over;
  }

  sent(): void {
    if (!this.#over) this.#handler.onSent(this.times.sendEndNs);
  }

  head(head: ResponseHead, atNs: number): void {
    if (this.#over) return;
    this.times.headNs = atNs;
    try {
      this.#handler.onHead(head, atNs);
    } catch (thrown) {
      this.refuse(thrown, atNs);
    }
  }

  body(bytes: Buffer, start: number, end: number, atNs: number): void {
    if (this.#over) return;
    const times = this.times;
    if (times.reads === 0) times.firstBodyNs = atNs;
    // A read may deliver many chunks; no two reads have the same nanosecond.
    if (times.lastBodyNs !== atNs) times.reads++;
    times.lastBodyNs = atNs;
    times.bytesReceived += end - start;
    try {
      if (times.bytesReceived > this.#maxBodyBytes)
        throw new ResponseTooLarge('bodyBytes', this.#maxBodyBytes);
      this.#handler.onBody(bytes, start, end, atNs);
    } catch (thrown) {
      this.refuse(thrown, atNs);
    }
  }

  end(atNs: number): void {
    if (this.#over) return;
    this.#finish();
    this.times.endNs = atNs;
    this.#handler.onEnd(atNs);
  }

  fail(error: TransportError, atNs: number): void {
    if (this.#over) return;
    this.#finish();
    this.times.endNs = atNs;
    this.#handler.onError(error, atNs);
  }

  /** Fails the exchange because reading its response threw; no server may break more than its own request. */
  refuse(thrown: unknown, atNs: number): void {
    this.carrier?.destroy();
    this.fail(refusedResponse(this.at, thrown), atNs);
  }

  settle(): void {
    if (!this.#over) this.carrier?.settle();
  }

  #expire(): void {
    const atNs = this.#nowNs();
    this.settle();
    if (this.#over) return;
    this.carrier?.destroy();
    this.fail(tookTooLong('The request to', this.at, this.request.timeoutMs), atNs);
  }

  destroy(): void {
    if (this.#over) return;
    this.#finish();
    this.carrier?.destroy();
  }

  #finish(): void {
    this.#over = true;
    this.#timer?.clear();
  }
}
