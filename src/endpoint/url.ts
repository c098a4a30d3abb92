/** Where requests go: the parts that the transport needs, taken apart once. */
export interface RequestTarget {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  /** Path and query of the request line. */
  readonly path: string;
}

/**
 * Joins a base URL and an endpoint's path: `http://` is assumed, the base's own path and query are kept, and
 * neither the whole path nor a `/v1` is doubled.
 * @param base a URL that the configuration has accepted.
 * @param path the endpoint's path; '' appends nothing.
 */
export function requestTarget(base: string, path: string): RequestTarget {
  const url = new URL(base.includes('://') ? base : `http://${base}`);
  const basePath = url.pathname.replace(/\/+$/, '');
  const rest = path.replace(/^\/+/, '');
  return {
    protocol: url.protocol === 'https:' ? 'https:' : 'http:',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    path: (joined(basePath, rest) || '/') + url.search,
  };
}

function joined(basePath: string, rest: string): string {
  if (rest === '' || basePath.endsWith(`/${rest}`)) return basePath;
  if (basePath.endsWith('/v1') && rest.startsWith('v1/')) return `${basePath}/${rest.slice(3)}`;
  return `${basePath}/${rest}`;
}
