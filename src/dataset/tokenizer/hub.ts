import { readFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf, UserError } from '../../util/errors.js';
import { isObject, type Json } from '../../util/json.js';
import { learnSecrets } from '../../util/secrets.js';
import { Timeout } from '../../util/timeout.js';
import { expandHome, type HubFile, hubHome } from './hub-cache.js';

// Plain requests for `<endpoint>/<id>/resolve/<revision>/<file>` instead of @huggingface/hub: the library stores each
// file under the last commit that changed it rather than the revision's, needs routes that mirrors lack, and logs to
// stdout.

/** A model hub and its credentials. */
export interface Hub {
  /** Without a trailing slash. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly fetch: typeof fetch;
}

/** The hub's response instead of a file. */
export interface HubRefusal {
  readonly reason: 'no such model' | 'no such revision' | 'no such file' | 'no access' | 'failure';
  readonly status: number;
}

/** The hub configured by `HF_ENDPOINT`, and `HF_TOKEN` or the token file. @throws UserError */
export function hubOf(env: NodeJS.ProcessEnv, fetchImplementation: typeof fetch): Hub {
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

/** Fetches one file of a model at a revision. @throws UserError if the hub cannot be reached. */
export async function fetchHubFile(
  hub: Hub,
  id: string,
  revision: string,
  name: string,
): Promise<HubFile | HubRefusal> {
  let url = new URL(`${hub.endpoint}/${id}/resolve/${encodeURIComponent(revision)}/${name}`);
  let commit: string | undefined;
  let etag: string | undefined;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await ask(hub, url);
    // Only the hub sends the commit; the storage that it may redirect to does not.
    if (isOwn(hub, url)) {
      commit = response.headers.get('x-repo-commit') ?? commit;
      etag = response.headers.get('x-linked-etag') ?? etag ?? response.headers.get('etag') ?? undefined;
    }
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      url = new URL(location, url);
      continue;
    }
    if (!response.ok) {
      await response.body?.cancel();
      return { reason: reasonOf(response), status: response.status };
    }
    if (commit === undefined || !/^[0-9a-f]{40}$/.test(commit)) {
      throw new UserError(
        `${hub.endpoint} answered for ${id}, but not as a Hugging Face hub does: X-Repo-Commit is missing`,
        'Check HF_ENDPOINT, and whether a proxy or a login page answered instead.',
      );
    }
    return { name, commit, etag: plainEtag(etag), content: await bodyOf(hub, url, response) };
  }
  throw new UserError(`${hub.endpoint} redirected more than ${maxRedirects} times for ${id}`);
}

/** IDs of up to 50 models with similar names, most downloaded first. @throws UserError */
export async function searchHub(hub: Hub, name: string): Promise<readonly string[]> {
  const url = new URL(`${hub.endpoint}/api/models?search=${encodeURIComponent(name)}&limit=50`);
  const response = await ask(hub, url);
  if (!response.ok) {
    await response.body?.cancel();
    return [];
  }
  const models = parseJson((await bodyOf(hub, url, response)).toString('utf8'));
  return (Array.isArray(models) ? models.filter(isObject) : [])
    .sort((a, b) => Number(b.downloads ?? 0) - Number(a.downloads ?? 0))
    .map((model) => model.id)
    .filter((id) => typeof id === 'string');
}

const maxRedirects = 5;
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

async function ask(hub: Hub, url: URL): Promise<Response> {
  const timeout = new AbortController();
  const timer = new Timeout(() => timeout.abort(new Error('no answer in 30 s')), headersTimeoutMs);
  try {
    return await hub.fetch(url, {
      // Redirects are followed manually: the redirect's own headers are needed, and the token must not leave the hub.
      redirect: 'manual',
      headers: hub.token !== undefined && isOwn(hub, url) ? { authorization: `Bearer ${hub.token}` } : {},
      signal: timeout.signal,
    });
  } catch (cause) {
    throw unreachable(hub, url, cause);
  } finally {
    timer.clear();
  }
}

async function bodyOf(hub: Hub, url: URL, response: Response): Promise<Buffer> {
  try {
    return Buffer.from(await response.arrayBuffer());
  } catch (cause) {
    throw unreachable(hub, url, cause);
  }
}

function unreachable(hub: Hub, url: URL, failure: unknown): UserError {
  // "fetch failed" does not explain anything; its cause does.
  const cause = failure instanceof Error && failure.cause !== undefined ? failure.cause : failure;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no connection';
  // A storage URL may contain a signature.
  const address = isOwn(hub, url) ? url.href : url.origin;
  return new UserError(
    `Tokenizer neither in a local folder nor in the cache, and cannot fetch ${address}: ${messageOf(cause) || code}`,
    'Check the network and HF_ENDPOINT, give a local folder, or use --tokenizer builtin.',
  );
}

function isOwn(hub: Hub, url: URL): boolean {
  return url.origin === new URL(hub.endpoint).origin;
}

function reasonOf(response: Response): HubRefusal['reason'] {
  switch (response.headers.get('x-error-code')) {
    case 'RepoNotFound':
      return 'no such model';
    case 'RevisionNotFound':
      return 'no such revision';
    case 'EntryNotFound':
      return 'no such file';
    case 'GatedRepo':
      return 'no access';
  }
  if (response.status === 401 || response.status === 403) return 'no access';
  return response.status === 404 ? 'no such model' : 'failure';
}

// The etag as a file name; unusual ones are ignored.
function plainEtag(etag: string | undefined): string | undefined {
  const plain = etag?.replace(/^W\//, '').replaceAll('"', '');
  return plain !== undefined && /^[\w-]+$/.test(plain) ? plain : undefined;
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
