import { withScheme } from '../../config/base-url.js';
import type { Config } from '../../config/options.js';
import type { EndpointHeaders } from '../../endpoint/endpoint.js';
import { controlHeaders } from '../../endpoint/headers.js';
import type { LoadPlan } from '../../load/plan.js';
import type { PagePlan } from '../../telemetry/page-source.js';
import { MAX_PAGE_BYTES } from '../../telemetry/source.js';
import type { TelemetryPlan } from '../../telemetry/telemetry.js';
import type { ClockOrigin } from '../../util/clock.js';
import { withoutSecrets } from '../../util/secrets.js';

/** What is read during a run; undefined if nothing is. @param folder for what was read. */
export function telemetryPlan(
  config: Config,
  { transportOptions, headers }: LoadPlan,
  origin: ClockOrigin,
  folder: string,
): TelemetryPlan | undefined {
  const pages = serverPages(config, headers.endpoint);
  if (pages.length === 0) return undefined;
  return {
    origin,
    intervalMs: config.serverMetricsIntervalSeconds * 1000,
    isStrict: config.strictTelemetry,
    folder,
    pages,
    transport: config.transport,
    transportOptions: {
      ...transportOptions,
      connectionReuse: 'pooled',
      maxConnections: 2 * pages.length,
      limits: { ...transportOptions.limits, bodyBytes: 2 * MAX_PAGE_BYTES },
    },
  };
}

/** The page of every server, and those that the options name; each once. */
function serverPages(config: Config, endpoint: EndpointHeaders | undefined): PagePlan[] {
  if (config.noServerMetrics) return [];
  const { headers: extra, apiKey } = config;
  const pages = new Map<string, PagePlan>();
  const ofLoad = new Set(config.urls.map((url) => new URL(withScheme(url)).origin));
  const add = (url: URL, isDefault: boolean) => {
    const isOfLoad = ofLoad.has(url.origin);
    // A key must not go to another server.
    const headers = isOfLoad ? controlHeaders({ extra, apiKey, endpoint }, undefined) : [];
    const page = pagePlan(url, { isDefault, isOfLoad, headers });
    if (!pages.has(page.url) || !isDefault) pages.set(page.url, page);
  };
  for (const url of config.urls) add(pageOfServer(url), true);
  for (const url of config.serverMetrics) add(metricsPage(url), false);
  return [...pages.values()];
}

/** The page of the server at a base URL, which may end in `/v1` or a path below. */
function pageOfServer(base: string): URL {
  const url = new URL(withScheme(base));
  url.search = '';
  url.pathname = url.pathname.replace(/\/v1(\/.*)?$/, '');
  return metricsPage(url.href);
}

/** The Prometheus page that a URL names: `http://` and `/metrics` are optional. */
export function metricsPage(text: string): URL {
  const url = new URL(withScheme(text));
  // Of a page with a query, such as /federate?match[]=…, the path is given.
  if (url.search === '' && !/\/metrics\/*$/.test(url.pathname))
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/metrics`;
  url.hash = '';
  return url;
}

function pagePlan(
  url: URL,
  { headers, ...rest }: Pick<PagePlan, 'isDefault' | 'isOfLoad' | 'headers'>,
): PagePlan {
  const { username, password, protocol, hostname, port } = url;
  const other = new URL(url);
  other.pathname = url.pathname.replace(/metrics\/*$/, 'prometheus/metrics');
  const hasOther = url.search === '' && !url.pathname.includes('/prometheus/metrics');
  return {
    ...rest,
    kind: 'server',
    url: shown(url),
    protocol: protocol === 'https:' ? 'https:' : 'http:',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    path: url.pathname + url.search,
    other: hasOther ? { url: shown(other), path: other.pathname } : undefined,
    headers: pageHeaders(headers, username === '' && password === '' ? undefined : basic(username, password)),
  };
}

/** Without user and password. */
function shown(url: URL): string {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return withoutSecrets(bare.href);
}

function basic(username: string, password: string): string {
  const text = `${decoded(username)}:${decoded(password)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

/** A percent sign may also stand for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Text is asked for without a coding: compression would take time from the server that is measured. */
function pageHeaders(headers: readonly string[], authorization: string | undefined): string[] {
  const own = new Map<string, readonly [string, string]>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    own.set(name.toLowerCase(), [name, headers[i + 1] ?? '']);
  }
  own.set('accept', [
    'Accept',
    'text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1',
  ]);
  own.set('accept-encoding', ['Accept-Encoding', 'identity']);
  if (authorization !== undefined) own.set('authorization', ['Authorization', authorization]);
  return [...own.values()].flat();
}
