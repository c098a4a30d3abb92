import { UserError } from '../../util/errors.js';
import { isObject, type Json } from '../../util/json.js';
import type { HubFile } from '../hub/cache.js';
import { ask, type Hub, HubUnreachable, isOwn, type Refusal, refusalOf, unreachable } from '../hub/hub.js';

// Plain requests for `<endpoint>/<id>/resolve/<revision>/<file>` instead of @huggingface/hub, which asks for the list
// of a repository's files first: mirrors of models may lack that route, and a tokenizer is two or three small files.

/** The hub's response instead of a file. */
export interface HubRefusal {
  readonly reason: Refusal;
  readonly status: number;
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
    const response = await reached(ask(hub, url, byHand));
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
      return { reason: refusalOf(response), status: response.status };
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
  const response = await reached(ask(hub, url, byHand));
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

/** A redirect has headers that are needed: it is not followed unseen. */
const byHand: RequestInit = { redirect: 'manual' };

function bodyOf(hub: Hub, url: URL, response: Response): Promise<Buffer> {
  const body = response.arrayBuffer().catch((cause) => {
    throw unreachable(hub, url, cause);
  });
  return reached(body.then((bytes) => Buffer.from(bytes)));
}

async function reached<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (failure) {
    if (!(failure instanceof HubUnreachable)) throw failure;
    throw new UserError(
      `Tokenizer neither in a local folder nor in the cache, and ${failure.message}`,
      'Check the network and HF_ENDPOINT, give a local folder, or use --tokenizer builtin.',
    );
  }
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
