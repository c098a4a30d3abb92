import type { Server } from './connection.js';
import { hostAndPort, hostHeader } from './request-head.js';
import type { Origin } from './transport.js';

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
