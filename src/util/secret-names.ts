import { isObject } from './json.js';

/** Headers with harmless values. All others are treated as secret, because gateways use headers of their own. */
const harmlessHeaders = new Set([
  ...['accept', 'accept-charset', 'accept-encoding', 'accept-language', 'accept-ranges', 'age', 'allow'],
  ...['alt-svc', 'anthropic-beta', 'anthropic-version', 'cache-control', 'connection', 'content-encoding'],
  ...['content-language', 'content-length', 'content-range', 'content-type', 'date', 'etag', 'expires'],
  ...['host', 'keep-alive', 'last-modified', 'location', 'openai-beta', 'openai-model', 'openai-version'],
  ...['openai-processing-ms', 'pragma', 'range', 'retry-after', 'server', 'server-timing', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'user-agent', 'vary', 'via', 'warning', 'x-accel-buffering', 'x-cache'],
  ...['x-compute-characters', 'x-compute-time', 'x-compute-type', 'x-content-type-options'],
  ...['x-correlation-id', 'x-envoy-upstream-service-time', 'x-generated-tokens', 'x-inference-time'],
  ...[
    'x-powered-by',
    'x-process-time',
    'x-prompt-tokens',
    'x-queue-time',
    'x-request-id',
    'x-runtime',
    'x-session-affinity',
  ],
  ...['x-time-per-token', 'x-total-time', 'x-validation-time', 'strict-transport-security'],
]);

/** Whether the value of an HTTP header is kept out of files and logs. */
export function isSecretHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return !harmlessHeaders.has(lower) && !/^(access-control|x-ratelimit|anthropic-ratelimit)-/.test(lower);
}

/**
 * Whether the value of a body key or environment variable is kept out of files and logs; `max_tokens`, `eos_token` and
 * the like are not secret.
 */
export function isSecretKey(key: string): boolean {
  let isSecret = knownKeys.get(key);
  if (isSecret === undefined) {
    isSecret = looksSecret(key);
    if (knownKeys.size < MOST_KNOWN_KEYS) knownKeys.set(key, isSecret);
  }
  return isSecret;
}

/** Cache, because all bodies of a run have the same keys. */
const knownKeys = new Map<string, boolean>();
const MOST_KNOWN_KEYS = 1000;

function looksSecret(key: string): boolean {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  if (/secret|passw|passphrase|credential|cookie|apikey|authorization/.test(words)) return true;
  if (/(^|_)(api|access|account|functions|private|sas|signing|subscription)_key(s|_|$)/.test(words))
    return true;
  if (/(^|_)(auth|bearer|jwt|pat|pwd|signature)$/.test(words)) return true;
  return (
    /(^|_)token$/.test(words) &&
    !/(^|_)(special|per|max|min|each|[a-z]?os|pad|stop|unk|sep|cls|mask|start|end|image|audio|video|think\w*)_token$/.test(
      words,
    )
  );
}

/** Whether the value of a URL parameter is kept out of files and logs. */
function isSecretParameter(name: string): boolean {
  return isSecretKey(name) || /^(key|sig|code|pass|x-(amz|goog)-(credential|signature))$/i.test(name);
}

/** The strings and numbers under secret keys, at any depth. */
export function secretsIn(value: unknown, hides?: (key: string) => boolean): string[] {
  const found: string[] = [];
  mapHidden(value, { hides, hidden: (secret) => found.push(String(secret)), shown: (text) => text });
  return found;
}

/** How to replace the parts of a JSON value. */
interface Replacing {
  /** Whether everything under a key is secret. */
  readonly hides?: ((key: string) => boolean) | undefined;
  /** Replaces a secret string or number. */
  readonly hidden: (secret: string | number) => unknown;
  /** Replaces any other string. */
  readonly shown: (text: string) => unknown;
}

/** Deeper nesting is not legitimate: everything below is masked unseen. */
const DEEPEST = 500;

/** Maps a JSON value, replacing its strings and the values of secret keys. */
export function mapHidden(value: unknown, replacing: Replacing): unknown {
  const { hides = isSecretKey, hidden, shown } = replacing;
  return mapped(value, false, false, 0);

  function mapped(inner: unknown, isHidden: boolean, isSchema: boolean, depth: number): unknown {
    if (typeof inner === 'string') return isHidden ? hidden(inner) : shown(inner);
    if (typeof inner === 'number') return isHidden ? hidden(inner) : inner;
    if (inner === null || typeof inner !== 'object') return inner;
    if (depth > DEEPEST) return hidden('');
    if (Array.isArray(inner)) return inner.map((item) => mapped(item, isHidden, false, depth + 1));
    return Object.fromEntries(
      Object.entries(inner).map(([key, member]) => {
        // A tool's parameter `password` is a name with a description, not a password.
        const isDescribed = isSchema && isObject(member);
        const isSecret = isHidden || (hides(key) && !isDescribed);
        return [key, mapped(member, isSecret, key === 'properties', depth + 1)];
      }),
    );
  }
}

/** User, password and secret parameters of a URL, as written and decoded; the scheme is optional. */
export function secretsInUrl(text: string): string[] {
  const userInfo = userInfoOf(text);
  const found: string[] = [];
  if (userInfo !== undefined) {
    const password = userInfo.slice(userInfo.indexOf(':') + 1);
    found.push(userInfo, password);
  }
  for (const [, name = '', value = ''] of text.matchAll(parameters)) {
    if (isSecretParameter(decoded(name))) found.push(value);
  }
  return found.flatMap((secret) => [...new Set([secret, decoded(secret)])]);
}

/** Masks the credentials of every URL in a text; a single word may be a URL without a scheme. */
export function maskUrls(text: string, mask: string): string {
  let masked = text;
  if (text.includes('@')) {
    masked = masked.replace(userInfoInText, (_, before: string, userInfo: string) => {
      const colon = userInfo.indexOf(':');
      return `${before}${colon < 0 ? '' : userInfo.slice(0, colon + 1)}${mask}@`;
    });
    if (!text.includes('://')) {
      const userInfo = userInfoOf(text);
      if (userInfo !== undefined) masked = text.replace(userInfo, `${userInfo.split(':', 1)[0]}:${mask}`);
    }
  }
  if (!masked.includes('=')) return masked;
  return masked.replace(parameters, (whole, name: string, value: string) =>
    isSecretParameter(decoded(name)) ? whole.slice(0, whole.length - value.length) + mask : whole,
  );
}

// Bounded to keep the time linear in the length of the text.
const userInfoInText = /(:\/\/)([^\s/?#"'<>\\]{1,1024})@/g;
const parameters = /[?&;]([\w.%[\]-]{1,128})=([^&#\s"'<>\\;]+)/g;

/** The part of a URL before the `@`. An image's digest (`name:tag@sha256:…`) is not a host. */
function userInfoOf(text: string): string | undefined {
  const scheme = text.indexOf('://');
  const rest = scheme < 0 ? text : text.slice(scheme + 3);
  if (/\s/.test(rest)) return undefined;
  const authority = /^[^/?#\\]*/.exec(rest)?.[0] ?? '';
  // A password with one of those characters makes the URL invalid, and an error message will quote it.
  const isWhole = URL.canParse(scheme < 0 ? `http://${text}` : text);
  const end = (isWhole ? authority : rest).lastIndexOf('@');
  if (end < 1 || rest.startsWith('sha256:', end + 1)) return undefined;
  const userInfo = rest.slice(0, end);
  return scheme < 0 && !userInfo.includes(':') ? undefined : userInfo;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
