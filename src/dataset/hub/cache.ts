import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, rename, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { makeFolder } from '../../util/make-folder.js';

// Hugging Face's own layout, shared with every other program that uses it:
//   models--org--name/refs/<revision>              the commit hash
//   models--org--name/snapshots/<commit>/<file>    a link to ../../blobs/<etag>

/** Hugging Face's home folder, with the token file and by default the cache. */
export function hubHome(env: NodeJS.ProcessEnv): string {
  return expandHome(
    env.HF_HOME || path.join(env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'huggingface'),
  );
}

/** The folder of cached models and data sets. */
export function hubCache(env: NodeJS.ProcessEnv): string {
  return expandHome(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || path.join(hubHome(env), 'hub'));
}

/** Expands `~/`; other paths are returned unchanged. */
export function expandHome(file: string): string {
  return file === '~' || file.startsWith('~/') ? path.join(homedir(), file.slice(1)) : file;
}

/** The folder of a model or data set in the cache. */
export function repositoryFolder(cache: string, kind: 'models' | 'datasets', id: string): string {
  return path.join(cache, [kind, ...id.split('/')].join('--'));
}

/** The commit that a revision (branch, tag or commit hash) had when it was cached. */
export function cachedCommit(repository: string, revision: string): string | undefined {
  if (isCommit(revision)) return revision;
  try {
    return readFileSync(path.join(repository, 'refs', revision), 'utf8').trim();
  } catch {
    return undefined;
  }
}

export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** The folder of the cached files of a commit. */
export function snapshotFolder(repository: string, commit: string): string {
  return path.join(repository, 'snapshots', commit);
}

/** The cached folder with a model's tokenizer.json at a revision (branch, tag or commit hash), if any. */
export function cachedTokenizer(cache: string, id: string, revision: string): string | undefined {
  const repository = repositoryFolder(cache, 'models', id);
  const snapshots = [revision, cachedCommit(repository, revision)]
    .filter((commit) => commit !== undefined)
    .map((commit) => snapshotFolder(repository, commit));
  return snapshots.find((folder) => existsSync(path.join(folder, 'tokenizer.json')));
}

/** A file from the hub. */
export interface HubFile {
  readonly name: string;
  readonly commit: string;
  readonly etag: string | undefined;
  readonly content: Buffer;
}

/** Writes the files of one commit into the cache, points the revision to it, and returns their folder. */
export async function writeSnapshot(
  cache: string,
  id: string,
  revision: string,
  commit: string,
  files: readonly HubFile[],
): Promise<string> {
  const repository = repositoryFolder(cache, 'models', id);
  makeFolder(path.join(repository, 'blobs'));
  for (const { name, etag, content } of files) {
    const blob = etag ?? createHash('sha256').update(content).digest('hex');
    await replaceFile(path.join(repository, 'blobs', blob), content);
    await linkFile(repository, commit, name, blob);
  }
  await pointRevision(repository, revision, commit);
  return snapshotFolder(repository, commit);
}

/** Records the commit of a revision. */
export async function pointRevision(repository: string, revision: string, commit: string): Promise<void> {
  if (revision === commit) return;
  const ref = path.join(repository, 'refs', revision);
  makeFolder(path.dirname(ref));
  await replaceFile(ref, commit);
}

/** Makes a blob a file of a commit. @param name its path in the repository, which stays within it. */
export async function linkFile(
  repository: string,
  commit: string,
  name: string,
  blob: string,
): Promise<string> {
  const file = path.join(snapshotFolder(repository, commit), name);
  makeFolder(path.dirname(file));
  await link(path.relative(path.dirname(file), path.join(repository, 'blobs', blob)), file);
  return file;
}

/** Writes a file in one step: several processes may write to the cache at the same time. */
export async function replaceFile(file: string, content: string | Buffer): Promise<void> {
  const unfinished = `${file}.${randomBytes(4).toString('hex')}.incomplete`;
  await writeFile(unfinished, content);
  await rename(unfinished, file);
}

async function link(target: string, file: string): Promise<void> {
  try {
    await symlink(target, file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EEXIST') return;
    // Windows without permission to create links.
    if (code !== 'EPERM') throw cause;
    await copyFile(path.resolve(path.dirname(file), target), file);
  }
}
