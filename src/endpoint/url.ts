import { UserError } from '../util/errors.js';

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
 * @param path the endpoint's path; '' appends nothing.
 * @throws UserError for a base that is no http or https URL.
 */
export function requestTarget(base: string, path: string): RequestTarget {
  const url = parseBase(base);
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

function parseBase(base: string): URL {
  const text = base.includes('://') ? base : `http://${base}`;
  const expected = 'expected http://HOST:PORT or https://HOST:PORT';
  if (/\s/.test(text)) throw new UserError(`--url '${base}' holds white space; ${expected}`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UserError(`--url '${base}' is no URL; ${expected}`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new UserError(`--url '${base}' has the scheme ${url.protocol.slice(0, -1)}; ${expected}`);
  }
  if (url.hostname === '' || url.port === '0')
    throw new UserError(`--url '${base}' names no host or port; ${expected}`);
  return url;
}
