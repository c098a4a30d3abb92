import { createConnection, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  type ConnectionOptions,
  type NatsConnection,
  NatsConnectionImpl,
  type NodeConnectionOptions,
  type ServerInfo,
  setTransportFactory,
} from '@nats-io/transport-node';
import { NodeTransport, nodeResolveHost } from '@nats-io/transport-node/lib/node_transport.js';
import { Timeout } from '../../util/timeout.js';

/** What the library does not pass on. */
export interface LinkEvents {
  /** Bytes came from the server. */
  onData(): void;
  /** The greeting of a server that is connected to. @throws what refuses it. */
  onGreeting(info: ServerInfo): void;
  /** A connection that was made has failed, e.g. since the server refused the certificate of this client. */
  onFailure(thrown: Error): void;
}

/** Nothing that listens at the address speaks NATS. */
export class NotNats extends Error {}

interface LinkOptions extends NodeConnectionOptions {
  readonly link?: LinkEvents;
  readonly connectMs?: number;
}

/**
 * Connects with the library's transport, and closes what that leaves open: a socket whose server does not greet keeps the
 * process, and one whose link was cut without a reset is waited for as long as its unsent bytes, which is 15 minutes.
 * @param connectMs for each attempt, until the server has greeted and TLS is agreed on.
 */
export function connectLink(
  options: NodeConnectionOptions,
  link: LinkEvents,
  connectMs: number,
): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new LinkTransport(), dnsResolveFn: nodeResolveHost });
  // The library's limit includes the time in which the server accepts the client.
  const all: LinkOptions & ConnectionOptions = { ...options, timeout: 1.5 * connectMs, link, connectMs };
  return NatsConnectionImpl.connect(all);
}

class LinkTransport extends NodeTransport {
  #host = '';
  #dialed: Socket | undefined;
  #isDialed = false;
  #link: LinkEvents | undefined;

  override async connect(
    server: { readonly hostname: string; readonly port: number; readonly tlsName: string },
    options: LinkOptions,
  ): Promise<void> {
    const { connectMs = Number.POSITIVE_INFINITY } = options;
    this.#host = server.hostname;
    this.#link = options.link;
    let isLate = false;
    const deadline = new Timeout(() => {
      isLate = true;
      this.#dialed?.destroy();
    }, connectMs);
    try {
      await super.connect(server, options);
    } catch (thrown) {
      if (!isLate) throw thrown;
      const within = `within ${connectMs / 1000} s`;
      if (this.#isDialed && this.#dialed?.bytesRead === 0)
        throw new NotNats(`what listens there sends no greeting ${within}`);
      throw new Error(`no answer ${within}`);
    } finally {
      deadline.clear();
    }
  }

  override dial({ hostname, port }: { readonly hostname: string; readonly port: number }): Promise<Socket> {
    const socket = createConnection({ host: hostname, port, noDelay: true });
    this.#dialed = socket;
    return new Promise((resolve, reject) => {
      socket.once('connect', () => {
        this.#isDialed = true;
        socket.removeAllListeners();
        resolve(socket);
      });
      let failure: Error | undefined;
      socket.once('error', (thrown) => {
        failure = thrown;
      });
      socket.once('close', () => reject(failure));
    });
  }

  override async peekInfo(): Promise<ServerInfo> {
    const info = await super.peekInfo().catch((thrown: unknown) => {
      if (thrown instanceof Error && !('code' in thrown))
        throw new NotNats('what listens there greets otherwise');
      throw thrown;
    });
    this.#link?.onGreeting(info);
    return info;
  }

  override startTLS(): Promise<TLSSocket> {
    // Without it, the certificate of a server that is named by its address is checked for the name `localhost`.
    const tls = { ...this.options.tls, host: this.#host };
    this.options = { ...this.options, tls };
    return super.startTLS();
  }

  override setupHandlers(): void {
    super.setupHandlers();
    this.socket.on('data', () => this.#link?.onData());
    this.socket.on('error', (thrown) => this.#link?.onFailure(thrown));
  }

  /** Ends a connection whose server does not answer. */
  override disconnect(): void {
    this.socket?.destroy();
  }
}
