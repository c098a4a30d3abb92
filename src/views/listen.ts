import type { Server } from 'node:http';
import { type AddressInfo, isIPv4 } from 'node:net';
import { messageOf, UserError } from '../util/errors.js';

/** A view that listens, as messages name it. */
interface Listener {
  /** At the start of a sentence, e.g. `The API`. */
  readonly what: string;
  readonly portOption: string;
  readonly hostOption: string;
}

/**
 * Listens at an address.
 * @param port 0: any free one. @returns the port. @throws UserError where that cannot be done.
 */
export function listen(server: Server, host: string, port: number, listener: Listener): Promise<number> {
  return new Promise((resolve, reject) => {
    // Later errors, after it listens, find a settled promise.
    server.on('error', (error) => reject(refusal(error, host, port, listener)));
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function refusal(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  { what, portOption, hostOption }: Listener,
): UserError {
  const refused = (why: string, hint: string) =>
    new UserError(`${what} cannot listen on port ${port} of ${host}: ${why}`, hint);
  switch (error.code) {
    case 'EADDRINUSE':
      return refused('another program does.', `Choose another ${portOption}.`);
    case 'EACCES':
      return refused('the system does not permit it.', `Choose a port of at least 1024: ${portOption}.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return refused('this is no address of this machine.', `Change ${hostOption}: 0.0.0.0 is all of them.`);
    default:
      return refused(messageOf(error), `Change ${portOption} or ${hostOption}.`);
  }
}

export function httpUrl(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}

/** Whether no other machine can reach this address. @param host as in a URL or an option. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  if (isIPv4(name)) return name.startsWith('127.');
  return name === '::1' || name === 'localhost' || name.endsWith('.localhost');
}
