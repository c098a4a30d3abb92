import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { messageOf, UserError } from '../../util/errors.js';
import type { Log } from '../../util/log.js';
import { makeFolder } from '../../util/make-folder.js';
import { replaceFile } from '../hub/cache.js';
import { ask, hubOf, isOffline } from '../hub/hub.js';
import { openRepository, type Repository, type RepositoryFile } from '../hub/repository.js';
import type { NamedDataset, Source } from './names.js';
import { convertedSplits, isDataFile, type Subsets, splitsOf } from './splits.js';

/** A file with rows of a data set. */
export interface DataFile {
  /** How messages name it: `openai/gsm8k/main/test-00000-of-00001.parquet`. */
  readonly shown: string;
  /** Its local path; downloads it if it is missing. @throws UserError */
  fetch(): Promise<string>;
  /** Its SHA-256. Call after `fetch`. */
  sha256(): Promise<string>;
}

/** The files of a data set, or of one split, in order. */
export interface DataFiles {
  /** The commit on the hub; undefined for what is not from there. */
  readonly commit?: string;
  readonly files: readonly DataFile[];
}

/** Where a data set is looked for. */
export interface DownloadContext {
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** Absent: the network. */
  readonly fetch?: typeof fetch | undefined;
}

/** Finds the files of a data set; downloads none of its rows yet. @throws UserError that lists what exists. */
export async function findDataFiles(
  source: Source,
  { aiperfFile }: Pick<NamedDataset, 'aiperfFile'>,
  context: DownloadContext,
): Promise<DataFiles> {
  const kept = aiperfFile && path.join('.cache', 'aiperf', 'datasets', aiperfFile);
  if (kept !== undefined && statSync(kept, { throwIfNoEntry: false })?.isFile()) {
    context.log('INFO', 'dataset', `using ${kept}`);
    return { files: [localFile(kept, async () => kept)] };
  }
  if (source.kind === 'url') return { files: [fileAt(source.url, aiperfFile ?? '', context)] };
  const { id, revision = 'main' } = source;
  const repository = await openRepository({ id, revision, ...context });
  const { paths, of } = await pathsOf(repository, source, context);
  const byPath = new Map(of.files.map((file) => [file.path, file]));
  const files = paths.flatMap((name) => byPath.get(name) ?? []);
  return { commit: of.commit, files: files.map((file) => fileOnHub(of, file)) };
}

/** Paths of data files, and the repository in which they are: the hub's Parquet branch where the data set has none. */
async function pathsOf(
  repository: Repository,
  source: Extract<Source, { kind: 'hub' }>,
  context: DownloadContext,
): Promise<{ readonly paths: readonly string[]; readonly of: Repository }> {
  const all = repository.files.map((file) => file.path);
  if (source.path !== undefined) {
    const { path: wanted } = source;
    const paths = all.filter(
      (name) => name === wanted || (name.startsWith(`${wanted}/`) && isDataFile(name)),
    );
    if (paths.length > 0) return { paths: paths.sort(), of: repository };
    throw new UserError(
      `${source.id} has no data file ${wanted}`,
      `Its data files: ${listed(all.filter(isDataFile))}`,
    );
  }
  const own = splitsOf(all, await readmeOf(repository));
  const isConverted = source.revision === convertedBranch;
  const splits = isConverted ? convertedSplits(all) : own;
  if (isConverted || has(splits, source) || repository.isPartial) {
    return { paths: chosen(splits, source), of: repository };
  }
  const converted = await openRepository({
    ...{ id: source.id, revision: convertedBranch },
    ...context,
  }).catch((failure: unknown) => {
    if (failure instanceof UserError) return undefined;
    throw failure;
  });
  const others = convertedSplits(converted?.files.map((file) => file.path) ?? []);
  const isListed = own.byName.size > 0 && !has(others, source);
  if (converted === undefined || isListed) return { paths: chosen(own, source), of: repository };
  return { paths: chosen(others, source), of: converted };
}

const convertedBranch = 'refs/convert/parquet';

type Wanted = Pick<Extract<Source, { kind: 'hub' }>, 'id' | 'subset' | 'split'>;

function has({ byName, meant }: Subsets, { subset = meant, split }: Wanted): boolean {
  const splits = subset === undefined ? undefined : byName.get(subset);
  return splits !== undefined && (split === undefined || splits.has(split));
}

/** The files of a subset and a split. @throws UserError that lists what there is. */
function chosen({ byName, meant }: Subsets, { id, subset = meant, split }: Wanted): readonly string[] {
  const subsets = [...byName.keys()];
  if (subsets.length === 0) {
    throw new UserError(
      `${id} has no data files that can be read`,
      'Expected Parquet, JSON, JSON lines or CSV, in it or on its branch refs/convert/parquet.',
    );
  }
  const splits = subset === undefined ? undefined : byName.get(subset);
  if (splits === undefined) {
    throw new UserError(
      subset === undefined ? `${id} has several subsets` : `${id} has no subset ${subset}`,
      `Choose one with --hf-subset: ${listed(subsets)}`,
    );
  }
  const names = [...splits.keys()];
  const wanted = split ?? (names.includes('train') || names.length > 1 ? 'train' : names[0]) ?? '';
  const files = splits.get(wanted);
  if (files !== undefined) return files;
  const of = subsets.length === 1 ? id : `the subset ${subset} of ${id}`;
  throw new UserError(
    split === undefined ? `${of} has several splits` : `${of} has no split ${wanted}`,
    `Choose one with --hf-split: ${listed(names)}`,
  );
}

async function readmeOf(repository: Repository): Promise<string> {
  const file = repository.files.find(({ path: name }) => name === 'README.md');
  return file === undefined ? '' : readFileSync(await repository.fetch(file), 'utf8');
}

function fileOnHub(repository: Repository, file: RepositoryFile): DataFile {
  const shown = `${repository.id}/${file.path}`;
  // Large files are named after their digest.
  if (file.blob.length === 64) {
    return { shown, fetch: () => repository.fetch(file), sha256: async () => file.blob };
  }
  return localFile(shown, () => repository.fetch(file));
}

/** A file at a URL of its own, kept beside AIPerf's in the user's cache. */
function fileAt(url: string, name: string, { env, log, fetch }: DownloadContext): DataFile {
  const cache = env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  const local = path.join(cache, 'aiperf', 'datasets', name);
  return localFile(url, async () => {
    if (statSync(local, { throwIfNoEntry: false })?.isFile()) return local;
    if (isOffline(env)) {
      throw new UserError(
        `${url} is not in the cache, and HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set`,
        `Unset it once to download, or copy the file to ${local}.`,
      );
    }
    log('INFO', 'dataset', `downloading ${url}`);
    try {
      const response = await ask(hubOf(env, fetch), new URL(url));
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const content = Buffer.from(await response.arrayBuffer());
      makeFolder(path.dirname(local));
      await replaceFile(local, content);
      return local;
    } catch (failure) {
      throw new UserError(
        `${url}: ${messageOf(failure)}`,
        `Check the network and HTTPS_PROXY, or copy the file to ${local}.`,
      );
    }
  });
}

function localFile(shown: string, fetch: () => Promise<string>): DataFile {
  return {
    shown,
    fetch,
    async sha256() {
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(await fetch(), { highWaterMark: 1 << 20 }))
        hash.update(chunk);
      return hash.digest('hex');
    },
  };
}

const mostListed = 20;

function listed(names: readonly string[]): string {
  const more = names.length - mostListed;
  return names.slice(0, mostListed).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
