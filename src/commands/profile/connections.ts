import { withScheme } from '../../config/base-url.js';
import type { Config } from '../../config/options.js';
import type { LoadPlan } from '../../load/plan.js';
import type { Proxies, TlsOptions } from '../../transport/transport.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { ResponseLimits } from '../../util/response-limits.js';
import { learnSecrets } from '../../util/secrets.js';
import { readBoundedFile } from '../../util/text-file.js';

/** Options that say how to connect. */
type ConnectionOptions = Pick<
  Config,
  | 'connectionReuseStrategy'
  | 'connectTimeoutSeconds'
  | 'httpKeepaliveTimeoutSeconds'
  | 'httpIpVersion'
  | 'httpTrustEnv'
  | 'http2'
  | 'unixSocket'
  | 'httpMaxHeaderBytes'
  | 'httpMaxMessageBytes'
  | 'httpMaxBodyBytes'
>;

/** How a load thread connects. @throws UserError for a proxy that is no URL */
export function transportOptionsOf(
  config: ConnectionOptions,
  env: Io['env'],
  tls: TlsOptions,
  maxConnections: number,
): LoadPlan['transportOptions'] {
  return {
    connectionReuse: config.connectionReuseStrategy,
    maxConnections,
    connectTimeoutMs: config.connectTimeoutSeconds * 1000,
    keepAliveMs: config.httpKeepaliveTimeoutSeconds * 1000,
    settlingMs: 10,
    limits: responseLimitsOf(config),
    ipVersion: config.httpIpVersion === '4' ? 4 : config.httpIpVersion === '6' ? 6 : 'auto',
    tls,
    http2: config.http2,
    ...(config.unixSocket === undefined ? {} : { unixSocket: config.unixSocket }),
    ...(config.httpTrustEnv ? { proxies: proxiesOf(env) } : {}),
  };
}

/** Refuses names and passwords in URLs: they would not be sent. @throws UserError */
export function refuseCredentials(urls: readonly string[]): void {
  if (!urls.some((url) => hasUser(url))) return;
  throw new UserError(
    '--url holds a user name or password, which would not be sent',
    "give them as a header: --header 'Authorization: Basic …', or --api-key for a bearer token",
  );
}

function hasUser(url: string): boolean {
  const { username, password } = new URL(withScheme(url));
  return username !== '' || password !== '';
}

/** Refuses headers that frame a message or control the connection: the HTTP client sets them. @throws UserError */
export function refuseFramingHeaders(headers: Readonly<Record<string, string>>): void {
  const own = [
    'connection',
    'content-length',
    'transfer-encoding',
    'keep-alive',
    'upgrade',
    'te',
    'trailer',
    'expect',
  ];
  const given = Object.keys(headers).filter((name) => own.includes(name.toLowerCase()));
  if (given.length === 0) return;
  throw new UserError(
    `--header cannot set ${given.join(', ')}: the HTTP client decides it`,
    '--connection-reuse-strategy says what becomes of connections',
  );
}

/** Of each variable, the lower-case name wins. @throws UserError for a value that is not a URL */
function proxiesOf(env: Io['env']): Proxies {
  const of = (name: string) => env[name.toLowerCase()] || env[name];
  const url = (name: string) => {
    const value = of(name);
    if (value === undefined || value === '') return undefined;
    if (/^https?:\/\//i.test(value) && URL.canParse(value)) return value;
    throw new UserError(`${name} is not the URL of a proxy`, 'write it like http://HOST:PORT');
  };
  return { http: url('HTTP_PROXY'), https: url('HTTPS_PROXY'), except: of('NO_PROXY') ?? '' };
}

function responseLimitsOf(config: ConnectionOptions): ResponseLimits {
  return {
    headerBytes: config.httpMaxHeaderBytes,
    messageBytes: config.httpMaxMessageBytes,
    bodyBytes: config.httpMaxBodyBytes,
  };
}

/** What https connections are made with. @throws UserError for files that cannot be used */
export async function tlsOptionsOf(
  config: Pick<Config, 'tlsCaFile' | 'tlsCertFile' | 'tlsKeyFile' | 'tlsInsecure' | 'httpSslVerify'>,
): Promise<TlsOptions> {
  const read = (path: string | undefined) => (path === undefined ? undefined : readPem(path));
  const ca = read(config.tlsCaFile);
  const cert = read(config.tlsCertFile);
  const key = read(config.tlsKeyFile);
  if (key !== undefined) learnSecrets([key]);
  const options = {
    verify: config.httpSslVerify && !config.tlsInsecure,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  if (ca !== undefined || cert !== undefined || key !== undefined) {
    // Refused here rather than in the load threads after their start.
    const { openSecureContext } = await import('../../transport/tls-context.js');
    openSecureContext(options);
  }
  return options;
}

// A bundle of all public certificate authorities has 0.25 MB.
const MAX_PEM_BYTES = 16 * 2 ** 20;

function readPem(path: string): string {
  return readBoundedFile(path, MAX_PEM_BYTES).toString('utf8');
}
