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
 * Request line and headers, including the blank line.
 * @param host the Host header. @param bodyBytes the body's length in UTF-8.
 */
export function requestHead(
  request: HttpRequest,
  host: string,
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
  if (!hasHost) head += `Host: ${host}\r\n`;
  if (request.method === 'POST' || bodyBytes > 0) head += `Content-Length: ${bodyBytes}\r\n`;
  return `${head}Connection: ${keepAlive ? 'keep-alive' : 'close'}\r\n\r\n`;
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
