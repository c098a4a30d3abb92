import { withScheme } from '../../config/base-url.js';
import { gpuSources } from '../../config/gpu-options.js';
import type { Config } from '../../config/options.js';
import type { EndpointHeaders } from '../../endpoint/endpoint.js';
import { controlHeaders } from '../../endpoint/headers.js';
import type { LoadPlan } from '../../load/plan.js';
import type { RunFiles } from '../../run/files.js';
import { readCustomMetrics } from '../../telemetry/gpu/custom-metrics.js';
import type { DcgmField } from '../../telemetry/gpu/dcgm.js';
import type { PagePlan } from '../../telemetry/page-source.js';
import { MAX_PAGE_BYTES } from '../../telemetry/source.js';
import type { TelemetryPlan } from '../../telemetry/telemetry.js';
import type { ClockOrigin } from '../../util/clock.js';
import type { Io } from '../../util/io.js';
import { isSecretKey } from '../../util/secret-names.js';
import { withoutSecrets } from '../../util/secrets.js';

interface TelemetrySurroundings {
  /** Of the tools that read GPUs. */
  readonly env: Io['env'];
  readonly isWatched: boolean;
  /** Files of a coordinator that is gone, which has begun the measurement; undefined: there are none. */
  readonly former: RunFiles | undefined;
}

/** What is read during a run; undefined if nothing is. */
export function telemetryPlan(
  config: Config,
  { transportOptions, headers }: LoadPlan,
  origin: ClockOrigin,
  files: RunFiles,
  { env, isWatched, former }: TelemetrySurroundings,
): TelemetryPlan | undefined {
  const pages = [...serverPages(config, headers.endpoint), ...gpuPages(config, headers.endpoint)];
  const { tools } = gpuSources(config.gpuTelemetry ?? []);
  if (pages.length === 0 && (config.noGpuTelemetry || tools.length === 0)) return undefined;
  return {
    origin,
    ...{ isStrict: config.strictTelemetry, isWatched },
    folder: files.telemetrySpool,
    formerFolder: former?.telemetrySpool,
    pages,
    gpu: config.noGpuTelemetry
      ? undefined
      : {
          tools,
          intervalMs: config.gpuCollectionIntervalSeconds * 1000,
          custom: customGpuFields(config),
          file: files.gpu,
          formerFile: former?.gpu,
          env: withoutSecretVariables(env),
        },
    transport: config.transport,
    transportOptions: {
      ...transportOptions,
      connectionReuse: 'pooled',
      maxConnections: 2 * pages.length,
      limits: { ...transportOptions.limits, bodyBytes: 2 * MAX_PAGE_BYTES },
    },
  };
}

/** Fields of GPUs that the file of the options adds. @throws UserError for a file that is none of them. */
export function customGpuFields({ gpuTelemetry = [], noGpuTelemetry }: Config): readonly DcgmField[] {
  const { files, tools } = gpuSources(gpuTelemetry);
  return noGpuTelemetry || tools.length > 0 ? [] : files.flatMap((file) => readCustomMetrics(file));
}

function withoutSecretVariables(env: Io['env']): Io['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSecretKey(name)));
}

/** Exporters at the usual places, and those that the options name, unless a tool reads the GPUs. */
function gpuPages(config: Config, endpoint: EndpointHeaders | undefined): PagePlan[] {
  const { urls, tools } = gpuSources(config.gpuTelemetry ?? []);
  if (config.noGpuTelemetry || tools.length > 0) return [];
  const pages = new PageList(config, endpoint, {
    kind: 'gpu',
    intervalMs: config.gpuCollectionIntervalSeconds * 1000,
  });
  for (const url of config.gpuDefaultDcgmEndpoints) pages.add(metricsPage(url), true);
  for (const url of urls) pages.add(metricsPage(url), false);
  return pages.list;
}

/** The page of every server, and those that the options name; each once. */
function serverPages(config: Config, endpoint: EndpointHeaders | undefined): PagePlan[] {
  if (config.noServerMetrics) return [];
  const pages = new PageList(config, endpoint, {
    kind: 'server',
    intervalMs: config.serverMetricsIntervalSeconds * 1000,
  });
  for (const url of config.urls) pages.add(pageOfServer(url), true);
  for (const url of config.serverMetrics) pages.add(metricsPage(url), false);
  return pages.list;
}

/** Pages of one kind, each once. */
class PageList {
  /** By URL, secrets included. */
  readonly #pages = new Map<string, PagePlan>();
  readonly #ofLoad: ReadonlySet<string>;
  readonly #headers: readonly string[];
  readonly #common: Pick<PagePlan, 'kind' | 'intervalMs'>;

  constructor(
    { urls, headers: extra, apiKey }: Config,
    endpoint: EndpointHeaders | undefined,
    common: Pick<PagePlan, 'kind' | 'intervalMs'>,
  ) {
    this.#ofLoad = new Set(urls.map((url) => new URL(withScheme(url)).origin));
    this.#headers = controlHeaders({ extra, apiKey, endpoint }, undefined);
    this.#common = common;
  }

  get list(): PagePlan[] {
    return [...this.#pages.values()];
  }

  add(url: URL, isDefault: boolean): void {
    const isOfLoad = this.#ofLoad.has(url.origin);
    // A key must not go to another server.
    const headers = isOfLoad ? this.#headers : [];
    const key = withoutUser(url).href;
    const known = this.#pages.get(key);
    if (known !== undefined && isDefault) return;
    const others = this.list.filter((page) => page !== known);
    const page = pagePlan(url, { ...this.#common, isDefault, isOfLoad, headers });
    // Pages that differ in a key alone look the same without it.
    const same = others.filter((other) => other.url.replace(/#\d+$/, '') === page.url);
    this.#pages.set(key, same.length === 0 ? page : { ...page, url: `${page.url}#${same.length + 1}` });
  }
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
  { headers, ...rest }: Pick<PagePlan, 'kind' | 'intervalMs' | 'isDefault' | 'isOfLoad' | 'headers'>,
): PagePlan {
  const { username, password, protocol, hostname, port } = url;
  const other = new URL(url);
  other.pathname = url.pathname.replace(/metrics\/*$/, 'prometheus/metrics');
  const hasOther =
    rest.kind === 'server' && url.search === '' && !url.pathname.includes('/prometheus/metrics');
  return {
    ...rest,
    url: shown(url),
    protocol: protocol === 'https:' ? 'https:' : 'http:',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
    path: url.pathname + url.search,
    other: hasOther ? { url: shown(other), path: other.pathname } : undefined,
    headers: pageHeaders(headers, username === '' && password === '' ? undefined : basic(username, password)),
  };
}

function shown(url: URL): string {
  return withoutSecrets(withoutUser(url).href);
}

function withoutUser(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
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
