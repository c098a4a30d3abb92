import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { messageOf, UserError } from '../../util/errors.js';
import { isObject, type JsonObject } from '../../util/json.js';
import { readJsonObject } from '../../util/json-file.js';
import type { Log } from '../../util/log.js';
import { makeFolder } from '../../util/make-folder.js';
import {
  cachedCommit,
  hubCache,
  isCommit,
  linkFile,
  pointRevision,
  replaceFile,
  repositoryFolder,
  snapshotFolder,
} from './cache.js';
import { downloadBlob } from './download.js';
import { type Hub, HubRefused, HubUnreachable, hubOf, isOffline, libraryFetch } from './hub.js';

/** A file of a data set on the hub. */
export interface RepositoryFile {
  /** In the repository. */
  readonly path: string;
  readonly bytes: number;
  /** Its name among the blobs of the cache: the SHA-256 of a large file, git's own hash of a small one. */
  readonly blob: string;
}

/** A data set on the hub at one commit. */
export interface Repository {
  /** E.g. `openai/gsm8k`. */
  readonly id: string;
  readonly revision: string;
  readonly commit: string;
  readonly files: readonly RepositoryFile[];
  /** Whether files may be missing: they are those that the cache holds, and the hub cannot be asked. */
  readonly isPartial: boolean;
  /** The local path of a file, which is downloaded if the cache lacks it. @throws UserError */
  fetch(file: RepositoryFile): Promise<string>;
}

/** What to open, and how. */
export interface RepositoryRequest {
  readonly id: string;
  /** Branch, tag or commit hash. */
  readonly revision: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly fetch?: typeof fetch | undefined;
}

/**
 * Opens a data set. The cache answers for a revision that it knows, so that a second run sends no request and reads
 * the same data. @throws UserError that names the cause, e.g. a gated data set.
 */
export async function openRepository(request: RepositoryRequest): Promise<Repository> {
  const { id, revision, env, log } = request;
  const folder = repositoryFolder(hubCache(env), 'datasets', id);
  const known = cachedCommit(folder, revision);
  const listed = known === undefined ? undefined : readListing(folder, known);
  if (known !== undefined && listed !== undefined) {
    return { ...opened(request, folder, known, listed), isPartial: false };
  }
  if (isOffline(env)) {
    const cached = known === undefined ? [] : cachedFiles(snapshotFolder(folder, known));
    if (known === undefined || cached.length === 0) throw notCached(request, folder, 'is not in the cache');
    return { ...opened(request, folder, known, cached), isPartial: true };
  }
  const { commit, files } = await listRepository(hubOf(env, request.fetch), request);
  try {
    makeFolder(path.dirname(listingFile(folder, commit)));
    await replaceFile(listingFile(folder, commit), JSON.stringify({ files }));
    await pointRevision(folder, revision, commit);
  } catch (cause) {
    // The files may be in a cache that is only read.
    log('WARNING', 'dataset', `${id}: cannot write into the cache ${hubCache(env)}: ${messageOf(cause)}`);
  }
  return { ...opened(request, folder, commit, files), isPartial: false };
}

function opened(
  request: RepositoryRequest,
  folder: string,
  commit: string,
  files: readonly RepositoryFile[],
): Omit<Repository, 'isPartial'> {
  const { id, revision, env, log } = request;
  return {
    id,
    revision,
    commit,
    files,
    async fetch(file) {
      const local = path.join(snapshotFolder(folder, commit), file.path);
      if (statSync(local, { throwIfNoEntry: false })?.isFile()) return local;
      if (isOffline(env)) throw notCached(request, folder, `lacks ${file.path} in the cache`);
      const hub = hubOf(env, request.fetch);
      const blob = path.join(folder, 'blobs', file.blob);
      await inCache(env, () =>
        downloadBlob({ hub, id, commit, file, blob, log }).catch((failure) => {
          throw explained(failure, hub, request, file.path);
        }),
      );
      return inCache(env, () => linkFile(folder, commit, file.path, file.blob));
    },
  };
}

