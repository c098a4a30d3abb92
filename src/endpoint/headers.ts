import { isSecretHeader } from '../util/secret-names.js';
import { redacted, withoutSecrets } from '../util/secrets.js';
import type { EndpointHeaders } from './endpoint.js';

/** What the headers of every request of the run are made from. */
export interface HeaderOptions {
  readonly userAgent: string;
  readonly streaming: boolean;
  /** `--header`, name to value. */
  readonly extra: Readonly<Record<string, string>>;
  readonly apiKey?: string;
  /** Headers of the endpoint's own. */
  readonly endpoint?: EndpointHeaders | undefined;
  /** Header that carries the session's id. */
  readonly sessionHeader: string;
  /** Further headers that carry it, for routers: `X-Session-Affinity` and the like. */
  readonly routingHeaders: readonly string[];
}

/** Name, value, name, value … of one request; later rules replace earlier ones; names compare case-insensitively. */
export type HeaderMaker = (requestId: string, correlationId: string, contentType: string) => string[];

/**
 * Headers of a request: ids, then `--header`, then the key, then Accept and Content-Type, then session affinity.
 */
export function headerMaker(options: HeaderOptions): HeaderMaker {
  const fixed = new Map<string, [string, string]>();
  const set = (name: string, value: string) => fixed.set(name.toLowerCase(), [name, value]);
  const requestIdKey = 'x-request-id';
  const sessionKey = options.sessionHeader.toLowerCase();
  set('User-Agent', options.userAgent);
  set('X-Request-ID', '');
  set(options.sessionHeader, '');
  if (options.endpoint !== undefined) set('Content-Type', '');
  const given = new Set<string>();
  for (const [name, value] of Object.entries(options.extra)) {
    set(name, value);
    given.add(name.toLowerCase());
  }
  for (const [name, value] of authHeaders(options)) set(name, value);
  set('Accept', options.streaming ? 'text/event-stream' : 'application/json');
  set('Content-Type', '');
  for (const name of options.routingHeaders) set(name, '');

  const rows = [...fixed.entries()];
  const requestIdAt = given.has(requestIdKey) ? -1 : rows.findIndex(([key]) => key === requestIdKey);
  const sessionAt = given.has(sessionKey) ? -1 : rows.findIndex(([key]) => key === sessionKey);
  const routingAt = options.routingHeaders.map((name) => [...fixed.keys()].indexOf(name.toLowerCase()));
  const flat = rows.flatMap(([, row]) => row);
  const contentTypeAt = rows.findIndex(([key]) => key === 'content-type');
  return (requestId, correlationId, contentType) => {
    const headers = flat.slice();
    if (requestIdAt >= 0) headers[2 * requestIdAt + 1] = requestId;
    if (sessionAt >= 0) headers[2 * sessionAt + 1] = correlationId;
    headers[2 * contentTypeAt + 1] = contentType;
    for (const at of routingAt) headers[2 * at + 1] = correlationId;
    return headers;
  };
}

/** Headers of a request outside the load: neither ids nor `User-Agent`. @param contentType undefined: no body. */
export function controlHeaders(
  options: Pick<HeaderOptions, 'extra' | 'endpoint'> & { readonly apiKey: string | undefined },
  contentType: string | undefined,
): string[] {
  const rows = new Map<string, readonly [string, string]>();
  const set = (name: string, value: string) => rows.set(name.toLowerCase(), [name, value]);
  if (contentType !== undefined) set('Content-Type', contentType);
  for (const [name, value] of Object.entries(options.extra)) set(name, value);
  for (const [name, value] of authHeaders(options)) set(name, value);
  set('Accept', '*/*');
  return [...rows.values()].flat();
}

/** The key, and what the endpoint always sends unless `extra` has it. */
function authHeaders({
  extra,
  apiKey,
  endpoint,
}: Pick<HeaderOptions, 'extra' | 'endpoint'> & { readonly apiKey?: string | undefined }): [string, string][] {
  const given = new Set(Object.keys(extra).map((name) => name.toLowerCase()));
  const key: [string, string][] =
    apiKey === undefined
      ? []
      : [endpoint === undefined ? ['Authorization', `Bearer ${apiKey}`] : [endpoint.apiKey, apiKey]];
  const fixed = Object.entries(endpoint?.fixed ?? {}).filter(([name]) => !given.has(name.toLowerCase()));
  return [...key, ...fixed];
}

/** Text as a header value; characters that it must not hold are percent-encoded. */
export function headerText(text: string): string {
  return text.replace(forbidden, encodeURIComponent);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const forbidden = /[\x00-\x1f\x7f]|^ | $/g;

/**
 * Headers as an object; a value is masked unless its header is known to hold no secret.
 * @param secrets of this request alone.
 */
export function redactedHeaders(
  headers: readonly string[],
  secrets: readonly string[] = [],
): Record<string, string> {
  const clean = (text: string) => withoutSecrets(text, secrets);
  const shown: Record<string, string> = {};
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    shown[clean(name)] = isSecretHeader(name) ? redacted : clean(headers[i + 1] ?? '');
  }
  return shown;
}
