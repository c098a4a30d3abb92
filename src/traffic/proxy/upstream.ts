import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { Destination } from './request-framing.js';

/** A server that requests are passed on to. */
export interface Upstream extends Destination {
  /** Without the path, and without credentials. */
  readonly origin: string;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  connect(onOpen: () => void): Socket;
}

/**
 * @param url with http or https; its path is put in front of that of each request.
 * @param tls undefined: the certificates of Node.
 */
export function openUpstream(
  url: URL,
  tls: { context: SecureContext | undefined; verify: boolean },
): Upstream {
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isSecure = url.protocol === 'https:';
  const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
  const target = { host: hostname, port, allowHalfOpen: true, noDelay: true };
  return {
    origin: url.origin,
    host: url.host,
    hostname,
    port,
    pathPrefix: url.pathname.replace(/\/+$/, ''),
    connect(onOpen) {
      if (!isSecure) return connectTcp(target, onOpen);
      const context = tls.context === undefined ? {} : { secureContext: tls.context };
      return connectTls(
        {
          ...target,
          ...context,
          ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
          rejectUnauthorized: tls.verify,
          ALPNProtocols: ['http/1.1'],
        },
        onOpen,
      );
    },
  };
}
