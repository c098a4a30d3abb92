import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { ObjectStore } from '@nats-io/obj';
import type { LoadPlan } from '../../load/plan.js';
import { objectName } from '../nats/objects.js';

/** A file of the coordinator that load threads read. */
export interface PlanFile {
  readonly path: string;
  readonly sha256: string;
}

type Files = Pick<LoadPlan, 'dataset' | 'prompts'>;

/** Stores the files that a plan needs: a dataset that is streamed, and a tokenizer that corrects prompts. @throws the file system's error. */
export async function storeFiles(
  store: ObjectStore,
  { dataset, prompts }: Files,
): Promise<readonly PlanFile[]> {
  const { corrector } = prompts;
  const paths = [
    ...(dataset.kind === 'stream' ? [dataset.path] : []),
    ...(corrector?.kind === 'files' ? filesIn(corrector.folder) : []),
  ];
  const files: PlanFile[] = [];
  for (const path of paths) {
    const sha256 = await digestOf(path);
    const name = objectName(sha256);
    if ((await store.info(name)) === null) {
      const bytes = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
      await store.put({ name }, bytes);
    }
    files.push({ path, sha256 });
  }
  return files;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}

/**
 * Makes the files of a plan available to this agent: those that it lacks, or has otherwise, are fetched.
 * @param folder for fetched files. @returns the plan with the paths here. @throws Error if one cannot be fetched.
 */
export async function fetchFiles<Plan extends Files>(
  store: ObjectStore,
  plan: Plan,
  files: readonly PlanFile[],
  folder: string,
): Promise<Plan> {
  let isComplete = true;
  for (const { path, sha256 } of files)
    isComplete = isComplete && existsSync(path) && (await digestOf(path)) === sha256;
  if (isComplete) return plan;
  for (const { path, sha256 } of files) {
    const target = join(folder, basename(dirname(path)), basename(path));
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    if (!existsSync(target) || (await digestOf(target)) !== sha256) await fetchFile(store, sha256, target);
  }
  const here = (path: string) => join(folder, basename(dirname(path)), basename(path));
  const { dataset, prompts } = plan;
  const { corrector } = prompts;
  return {
    ...plan,
    dataset: dataset.kind === 'stream' ? { ...dataset, path: here(dataset.path) } : dataset,
    prompts:
      corrector?.kind === 'files'
        ? { ...prompts, corrector: { ...corrector, folder: dirname(here(join(corrector.folder, 'x'))) } }
        : prompts,
  };
}

async function fetchFile(store: ObjectStore, sha256: string, target: string): Promise<void> {
  const found = await store.get(objectName(sha256));
  if (found === null) throw new Error(`NATS does not hold ${basename(target)}`);
  const part = `${target}.part`;
  const file = await open(part, 'w', 0o600);
  try {
    for await (const piece of found.data) await file.write(piece);
  } finally {
    await file.close();
  }
  if ((await digestOf(part)) !== sha256) throw new Error(`${basename(target)} was changed in NATS`);
  await rename(part, target);
}

/** SHA-256 of a file. @throws the file system's error. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}
