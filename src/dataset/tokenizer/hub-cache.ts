import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

// Hugging Face's own layout, shared with every other program that uses it:
//   models--org--name/refs/<revision>              the commit hash
//   models--org--name/snapshots/<commit>/<file>    a link to ../../blobs/<etag>

/** Hugging Face's home folder, with the token file and by default the cache. */
export function hubHome(env: NodeJS.ProcessEnv): string {
  return expandHome(
    env.HF_HOME || path.join(env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'huggingface'),
  );
}

/** The folder of cached models. */
export function hubCache(env: NodeJS.ProcessEnv): string {
  return expandHome(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || path.join(hubHome(env), 'hub'));
}

/** Expands `~/`; other paths are returned unchanged. */
export function expandHome(file: string): string {
  return file === '~' || file.startsWith('~/') ? path.join(homedir(), file.slice(1)) : file;
}

/** The cached folder with a model's tokenizer.json at a revision (branch, tag or commit hash), if any. */
export function cachedSnapshot(cache: string, id: string, revision: string): string | undefined {
  const repository = repositoryFolder(cache, id);
  const snapshots = [revision, readRef(repository, revision)]
    .filter((commit) => commit !== undefined)
    .map((commit) => path.join(repository, 'snapshots', commit));
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
  const repository = repositoryFolder(cache, id);
  const snapshot = path.join(repository, 'snapshots', commit);
  await mkdir(path.join(repository, 'blobs'), { recursive: true });
  await mkdir(snapshot, { recursive: true });
  for (const { name, etag, content } of files) {
    const blob = etag ?? createHash('sha256').update(content).digest('hex');
    await replaceFile(path.join(repository, 'blobs', blob), content);
    await link(path.join('..', '..', 'blobs', blob), path.join(snapshot, name));
  }
  if (revision !== commit) {
    const ref = path.join(repository, 'refs', revision);
    await mkdir(path.dirname(ref), { recursive: true });
    await replaceFile(ref, commit);
  }
  return snapshot;
}

function repositoryFolder(cache: string, id: string): string {
  return path.join(cache, ['models', ...id.split('/')].join('--'));
}

function readRef(repository: string, revision: string): string | undefined {
  const file = path.join(repository, 'refs', revision);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

// Several processes may write to the cache at the same time.
async function replaceFile(file: string, content: string | Buffer): Promise<void> {
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
