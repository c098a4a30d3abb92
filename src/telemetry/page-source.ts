import { codingsOf, decodeBody } from '../transport/content-coding.js';
import type { Exchange, ResponseHead, Transport, TransportError } from '../transport/transport.js';
import { messageOf } from '../util/errors.js';
import type { SourceKind } from './server-series.js';
import { MAX_PAGE_BYTES, ReadFailure, type Reading, type TelemetrySource } from './source.js';

/** A page to read, as plain data. */
export interface PagePlan {
  readonly kind: SourceKind;
  /** In files and logs, secrets masked. */
  readonly url: string;
  readonly isDefault: boolean;
  readonly intervalMs: number;
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  /** The page to try where this one is no exposition text. */
  readonly other: { readonly url: string; readonly path: string } | undefined;
  /** A server that the load is sent to has the page: it is reached in the same way. */
  readonly isOfLoad: boolean;
  /** Name, value, name, value … */
  readonly headers: readonly string[];
}

/** A page that is read over HTTP. */
export function openPageSource(plan: PagePlan, transport: Transport): TelemetrySource {
  return new PageSource(plan, transport);
}

class PageSource implements TelemetrySource {
  readonly kind: SourceKind;
  readonly isDefault: boolean;
  readonly intervalMs: number;
  url: string;
  readonly #plan: PagePlan;
  readonly #transport: Transport;
  #path: string;
  #triedOther = false;
  #exchange: Exchange | undefined;

  constructor(plan: PagePlan, transport: Transport) {
    this.kind = plan.kind;
    this.isDefault = plan.isDefault;
    this.intervalMs = plan.intervalMs;
    this.url = plan.url;
    this.#plan = plan;
    this.#transport = transport;
    this.#path = plan.path;
  }

  async read(limitMs: number): Promise<Reading> {
    const { head, reading } = await this.#get(limitMs);
    if (head.status < 300) return reading;
    const location = head.status < 400 ? head.header('location') : undefined;
    const path = location === undefined ? undefined : this.#pathOf(location);
    // Frameworks redirect /metrics to /metrics/: later reads go there at once.
    if (path === undefined || path === this.#path) throw statusFailure(head, location);
    this.#path = path;
    const again = await this.#get(limitMs);
    if (again.head.status < 300) return again.reading;
    throw statusFailure(again.head, again.head.header('location'));
  }

  readOther(): boolean {
    const { other } = this.#plan;
    if (other === undefined || this.#triedOther) return false;
    this.#triedOther = true;
    this.url = other.url;
    this.#path = other.path;
    return true;
  }

  readFirst(): void {
    this.url = this.#plan.url;
    this.#path = this.#plan.path;
  }

  close(): void {
    this.#exchange?.destroy();
  }

  /** Path of a redirect that stays at the same origin: headers with keys must not go to another one. */
  #pathOf(location: string): string | undefined {
    const { protocol, host, port } = this.#plan;
    const own = `${protocol}//${host.includes(':') ? `[${host}]` : host}:${port}`;
    if (!URL.canParse(location, own + this.#path)) return undefined;
    const url = new URL(location, own + this.#path);
    return url.origin === new URL(own).origin ? url.pathname + url.search : undefined;
  }

  #get(limitMs: number): Promise<{ readonly head: ResponseHead; readonly reading: Reading }> {
    const { headers, ...origin } = this.#plan;
    return new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      let head: ResponseHead | undefined;
      const request = {
        method: 'GET',
        origin,
        path: this.#path,
        headers,
        body: '',
        timeoutMs: limitMs,
      } as const;
      const exchange = this.#transport.send(request, {
        onSent: () => {},
        onHead: (received) => {
          head = received;
        },
        onBody: (read, start, end) => {
          bytes += end - start;
          if (bytes > MAX_PAGE_BYTES) throw new Error(tooLarge);
          pieces.push(Buffer.from(read.subarray(start, end)));
        },
        onEnd: () => {
          if (head === undefined) return;
          try {
            const page = decoded(head, Buffer.concat(pieces));
            const { sendStartNs, headNs, endNs } = exchange.times;
            resolve({
              head,
              reading: { sentNs: sendStartNs, firstByteNs: headNs, receivedNs: endNs, page },
            });
          } catch (thrown) {
            reject(thrown);
          }
        },
        onError: (error) => reject(failureOf(error, bytes)),
      });
      this.#exchange = exchange;
    });
  }
}

const tooLarge = `it has more than ${MAX_PAGE_BYTES >> 20} MiB`;

function decoded(head: ResponseHead, body: Buffer): Buffer {
  const codings = codingsOf(head.header('content-encoding') ?? '', body);
  if (codings.length === 0) return body;
  try {
    return decodeBody(body, codings, MAX_PAGE_BYTES);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new ReadFailure('too large', tooLarge, true);
    throw new ReadFailure(
      'undecodable',
      `its ${codings.join(', ')} body cannot be decoded: ${messageOf(thrown)}`,
    );
  }
}

function failureOf(error: TransportError, bytes: number): ReadFailure {
  if (bytes > MAX_PAGE_BYTES) return new ReadFailure('too large', tooLarge, true);
  return new ReadFailure(error.type, error.message);
}

function statusFailure({ status, reason }: ResponseHead, location: string | undefined): ReadFailure {
  const to = location === undefined ? '' : `, a redirect to ${location}`;
  return new ReadFailure(`HTTP ${status}`, `it answered with ${status} ${reason}${to}`);
}
