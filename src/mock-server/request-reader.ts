/** A received request. */
export interface IncomingRequest {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Whether the connection may carry another request. */
  readonly keepAlive: boolean;
}

/** The bytes are not a valid HTTP/1.x request. */
export class BadRequest extends Error {}

const headLimitBytes = 65_536;
const headEnd = Buffer.from('\r\n\r\n');

type Head = Omit<IncomingRequest, 'body'>;

/** Parses HTTP/1.1 requests from a connection's bytes, split anywhere. */
export class RequestReader {
  /** Called when a client waits for `100 Continue` before it sends its body. */
  readonly #onExpect: () => void;
  #parts: Buffer[] = [];
  #bytes = 0;
  #head: Head | undefined;
  /** Length of the body; undefined if chunked. */
  #bodyBytes: number | undefined;

  constructor(onExpect: () => void) {
    this.#onExpect = onExpect;
  }

  /** Whether bytes of a further request have arrived. */
  get holdsBytes(): boolean {
    return this.#bytes > 0;
  }

  push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  /** The next complete request, if any. @throws BadRequest */
  next(): IncomingRequest | undefined {
    this.#head ??= this.#readHead();
    if (this.#head === undefined) return undefined;
    const body = this.#bodyBytes === undefined ? this.#chunkedBody() : this.#fixedBody(this.#bodyBytes);
    if (body === undefined) return undefined;
    const head = this.#head;
    this.#head = undefined;
    return { ...head, body };
  }

  #readHead(): Head | undefined {
    const bytes = this.#joined();
    const end = bytes.indexOf(headEnd);
    if (end < 0) {
      if (bytes.length > headLimitBytes) throw new BadRequest('The head of the request is too long.');
      return undefined;
    }
    this.#keep(bytes.subarray(end + headEnd.length));
    const head = parseHead(bytes.toString('latin1', 0, end));
    this.#bodyBytes = bodyLength(head.headers);
    if (head.headers.get('expect')?.toLowerCase() === '100-continue') this.#onExpect();
    return head;
  }

  #fixedBody(length: number): Buffer | undefined {
    if (this.#bytes < length) return undefined;
    const bytes = this.#joined();
    this.#keep(bytes.subarray(length));
    return bytes.subarray(0, length);
  }

  #chunkedBody(): Buffer | undefined {
    const bytes = this.#joined();
    const pieces: Buffer[] = [];
    let at = 0;
    for (;;) {
      const lineEnd = bytes.indexOf('\r\n', at);
      if (lineEnd < 0) return undefined;
      const size = /^[0-9a-f]+/i.exec(bytes.toString('latin1', at, lineEnd))?.[0];
      if (size === undefined) throw new BadRequest('The size of a chunk is not a number.');
      const length = Number.parseInt(size, 16);
      if (length === 0) {
        const trailerEnd = bytes.indexOf(headEnd, lineEnd);
        if (trailerEnd < 0) return undefined;
        this.#keep(bytes.subarray(trailerEnd + headEnd.length));
        return Buffer.concat(pieces);
      }
      const start = lineEnd + 2;
      if (bytes.length < start + length + 2) return undefined;
      pieces.push(bytes.subarray(start, start + length));
      at = start + length + 2;
    }
  }

  #joined(): Buffer {
    const [only = Buffer.alloc(0)] = this.#parts;
    if (this.#parts.length < 2) return only;
    const joined = Buffer.concat(this.#parts);
    this.#parts = [joined];
    return joined;
  }

  #keep(rest: Buffer): void {
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }
}

function parseHead(text: string): Head {
  const lines = text.split('\r\n');
  const [method, target, version] = (lines[0] ?? '').split(' ');
  if (method === undefined || target === undefined || !/^HTTP\/1\.[01]$/.test(version ?? '')) {
    throw new BadRequest('The first line is not that of an HTTP/1.1 request.');
  }
  const headers = new Map<string, string>();
  for (let place = 1; place < lines.length; place++) {
    const line = lines[place] ?? '';
    const colon = line.indexOf(':');
    if (colon < 1) throw new BadRequest('A header has no colon.');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const connection = headers.get('connection')?.toLowerCase();
  const keepAlive = version === 'HTTP/1.1' ? connection !== 'close' : connection === 'keep-alive';
  const query = target.indexOf('?');
  return { method, path: query < 0 ? target : target.slice(0, query), headers, keepAlive };
}

function bodyLength(headers: ReadonlyMap<string, string>): number | undefined {
  if (headers.get('transfer-encoding') !== undefined) return undefined;
  const length = headers.get('content-length') ?? '0';
  if (!/^\d+$/.test(length)) throw new BadRequest('Content-Length is not a number.');
  return Number(length);
}
