import { codingsOf, decodeBody } from '../transport/content-coding.js';
import type { Exchange, ResponseHead, Transport } from '../transport/transport.js';
import { messageOf } from '../util/errors.js';
import { PageBuffers } from './page-buffers.js';
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
  readonly #buffers = new PageBuffers();
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
    if (head.status < 300) return this.#kept(reading);
    const location = head.status < 400 ? head.header('location') : undefined;
    const path = location === undefined ? undefined : this.#pathOf(location);
    // Frameworks redirect /metrics to /metrics/: later reads go there at once.
    if (path === undefined || path === this.#path) throw statusFailure(head, location);
    this.#path = path;
    const again = await this.#get(limitMs);
    if (again.head.status < 300) return this.#kept(again.reading);
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

  #kept(reading: Reading): Reading {
    this.#buffers.keep();
    return reading;
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
      const buffers = this.#buffers;
      buffers.begin();
      let isTooLarge = false;
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
          isTooLarge = buffers.bytes + end - start > MAX_PAGE_BYTES;
          if (isTooLarge) throw new Error(tooLarge);
          buffers.append(read, start, end);
        },
        onEnd: () => {
          if (head === undefined) return;
          try {
            const page = decoded(head, buffers.page);
            const { sendStartNs, headNs, endNs } = exchange.times;
            resolve({
              head,
              reading: {
                ...{ sentNs: sendStartNs, firstByteNs: headNs, receivedNs: endNs, page },
                isCut: isCut(head, page),
              },
            });
          } catch (thrown) {
            reject(thrown);
          }
        },
        onError: (error) => {
          if (isTooLarge) buffers.clear();
          reject(isTooLarge ? pageTooLarge() : new ReadFailure(error.type, error.message));
        },
      });
      this.#exchange = exchange;
    });
  }
}

const LINE_FEED = 0x0a;
/** The last line of OpenMetrics, which may have no line feed. */
const OPEN_METRICS_END = '# EOF';

const tooLarge = `it has more than ${MAX_PAGE_BYTES >> 20} MiB`;

function decoded(head: ResponseHead, body: Buffer): Buffer {
  const codings = codingsOf(head.header('content-encoding') ?? '', body);
  if (codings.length === 0) return body;
  try {
    return decodeBody(body, codings, MAX_PAGE_BYTES);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw pageTooLarge();
    throw new ReadFailure(
      'undecodable',
      `its ${codings.join(', ')} body cannot be decoded: ${messageOf(thrown)}`,
    );
  }
}

/** Whether a page of unknown length, which a closed connection ends, does not end with a line. */
function isCut(head: ResponseHead, page: Buffer): boolean {
  if (page.length === 0 || page.at(-1) === LINE_FEED) return false;
  const isFramed =
    head.header('content-length') !== undefined || head.header('transfer-encoding') !== undefined;
  return !isFramed && page.toString('latin1', page.length - OPEN_METRICS_END.length) !== OPEN_METRICS_END;
}

/** The same page will be too large again. */
function pageTooLarge(): ReadFailure {
  return new ReadFailure('too large', tooLarge, true);
}

function statusFailure({ status, reason }: ResponseHead, location: string | undefined): ReadFailure {
  const to = location === undefined ? '' : `, a redirect to ${location}`;
  return new ReadFailure(`HTTP ${status}`, `it answered with ${status} ${reason}${to}`);
}
