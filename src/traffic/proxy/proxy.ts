import { createServer } from 'node:net';
import type { Budget } from './budget.js';
import { ProxiedConnection, type ProxyContext } from './connection.js';
import type { Upstream } from './upstream.js';

/** A proxy that listens. */
export interface Proxy {
  readonly port: number;
  /** Requests without a complete response. */
  readonly inFlight: number;
  /** Accepts no more connections, and closes each as soon as it has no request in flight; resolves when none is left. */
  drain(): Promise<void>;
  /** Cuts the connections that are left. */
  cut(): void;
}

/** Starts a proxy. @throws the system's error if it cannot listen. */
export async function startProxy(
  { host, port }: { readonly host: string; readonly port: number },
  upstream: Upstream,
  budget: Budget,
  events: Pick<ProxyContext, 'onExchange' | 'onUnreachable'>,
): Promise<Proxy> {
  const connections = new Set<ProxiedConnection>();
  let isDraining = false;
  let onEmpty = () => {};
  const closeIdle = () => {
    for (const connection of connections) if (connection.inFlight === 0) connection.destroy();
  };
  const context: ProxyContext = {
    destination: upstream,
    budget,
    connect: upstream.connect,
    onUnreachable: events.onUnreachable,
    onExchange(...exchange) {
      events.onExchange(...exchange);
      // Not now: the end of the response has not been written yet.
      if (isDraining) setImmediate(closeIdle);
    },
    onClose(connection) {
      connections.delete(connection);
      if (connections.size === 0) onEmpty();
    },
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections.add(new ProxiedConnection(socket, context));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 4096 }, resolve);
  });
  // A connection that cannot be accepted, such as one too many, must not end the others.
  server.on('error', () => {});
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    get inFlight() {
      let sum = 0;
      for (const { inFlight } of connections) sum += inFlight;
      return sum;
    },
    async drain() {
      isDraining = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Connections to the server may outlive those of clients.
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      if (connections.size === 0) onEmpty();
      closeIdle();
      await Promise.all([closed, empty]);
    },
    cut() {
      for (const connection of connections) connection.destroy();
    },
  };
}
