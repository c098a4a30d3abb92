/** Where requests go, as the parts that the transport needs. */
export interface RequestTarget {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  /** Path and query of the request line. */
  readonly path: string;
}

/**
 * Joins a base URL and an endpoint's path: `http://` is assumed, the base's own path is kept, neither the whole path nor
 * a `/v1` is doubled, the queries of both are joined, and what a request line may not hold is percent-encoded.
 * @param base a URL that the configuration has accepted.
 * @param path the endpoint's path; '' appends nothing.
 */
export function requestTarget(base: string, path: string): RequestTarget {
  const url = new URL(base.includes('://') ? base : `http://${base}`);
  const basePath = url.pathname.replace(/\/+$/, '');
  const [, endpointPath = '', endpointQuery = ''] = /^([^?#]*)\??([^#]*)/.exec(encodedControls(path)) ?? [];
  const queries = [url.search.slice(1), endpointQuery].filter((query) => query !== '');
  url.pathname = joined(basePath, endpointPath.replace(/^\/+/, ''));
  url.search = queries.join('&');
  return {
    protocol: url.protocol === 'https:' ? 'https:' : 'http:',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
  };
}

/** URL drops line ends and tabs silently. */
function encodedControls(text: string): string {
  return text.replace(controls, encodeURIComponent);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const controls = /[\x00-\x20\x7f]/g;

function joined(basePath: string, rest: string): string {
  if (rest === '' || basePath.endsWith(`/${rest}`)) return basePath;
  if (basePath.endsWith('/v1') && rest.startsWith('v1/')) return `${basePath}/${rest.slice(3)}`;
  return `${basePath}/${rest}`;
}
