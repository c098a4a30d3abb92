import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be cut: it passes nothing on, in neither direction, until it is mended. */
export interface CuttableLink {
  readonly url: string;
  cut(): void;
  mend(): void;
  close(): void;
}

export async function openLink(to: string): Promise<CuttableLink> {
  const { hostname, port } = new URL(to);
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((socket) => {
    if (isCut) {
      socket.destroy();
      return;
    }
    const other = connect(Number(port), hostname);
    for (const [from, into] of [
      [socket, other],
      [other, socket],
    ] as const) {
      open.add(from);
      from.on('error', () => {}).on('close', () => into.destroy());
      from.pipe(into);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const destroy = () => {
    for (const socket of open) socket.destroy();
    open.clear();
  };
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true;
      destroy();
    },
    mend: () => {
      isCut = false;
    },
    close: () => {
      destroy();
      server.close();
    },
  };
}
