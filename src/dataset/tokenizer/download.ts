import { messageOf, UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { cachedTokenizer, type HubFile, writeSnapshot } from '../hub/cache.js';
import type { Hub } from '../hub/hub.js';
import { fetchHubFile, type HubRefusal, searchHub } from './hub-files.js';

/**
 * Downloads only a model's tokenizer files into the cache and returns their folder. Searches for a name that the hub
 * does not know. @throws UserError that names the cause.
 */
export async function downloadTokenizer(request: {
  readonly hub: Hub;
  readonly cache: string;
  readonly name: string;
  readonly revision: string;
  readonly log: Log;
}): Promise<string> {
  const { hub, cache, name, revision, log } = request;
  log('INFO', 'tokenizer', `${name}: asking ${hub.endpoint} for its tokenizer`);
  const answer = await fetchHubFile(hub, name, revision, 'tokenizer.json');
  if (!isRefusal(answer)) return store(hub, cache, name, revision, answer);
  if (answer.reason !== 'no repository') throw refused(hub, name, revision, answer);

  const id = await searchedId(hub, name, answer.status);
  log('INFO', 'tokenizer', `${name}: using the tokenizer of ${id}`);
  const cached = cachedTokenizer(cache, id, revision);
  if (cached !== undefined) return cached;
  const second = await fetchHubFile(hub, id, revision, 'tokenizer.json');
  if (isRefusal(second)) throw refused(hub, id, revision, second);
  return store(hub, cache, id, revision, second);
}

const fallback = '--tokenizer builtin';

async function store(
  hub: Hub,
  cache: string,
  id: string,
  revision: string,
  tokenizer: HubFile,
): Promise<string> {
  const files = [tokenizer];
  for (const optional of ['tokenizer_config.json', 'chat_template.jinja']) {
    const file = await fetchHubFile(hub, id, tokenizer.commit, optional);
    if (!isRefusal(file)) files.push(file);
    else if (file.status !== 404) throw refused(hub, id, revision, file);
  }
  try {
    return await writeSnapshot(cache, id, revision, tokenizer.commit, files);
  } catch (cause) {
    throw new UserError(
      `Tokenizer ${id}: cannot write into the cache ${cache}: ${messageOf(cause)}`,
      `Set HF_HUB_CACHE to a folder that you may write to, or use ${fallback}.`,
    );
  }
}

function isRefusal(answer: HubFile | HubRefusal): answer is HubRefusal {
  return 'reason' in answer;
}

/** The most likely model: the same ID in another case, else the most downloaded one whose ID ends in the name. */
async function searchedId(hub: Hub, name: string, status: number): Promise<string> {
  const ids = (await searchHub(hub, name)).filter((id) => id !== name);
  const wanted = name.toLowerCase();
  const found =
    ids.find((id) => id.toLowerCase() === wanted) ??
    ids.find((id) => id.toLowerCase().endsWith(`/${wanted}`));
  if (found !== undefined) return found;
  const suggestions = ids.slice(0, 5).join(', ');
  throw new UserError(
    `Tokenizer ${name}: not found (${status}). Tried: a local folder, the cache, ${hub.endpoint}, its search. ` +
      (suggestions === '' ? 'No model there has a similar name.' : `Did you mean one of: ${suggestions}?`),
    `Give its full name with --tokenizer (and HF_TOKEN if it is private), or use ${fallback}.`,
  );
}

function refused(hub: Hub, id: string, revision: string, { reason, status }: HubRefusal): UserError {
  const about = `Tokenizer ${id}`;
  const tried = `Tried: a local folder, the cache, ${hub.endpoint}.`;
  switch (reason) {
    case 'no access':
      return new UserError(
        `${about}: the hub refused access (${status}): the model is gated or private, and ` +
          `${hub.token === undefined ? 'no token was sent' : 'the token does not give access'}. ${tried}`,
        `Ask for access on ${hub.endpoint}/${id} and set HF_TOKEN, or use ${fallback}.`,
      );
    case 'no revision':
      return new UserError(
        `${about}: no revision ${revision} (${status}). ${tried}`,
        `Check --tokenizer-revision, or use ${fallback}.`,
      );
    case 'no file':
      return new UserError(
        `${about}: the model has no tokenizer.json (${status}). ${tried}`,
        `Name a model with a fast tokenizer with --tokenizer, or use ${fallback}.`,
      );
    case 'no repository':
      return new UserError(
        `${about}: not found (${status}). ${tried}`,
        `Check its name, or use ${fallback}.`,
      );
    case 'failure':
      return new UserError(
        `${about}: the hub answered ${status}. ${tried}`,
        `Try again later, give a local folder, or use ${fallback}.`,
      );
  }
}
