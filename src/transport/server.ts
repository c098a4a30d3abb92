import type { Connection } from './connection.js';
import type { HttpRequest, Origin } from './transport.js';

/** One origin, with what every request to it needs. */
export interface Server {
  readonly secure: boolean;
  /** Without the brackets of an IPv6 literal. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, as errors name it. */
  readonly at: string;
  readonly hostHeader: string;
  /** Idle connections, the one used last on top. */
  readonly idle: Connection[];
  /**
   * A connection stayed open after its response, so the next one may be used again at once. Some servers close
   * after a response without saying so; a request sent before their close arrives is lost.
   */
  keepsOpen: boolean;
}

/** Finds the one `Server` of an origin; equal origins share it. */
export class Servers {
  readonly #byOrigin = new WeakMap<Origin, Server>();
  readonly #byName = new Map<string, Server>();

  of(origin: Origin): Server {
    let server = this.#byOrigin.get(origin);
    if (server === undefined) {
      const name = `${origin.protocol}//${origin.host}:${origin.port}`;
      server = this.#byName.get(name) ?? describe(origin);
      this.#byName.set(name, server);
      this.#byOrigin.set(origin, server);
    }
    return server;
  }

  all(): Iterable<Server> {
    return this.#byName.values();
  }
}

/** `host:port`, an IPv6 literal in brackets. */
export function hostAndPort(origin: Origin): string {
  return `${bracketed(origin.host)}:${origin.port}`;
}

/** The Host header of requests to an origin: without the port where it is the protocol's own. */
export function hostHeader(origin: Origin): string {
  const own = origin.protocol === 'https:' ? 443 : 80;
  return origin.port === own ? bracketed(origin.host) : hostAndPort(origin);
}

/** Request line and headers, the blank line included; `bodyBytes` is the body's length in UTF-8. */
export function requestHead(
  request: HttpRequest,
  server: Server,
  bodyBytes: number,
  keepAlive: boolean,
): string {
  let head = `${request.method} ${request.path} HTTP/1.1\r\n`;
  let hasHost = false;
  for (let i = 0; i < request.headers.length; i += 2) {
    const name = request.headers[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hasHost = true;
    head += `${name}: ${request.headers[i + 1]}\r\n`;
  }
  if (!hasHost) head += `Host: ${server.hostHeader}\r\n`;
  if (request.method === 'POST' || bodyBytes > 0) head += `Content-Length: ${bodyBytes}\r\n`;
  return `${head}Connection: ${keepAlive ? 'keep-alive' : 'close'}\r\n\r\n`;
}

function describe(origin: Origin): Server {
  const secure = origin.protocol === 'https:';
  const host = bracketed(origin.host);
  return {
    secure,
    host: host.startsWith('[') ? host.slice(1, -1) : host,
    port: origin.port,
    at: `${host}:${origin.port}`,
    hostHeader: hostHeader(origin),
    idle: [],
    keepsOpen: false,
  };
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
