import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { epochMs } from '../util/clock.js';
import type { FullResponse, Outlet } from './outlet.js';
import { badRequest } from './refusal.js';
import { BadRequest, type IncomingRequest, RequestReader } from './request-reader.js';

/** A response in progress; notified if the client disconnects before it is complete. */
export interface Running {
  abandon(): void;
}

/** Responds to a request through `outlet`, now or later. */
export type Handle = (request: IncomingRequest, outlet: Outlet) => Running | undefined;

/** A client connection: handles its requests in sequence. */
export class ClientConnection implements Outlet {
  readonly #socket: Socket;
  readonly #handle: Handle;
  readonly #reader: RequestReader;
  #running: Running | undefined;
  #busy = false;
  #keepAlive = true;

  constructor(socket: Socket, handle: Handle) {
    this.#socket = socket;
    this.#handle = handle;
    this.#reader = new RequestReader(() => this.write('HTTP/1.1 100 Continue\r\n\r\n'));
    socket.on('data', (bytes) => {
      this.#reader.push(bytes);
      if (!this.#busy) this.#serve();
    });
    // A reset also triggers 'close'.
    socket.on('error', () => {});
    socket.on('close', () => this.#running?.abandon());
  }

  beginStream(type = 'text/event-stream; charset=utf-8'): void {
    this.write(`${this.#head(200, `content-type: ${type}`)}transfer-encoding: chunked\r\n\r\n`);
  }

  write(text: string): void {
    this.#socket.write(text, 'latin1');
  }

  sendFull({ status, body, type = 'application/json' }: FullResponse): void {
    const head = this.#head(status, `content-type: ${type}`);
    this.#socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  done(): void {
    this.#busy = false;
    this.#running = undefined;
    if (!this.#keepAlive) this.#socket.end();
    else if (this.#reader.holdsBytes) setImmediate(() => this.#serve());
  }

  cut(): void {
    this.#running = undefined;
    this.#socket.destroy();
  }

  #serve(): void {
    if (this.#busy || this.#socket.destroyed) return;
    let request: IncomingRequest | undefined;
    try {
      request = this.#reader.next();
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      this.#keepAlive = false;
      this.#busy = true;
      this.sendFull(badRequest(error.message));
      this.done();
      return;
    }
    if (request === undefined) return;
    this.#busy = true;
    this.#keepAlive = request.keepAlive;
    const running = this.#handle(request, this);
    if (this.#busy) this.#running = running;
  }

  #head(status: number, type: string): string {
    const close = this.#keepAlive ? '' : 'connection: close\r\n';
    return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${dateLine()}server: aiperf-mock\r\n${close}${type}\r\n`;
  }
}

let date = { second: 0, line: '' };

/** The `Date` header, updated once a second. */
function dateLine(): string {
  const now = epochMs();
  const second = Math.floor(now / 1000);
  if (second !== date.second) date = { second, line: `date: ${new Date(now).toUTCString()}\r\n` };
  return date.line;
}
