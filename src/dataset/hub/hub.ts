import { readFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf, UserError } from '../../util/errors.js';
import { learnSecrets } from '../../util/secrets.js';
import { Timeout } from '../../util/timeout.js';
import { expandHome, hubHome } from './cache.js';

/** A hub and its credentials. */
export interface Hub {
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly fetch: typeof fetch;
}

/** Why the hub did not send what it was asked for. */
export type Refusal = 'no repository' | 'no revision' | 'no file' | 'no access' | 'failure';

/** The hub, or the storage that it redirects to, cannot be reached. */
export class HubUnreachable extends Error {
  override readonly name = 'HubUnreachable';
}

/**
 * The hub configured by `HF_ENDPOINT`, and `HF_TOKEN` or the token file.
 * @param fetchImplementation absent: Node's own, through the proxy of the environment if it names one. @throws UserError
 */
export function hubOf(env: NodeJS.ProcessEnv, fetchImplementation: typeof fetch = fetchThrough(env)): Hub {
  const endpoint = (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new UserError(
      'HF_ENDPOINT must be an http(s) URL without user or password',
      'Give the token in HF_TOKEN.',
    );
  }
  return { endpoint, token: tokenOf(env), fetch: fetchImplementation };
}

/** Whether `HF_HUB_OFFLINE` or `TRANSFORMERS_OFFLINE` forbids requests. */
export function isOffline(env: NodeJS.ProcessEnv): boolean {
  return [env.HF_HUB_OFFLINE, env.TRANSFORMERS_OFFLINE].some((value) =>
    /^(1|on|yes|true)$/i.test(value ?? ''),
  );
}

/**
 * Sends a request with the token, which no other origin gets; waits up to 30 s for the headers of the response.
 * @throws HubUnreachable without a response.
 */
export async function ask(hub: Hub, url: URL, init: RequestInit = {}): Promise<Response> {
  const timeout = new AbortController();
  const timer = new Timeout(() => timeout.abort(new Error('no answer in 30 s')), headersTimeoutMs);
  const headers = new Headers(init.headers);
  if (hub.token !== undefined && isOwn(hub, url)) headers.set('authorization', `Bearer ${hub.token}`);
  else headers.delete('authorization');
  const signal = init.signal ? AbortSignal.any([init.signal, timeout.signal]) : timeout.signal;
  try {
    return await hub.fetch(url, { ...init, headers, signal });
  } catch (cause) {
    throw unreachable(hub, url, cause);
  } finally {
    timer.clear();
  }
}

/** A response of the hub that is not what was asked for. */
export class HubRefused extends Error {
  override readonly name = 'HubRefused';
  readonly reason: Refusal;
  readonly status: number;
  constructor(reason: Refusal, status: number) {
    super(`the hub answered ${status}`);
    this.reason = reason;
    this.status = status;
  }
}

/**
 * How @huggingface/hub sends its requests to this hub: with the token, which its own check would refuse unless it
 * begins with `hf_`, and with errors that hold the hub's reason. @throws HubUnreachable, HubRefused
 */
export function libraryFetch(hub: Hub): typeof fetch {
  return async (input, init) => {
    const response = await ask(hub, new URL(String(input)), init);
    if (response.ok) return response;
    await response.body?.cancel();
    throw new HubRefused(refusalOf(response), response.status);
  };
}

/** @param failure what a request or the body of a response threw. */
export function unreachable(hub: Hub, url: URL, failure: unknown): HubUnreachable {
  // "fetch failed" does not explain anything; its cause does.
  const cause = failure instanceof Error && failure.cause !== undefined ? failure.cause : failure;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no connection';
  // A storage URL may contain a signature.
  const address = isOwn(hub, url) ? url.origin + url.pathname : url.origin;
  return new HubUnreachable(`cannot fetch ${address}: ${messageOf(cause) || code}`);
}

export function isOwn(hub: Hub, url: URL): boolean {
  return url.origin === new URL(hub.endpoint).origin;
}

/** What a response that is not successful means, by the header that the hub sends with it or its status. */
export function refusalOf(response: Pick<Response, 'headers' | 'status'>): Refusal {
  switch (response.headers.get('x-error-code')) {
    case 'RepoNotFound':
      return 'no repository';
    case 'RevisionNotFound':
      return 'no revision';
    case 'EntryNotFound':
      return 'no file';
    case 'GatedRepo':
      return 'no access';
  }
  if (response.status === 401 || response.status === 403) return 'no access';
  return response.status === 404 ? 'no repository' : 'failure';
}

const headersTimeoutMs = 30_000;

function tokenOf(env: NodeJS.ProcessEnv): string | undefined {
  const token = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || tokenFile(env)).trim();
  // `fetch` would refuse the header with a message that shows the token.
  if (/[^\x21-\x7e]/.test(token)) {
    throw new UserError(
      'HF_TOKEN contains characters that are invalid in a token',
      'Copy the token again, as one line.',
    );
  }
  learnSecrets([token]);
  return token || undefined;
}

function tokenFile(env: NodeJS.ProcessEnv): string {
  try {
    return readFileSync(expandHome(env.HF_TOKEN_PATH || path.join(hubHome(env), 'token')), 'utf8');
  } catch {
    return '';
  }
}

/** Node 20 ignores the proxy variables that every other client of the hub reads. */
function fetchThrough(env: NodeJS.ProcessEnv): typeof fetch {
  const httpProxy = env.http_proxy || env.HTTP_PROXY;
  const httpsProxy = env.https_proxy || env.HTTPS_PROXY;
  const noProxy = env.no_proxy || env.NO_PROXY;
  if (!httpProxy && !httpsProxy) return fetch;
  let agent: import('undici').EnvHttpProxyAgent | undefined;
  return async (input, init) => {
    const undici = await import('undici');
    agent ??= new undici.EnvHttpProxyAgent({
      ...(httpProxy ? { httpProxy } : {}),
      ...(httpsProxy ? { httpsProxy } : {}),
      ...(noProxy ? { noProxy } : {}),
    });
    const request: object = { ...init, dispatcher: agent };
    return (await undici.fetch(input as string | URL, request)) as unknown as Response;
  };
}
