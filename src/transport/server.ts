import type { Connection } from './connection.js';
import { hostAndPort, hostHeader } from './request-head.js';
import type { Origin } from './transport.js';

/** An origin with its connections and settings. */
export interface Server {
  readonly secure: boolean;
  /** Without the brackets of an IPv6 literal. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, for error messages. */
  readonly at: string;
  readonly hostHeader: string;
  /** Idle connections, most recently used last. */
  readonly idle: Connection[];
  /**
   * A connection stayed open after its response, so connections may be reused at once. Some servers close after a
   * response without announcing it, and a request sent before that close arrives is lost.
   */
  keepsOpen: boolean;
}

/** Finds or creates the `Server` of an origin. */
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

function describe(origin: Origin): Server {
  return {
    secure: origin.protocol === 'https:',
    host: origin.host.replace(/^\[(.*)\]$/, '$1'),
    port: origin.port,
    at: hostAndPort(origin),
    hostHeader: hostHeader(origin),
    idle: [],
    keepsOpen: false,
  };
}