/** The commit and the files of a data set, by the hub's API. @throws UserError */
async function listRepository(
  hub: Hub,
  request: RepositoryRequest,
): Promise<{ readonly commit: string; readonly files: readonly RepositoryFile[] }> {
  const { id, revision, log } = request;
  log('INFO', 'dataset', `${id}: asking ${hub.endpoint} for its files`);
  const { datasetInfo, listFiles } = await import('@huggingface/hub');
  const asked = { hubUrl: hub.endpoint, fetch: libraryFetch(hub) };
  try {
    const info = await datasetInfo({ ...asked, name: id, revision, additionalFields: ['sha'] });
    const commit: unknown = info.sha;
    if (typeof commit !== 'string' || !isCommit(commit)) throw new Error('the answer names no commit');
    const files: RepositoryFile[] = [];
    const repo = { type: 'dataset', name: id } as const;
    for await (const entry of listFiles({ ...asked, repo, revision: commit, recursive: true })) {
      const blob = entry.lfs?.oid ?? entry.oid;
      if (entry.type !== 'file' || blob === undefined || !isInside(entry.path, blob)) continue;
      files.push({ path: entry.path, bytes: entry.lfs?.size ?? entry.size, blob });
    }
    return { commit, files };
  } catch (failure) {
    throw explained(failure, hub, request, undefined);
  }
}

function explained(
  failure: unknown,
  hub: Hub,
  { id, revision }: RepositoryRequest,
  file: string | undefined,
): UserError {
  if (failure instanceof UserError) return failure;
  const about = `Data set ${id}`;
  const page = `${hub.endpoint}/datasets/${id}`;
  if (failure instanceof HubUnreachable) {
    return new UserError(
      `${about}: not in the cache, and ${failure.message}`,
      'Check the network, HF_ENDPOINT and HTTPS_PROXY.',
    );
  }
  if (!(failure instanceof HubRefused)) {
    return new UserError(
      `${about}: ${file ?? hub.endpoint}: ${messageOf(failure)}`,
      'Check HF_ENDPOINT, and whether a proxy or a login page answered instead.',
    );
  }
  const { reason, status } = failure;
  switch (reason) {
    case 'no access':
      return new UserError(
        `${about}: the hub refused access (${status}): the data set is gated or private, or does not exist, and ` +
          `${hub.token === undefined ? 'no token was sent' : 'the token does not give access'}`,
        `Accept its conditions on ${page} and set HF_TOKEN.`,
      );
    case 'no repository':
      return new UserError(`${about}: not found on ${hub.endpoint} (${status})`, 'Check its name.');
    case 'no revision':
      return new UserError(
        `${about}: no revision ${revision} (${status})`,
        `Name a branch, a tag or a commit of ${page}/tree/main, or leave it out.`,
      );
    case 'no file':
      return new UserError(`${about}: no file ${file} (${status})`, `Its files: ${page}/tree/main`);
    case 'failure':
      return new UserError(`${about}: the hub answered ${status}`, 'Try again later.');
  }
}

function notCached({ id, revision }: RepositoryRequest, folder: string, what: string): UserError {
  return new UserError(
    `Data set ${id} ${what} at revision ${revision}, and HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set`,
    `Unset it once to download, or copy ${folder} from another machine.`,
  );
}

async function inCache<T>(env: NodeJS.ProcessEnv, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(
      `cannot write into the cache ${hubCache(env)}: ${messageOf(cause)}`,
      'Set HF_HUB_CACHE to a folder that you may write to, with enough space.',
    );
  }
}

/** Beside the folders of Hugging Face's layout: it has no place for what a commit holds besides the cached files. */
function listingFile(folder: string, commit: string): string {
  return path.join(folder, '.aiperf', `${commit}.json`);
}

function readListing(folder: string, commit: string): RepositoryFile[] | undefined {
  let json: JsonObject | undefined;
  try {
    json = readJsonObject(listingFile(folder, commit));
  } catch {
    return undefined;
  }
  const { files } = json ?? {};
  if (!Array.isArray(files)) return undefined;
  return files
    .filter(isObject)
    .flatMap(({ path: name, bytes, blob }) =>
      typeof name === 'string' &&
      typeof bytes === 'number' &&
      typeof blob === 'string' &&
      isInside(name, blob)
        ? [{ path: name, bytes, blob }]
        : [],
    );
}

/** Both become paths in the cache. */
function isInside(name: string, blob: string): boolean {
  return !name.startsWith('/') && !/(^|[\\/])\.\.([\\/]|$)|\0/.test(name) && /^[\w-]+$/.test(blob);
}

/** The files of a snapshot, which another program may have cached. */
function cachedFiles(snapshot: string): RepositoryFile[] {
  let names: string[];
  try {
    names = readdirSync(snapshot, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  return names.sort().flatMap((name) => {
    const file = path.join(snapshot, name);
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) return [];
    return [{ path: name.split(path.sep).join('/'), bytes: found.size, blob: blobOf(file) }];
  });
}

function blobOf(file: string): string {
  return lstatSync(file).isSymbolicLink() ? path.basename(realpathSync(file)) : '';
}
