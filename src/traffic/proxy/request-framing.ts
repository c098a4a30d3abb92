import { ChunkScanner } from './chunk-scanner.js';

/** What the proxy needs of a request's head. */
export interface RequestHead {
  readonly method: string;
  /** As the client sent it. */
  readonly target: string;
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** Receives requests while they arrive. */
export interface RequestSink {
  onHead(head: RequestHead): void;
  /** Content of the body, after transfer decoding: `bytes[start, end)`. */
  onBody(bytes: Buffer, start: number, end: number): void;
  /** The request is complete. */
  onEnd(): void;
  /** Bytes to send upstream. */
  forward(bytes: Buffer): void;
}

/** Where requests go. */
export interface Destination {
  /** The value of the header `Host`. */
  readonly host: string;
  /** Before the path of each request; '' for none. */
  readonly pathPrefix: string;
}

/** The bytes are not an HTTP/1.x request. */
export class MalformedRequest extends Error {}

/**
 * Follows the requests of a connection, split at any byte. All bytes are forwarded as they are, but for two parts of the
 * head: the header `Host`, which names the destination, and the path if the destination has one.
 */
export class RequestFraming {
  readonly #sink: RequestSink;
  readonly #destination: Destination;
  #head: Buffer = nothing;
  #chunks: ChunkScanner | undefined;
  /** Bytes of the body that are still to come. */
  #remaining = 0;
  #state: 'head' | 'body' | 'opaque' = 'head';

  constructor(sink: RequestSink, destination: Destination) {
    this.#sink = sink;
    this.#destination = destination;
  }

  /** From now on, bytes are forwarded without being looked at: the connection has another protocol. */
  becomeOpaque(): void {
    this.#state = 'opaque';
    if (this.#head.length > 0) this.#sink.forward(this.#head);
    this.#head = nothing;
  }

  /** @throws MalformedRequest before anything of such a request is forwarded. */
  feed(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'opaque') {
        this.#sink.forward(bytes.subarray(at));
        return;
      }
      at = this.#state === 'head' ? this.#feedHead(bytes, at) : this.#feedBody(bytes, at);
    }
  }

  #feedHead(bytes: Buffer, at: number): number {
    const before = this.#head.length;
    const all = before === 0 ? bytes.subarray(at) : Buffer.concat([this.#head, bytes.subarray(at)]);
    const end = all.indexOf(headEnd, Math.max(0, before - headEnd.length));
    if (end === -1) {
      if (all.length > MAX_HEAD_BYTES) throw new MalformedRequest('its head is too long');
      this.#head = Buffer.from(all);
      return bytes.length;
    }
    this.#head = nothing;
    this.#begin(all.toString('latin1', 0, end));
    return at + end + headEnd.length - before;
  }

  #begin(text: string): void {
    const [, method = '', target = '', rest = ''] = requestLine.exec(text) ?? [];
    if (method === '') throw new MalformedRequest('it is no HTTP/1.1 request');
    const header = (form: RegExp) => form.exec(rest)?.[1]?.trim() ?? '';
    const length = header(contentLength);
    const isChunked = /(^|,)\s*chunked$/i.test(header(transferEncoding));
    if (!isChunked && !/^\d{0,15}$/.test(length))
      throw new MalformedRequest('its Content-Length is no number');
    this.#sink.onHead({
      method,
      target,
      contentType: header(contentType),
      contentEncoding: header(contentEncoding),
    });
    this.#sink.forward(Buffer.from(`${this.#rewritten(method, target, rest)}\r\n\r\n`, 'latin1'));
    this.#chunks = isChunked
      ? new ChunkScanner((bytes, start, end) => this.#sink.onBody(bytes, start, end))
      : undefined;
    this.#remaining = isChunked ? 0 : Number(length);
    if (isChunked || this.#remaining > 0) this.#state = 'body';
    else this.#end();
    if (method === 'CONNECT') this.becomeOpaque();
  }

  #rewritten(method: string, target: string, rest: string): string {
    const { host, pathPrefix } = this.#destination;
    const path = target.startsWith('/') ? `${pathPrefix}${target}` : target;
    const hasHost = /\r?\nhost:/i.test(rest);
    const renamed = rest.replace(/(\r?\nhost:[ \t]*)[^\r\n]*/gi, (_, name: string) => `${name}${host}`);
    return `${method} ${path}${hasHost ? renamed : `${rest}\r\nHost: ${host}`}`;
  }

  #feedBody(bytes: Buffer, at: number): number {
    let end: number;
    if (this.#chunks === undefined) {
      end = Math.min(bytes.length, at + this.#remaining);
      this.#remaining -= end - at;
      this.#sink.forward(bytes.subarray(at, end));
      this.#sink.onBody(bytes, at, end);
    } else {
      end = this.#scan(this.#chunks, bytes, at);
      this.#sink.forward(bytes.subarray(at, end));
    }
    if (this.#chunks === undefined ? this.#remaining === 0 : this.#chunks.done) this.#end();
    return end;
  }

  #scan(chunks: ChunkScanner, bytes: Buffer, at: number): number {
    try {
      return chunks.feed(bytes, at, bytes.length);
    } catch {
      throw new MalformedRequest('its chunks are malformed');
    }
  }

  #end(): void {
    this.#state = 'head';
    this.#sink.onEnd();
  }
}

const nothing = Buffer.alloc(0);
const contentLength = /\ncontent-length:[ \t]*([^\r\n]*)/i;
const transferEncoding = /\ntransfer-encoding:[ \t]*([^\r\n]*)/i;
const contentType = /\ncontent-type:[ \t]*([^\r\n]*)/i;
const contentEncoding = /\ncontent-encoding:[ \t]*([^\r\n]*)/i;
const headEnd = Buffer.from('\r\n\r\n');
const MAX_HEAD_BYTES = 256 * 1024;
/** Method, target, and the rest with the version in front. Blank lines before it are allowed. */
const requestLine = /^(?:\r?\n)*([!#$%&'*+.^_`|~\w-]+) (\S+)( HTTP\/1\.[01](?:\r?\n[\s\S]*)?)$/;
