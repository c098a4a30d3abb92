import type { ResponseHead } from '../../transport/transport.js';
import type { Budget } from './budget.js';
import type { RequestHead } from './request-framing.js';
import { Slabs } from './slabs.js';

/** How an exchange ended: with the whole response, by the client, by the server, or without any connection to it. */
export type ExchangeEnd = 'complete' | 'aborted' | 'broken' | 'unreachable';

/** An exchange as it is handed to the recording thread. Plain data; bodies are in pieces. */
export interface RecordedExchange {
  readonly atMs: number;
  readonly endMs: number;
  readonly target: string;
  readonly end: ExchangeEnd;
  /** 0: no response came. */
  readonly status: number;
  readonly requestEncoding: string;
  readonly responseEncoding: string;
  readonly request: Uint8Array<ArrayBuffer>[];
  readonly response: Uint8Array<ArrayBuffer>[];
}

/** One request and its response while they pass through. Bodies are kept only of what may be a completion. */
export class Exchange {
  /** More bodies were in memory than allowed: this one is not kept. */
  isDropped = false;
  readonly isHead: boolean;
  readonly #head: RequestHead;
  readonly #atMs: number;
  readonly #budget: Budget;
  readonly #request = new Slabs();
  readonly #response = new Slabs();
  /** Bodies that are kept. */
  #keeps: boolean;
  #status = 0;
  #responseEncoding = '';

  constructor(head: RequestHead, atMs: number, budget: Budget) {
    this.#head = head;
    this.#atMs = atMs;
    this.#budget = budget;
    this.isHead = head.method === 'HEAD';
    // curl sends bodies as urlencoded unless it is given another type, and some servers accept that.
    const isJson = head.contentType === '' || /json|text\/plain|urlencoded/i.test(head.contentType);
    this.#keeps = head.method === 'POST' && isJson;
  }

  /** It is none that could be recorded. */
  get isOther(): boolean {
    return !this.#keeps && !this.isDropped;
  }

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    this.#keep(this.#request, bytes, start, end);
  }

  onResponseHead(head: ResponseHead): void {
    this.#status = head.status;
    this.#responseEncoding = head.header('content-encoding') ?? '';
  }

  onResponseBody(bytes: Buffer, start: number, end: number): void {
    // Errors are counted, not read.
    if (this.#status < 400) this.#keep(this.#response, bytes, start, end);
  }

  /** Takes what was kept; its bytes stay on the budget. Undefined if nothing is. */
  finish(end: ExchangeEnd, endMs: number): RecordedExchange | undefined {
    if (!this.#keeps) return undefined;
    this.#keeps = false;
    return {
      atMs: this.#atMs,
      endMs,
      target: this.#head.target,
      end,
      status: this.#status,
      requestEncoding: this.#head.contentEncoding,
      responseEncoding: this.#responseEncoding,
      request: this.#request.take(),
      response: this.#response.take(),
    };
  }

  #keep(slabs: Slabs, bytes: Buffer, start: number, end: number): void {
    if (!this.#keeps) return;
    if (this.#budget.take(end - start)) {
      slabs.add(bytes, start, end);
      return;
    }
    this.#budget.giveBack(this.#request.length + this.#response.length);
    this.#request.clear();
    this.#response.clear();
    this.#keeps = false;
    this.isDropped = true;
  }
}
