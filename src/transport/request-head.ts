import type { HttpRequest, Origin } from './transport.js';

/** `host:port`, with an IPv6 literal in brackets. */
export function hostAndPort(origin: Origin): string {
  return `${bracketed(origin.host)}:${origin.port}`;
}

/** The Host header for an origin: without the port if it is the default of the protocol. */
export function hostHeader(origin: Origin): string {
  const own = origin.protocol === 'https:' ? 443 : 80;
  return origin.port === own ? bracketed(origin.host) : hostAndPort(origin);
}

/**
 * Request line and headers, including the blank line: the host first (RFC 9110, 7.2), unless the caller sets it. A
 * connection that stays open is HTTP/1.1's default and not mentioned.
 * @param host the Host header. @param bodyBytes the body's length in UTF-8.
 */
export function requestHead(
  request: HttpRequest,
  host: string,
  bodyBytes: number,
  keepAlive: boolean,
): string {
  let headers = '';
  let hasHost = false;
  for (let i = 0; i < request.headers.length; i += 2) {
    const name = request.headers[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hasHost = true;
    headers += `${name}: ${request.headers[i + 1]}\r\n`;
  }
  const hostLine = hasHost ? '' : `Host: ${host}\r\n`;
  const length = request.method === 'POST' || bodyBytes > 0 ? `Content-Length: ${bodyBytes}\r\n` : '';
  const end = keepAlive ? '\r\n' : 'Connection: close\r\n\r\n';
  return `${request.method} ${request.path} HTTP/1.1\r\n${hostLine}${headers}${length}${end}`;
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
