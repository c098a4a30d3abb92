import { createHash, type Hash, randomBytes } from 'node:crypto';
import { createReadStream, readdirSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, rename, rm, statfs, truncate, utimes } from 'node:fs/promises';
import path from 'node:path';
import { epochMs } from '../../util/clock.js';
import { messageOf, UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { makeFolder } from '../../util/make-folder.js';
import { sleep, Timeout } from '../../util/timeout.js';
import { type Hub, HubRefused, HubUnreachable, libraryFetch } from './hub.js';
import type { RepositoryFile } from './repository.js';

/** A file to download. */
interface Download {
  readonly hub: Hub;
  /** E.g. `openai/gsm8k`. */
  readonly id: string;
  readonly commit: string;
  readonly file: RepositoryFile;
  /** Where it goes. */
  readonly blob: string;
  readonly log: Log;
}

/**
 * Downloads a file and checks its digest. A part that an interrupted process has left is continued; one that another
 * process is writing is waited for.
 * @throws HubUnreachable, HubRefused, the file system's error, UserError for a full disk or a wrong digest
 */
export async function downloadBlob(download: Download): Promise<void> {
  const { blob } = download;
  makeFolder(path.dirname(blob));
  const part = `${blob}.${randomBytes(4).toString('hex')}${ending}`;
  await takePart(download, part);
  if (isThere(blob)) return;
  try {
    await requireSpace(download, part);
    await fetchChecked(download, part);
    await rename(part, blob);
  } catch (failure) {
    // Another process has taken the part for an abandoned one.
    if (!isThere(part)) return downloadBlob(download);
    await abandon(part);
    throw failure;
  }
}

async function fetchChecked(download: Download, part: string): Promise<void> {
  // A part that was written wrongly is found out by its digest.
  for (const attempt of ['continue', 'start again']) {
    await fetchInto(download, part);
    if ((await digestOf(part, download.file)) === download.file.blob) return;
    await truncate(part);
    if (attempt === 'start again') {
      throw new UserError(
        `Data set ${download.id}: ${download.file.path} was downloaded, but its digest is not ${download.file.blob}`,
        'Check HF_ENDPOINT: the server sends another file than it lists.',
      );
    }
  }
}

const ending = '.incomplete';
/** A part that has not grown for as long is taken for abandoned. */
const abandonedMs = 10_000;
const stalledMs = 60_000;
const progressMs = 5_000;
const mostAttempts = 5;
/** Smaller files come at once. */
const fewestLogged = 1e6;

/** Makes the part: the one that an interrupted process has left, or an empty one. */
async function takePart({ blob, file, log }: Download, part: string): Promise<void> {
  const forever = new AbortController().signal;
  for (let isLogged = false; !isThere(blob); isLogged = true) {
    const [left] = partsOf(blob);
    if (left === undefined) return writeFileSync(part, '');
    if (epochMs() - left.changedMs > abandonedMs) {
      // Of several processes one succeeds.
      const isOurs = await rename(left.path, part).then(
        () => true,
        () => false,
      );
      if (isOurs) return;
    }
    if (!isLogged) log('INFO', 'dataset', `${file.path}: waiting for another process that downloads it`);
    await sleep(500, forever);
  }
}

/** Leaves what has come to the next process. */
async function abandon(part: string): Promise<void> {
  if (bytesOf(part) === 0) await rm(part, { force: true });
  else await utimes(part, 0, 0);
}

function partsOf(blob: string): { readonly path: string; readonly changedMs: number }[] {
  const folder = path.dirname(blob);
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${path.basename(blob)}.`) && name.endsWith(ending))
    .flatMap((name) => {
      const found = statSync(path.join(folder, name), { throwIfNoEntry: false });
      return found === undefined ? [] : [{ path: path.join(folder, name), changedMs: found.mtimeMs }];
    });
}

async function requireSpace({ blob, file, id }: Download, part: string): Promise<void> {
  const { bavail, bsize } = await statfs(path.dirname(blob));
  const needed = file.bytes - bytesOf(part);
  if (needed <= bavail * bsize) return;
  throw new UserError(
    `Data set ${id}: ${file.path} needs ${megabytes(needed)} MB, and ${path.dirname(blob)} has ${megabytes(bavail * bsize)} MB left`,
    'Free some space, or set HF_HUB_CACHE to a folder on another disk.',
  );
}

/** Fetches what the part lacks. Gives up after several attempts in a row that brought nothing. */
async function fetchInto(download: Download, part: string): Promise<void> {
  const { file, log } = download;
  const out = await open(part, 'r+');
  try {
    const progress = openProgress(file, log);
    for (let failures = 0; ; ) {
      const from = bytesOf(part);
      if (from >= file.bytes) break;
      try {
        await fetchFrom(download, out, from, progress);
        break;
      } catch (failure) {
        failures = bytesOf(part) > from ? 0 : failures + 1;
        if (!isPassing(failure) || failures >= mostAttempts) throw failure;
        log('WARNING', 'dataset', `${file.path}: ${messageOf(failure)}; continuing`);
        await sleep(1000 * failures, new AbortController().signal);
      }
    }
    await out.truncate(file.bytes);
  } finally {
    await out.close();
  }
}

function isPassing(failure: unknown): boolean {
  if (failure instanceof HubRefused) return failure.status === 429 || failure.status >= 500;
  return failure instanceof HubUnreachable;
}

/** Writes bytes at their own place, so that two processes with one part write the same. */
async function fetchFrom(
  { hub, id, commit, file }: Download,
  out: FileHandle,
  from: number,
  progress: (bytes: number) => void,
): Promise<void> {
  const { downloadFile } = await import('@huggingface/hub');
  const ask = libraryFetch(hub);
  const stall = new AbortController();
  // The library reports the failure of a request as a text.
  let refused: unknown;
  let at = from;
  const name = file.path.split('/').map(encodeURIComponent).join('/');
  const blob = await downloadFile({
    repo: { type: 'dataset', name: id },
    path: file.path,
    revision: commit,
    hubUrl: hub.endpoint,
    // Plain ranges work with every mirror and can be continued.
    xet: false,
    downloadInfo: {
      size: file.bytes,
      etag: file.blob,
      url: `${hub.endpoint}/datasets/${id}/resolve/${commit}/${name}`,
    },
    fetch: async (input, init) => {
      try {
        const response = await ask(input, { ...init, signal: stall.signal });
        // A server without ranges sends the whole file.
        if (response.status !== 206) at = 0;
        return response;
      } catch (failure) {
        refused = failure;
        throw failure;
      }
    },
  });
  if (blob === null) throw new HubRefused('no file', 404);
  const reader = blob.slice(from, file.bytes).stream().getReader();
  try {
    while (at < file.bytes) {
      const timer = new Timeout(() => stall.abort(new Error('no data in 60 s')), stalledMs);
      const { done, value } = await reader.read().finally(() => timer.clear());
      if (done) break;
      await out.write(value, 0, Math.min(value.length, file.bytes - at), at);
      at += value.length;
      progress(Math.min(at, file.bytes));
    }
    await reader.cancel();
  } catch (failure) {
    if (refused !== undefined) throw refused;
    if (failure instanceof Error && 'code' in failure && 'syscall' in failure) throw failure;
    throw new HubUnreachable(`the download of ${file.path} broke off: ${messageOf(failure)}`);
  }
  if (at < file.bytes)
    throw new HubUnreachable(`the download of ${file.path} ended at ${at} of ${file.bytes} bytes`);
}

/** Logs bytes and rate every few seconds, and the end. */
function openProgress({ path: name, bytes: total }: RepositoryFile, log: Log): (bytes: number) => void {
  const startMs = epochMs();
  let loggedMs = startMs;
  let first: number | undefined;
  return (bytes) => {
    first ??= bytes;
    const nowMs = epochMs();
    if (total < fewestLogged || (nowMs - loggedMs < progressMs && bytes < total)) return;
    loggedMs = nowMs;
    const rate = (bytes - first) / Math.max(nowMs - startMs, 1) / 1000;
    const share = Math.floor((100 * bytes) / total);
    log(
      'INFO',
      'dataset',
      `${name}: ${megabytes(bytes)} of ${megabytes(total)} MB (${share} %), ${rate.toFixed(1)} MB/s`,
    );
  };
}

/** SHA-256, or for a small file git's SHA-1, whichever the hub lists. */
async function digestOf(part: string, { blob, bytes }: RepositoryFile): Promise<string> {
  const hash: Hash = blob.length === 40 ? createHash('sha1').update(`blob ${bytes}\0`) : createHash('sha256');
  for await (const chunk of createReadStream(part, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
