import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json, JsonObject } from '../../util/json.js';
import { packageFile } from '../../util/package-file.js';
import type { BpeTables, TokenBytes } from './bpe-tables.js';
import { ByteLevelBpe } from './byte-level-bpe.js';
import { bpeShape } from './shape.js';
import type { Tokenizer } from './tokenizer.js';

/** The folder of the compiled tokenizer bundled with this package. */
export const shippedFolder = fileURLToPath(packageFile('assets/tokenizers/qwen3'));

/** In a compiled folder: the tokenizer.json without vocabulary and merges, plus what replaces them. */
export const shapeFile = 'shape.json';
/** In a compiled folder: left and right ID of every merge by rank, 32 bits each, little-endian. */
export const mergesFile = 'merges.bin';

/** The content of `shape.json`. No vocabulary is needed, because merge number r produces ID 256 + r. */
export interface CompiledShape {
  readonly format: typeof compiledFormat;
  /** The tokenizer.json that was compiled. */
  readonly source: FileIdentity;
  /** The ID, below 256, of each single byte. */
  readonly byteIds: readonly number[];
  readonly tokenizer: JsonObject;
}
export const compiledFormat = 2;

/** Identifies a file by its content. */
interface FileIdentity {
  readonly bytes: number;
  readonly sha256: string;
}

/** Whether this model uses the bundled Qwen3 tokenizer: any size of Qwen3. */
export function isShipped(name: string): boolean {
  return /^(?:qwen\/)?qwen3(?:[-:].*)?$/i.test(name) || name === 'builtin';
}

/** Opens the compiled Qwen3 tokenizer under the given name. @throws if the package was not built. */
export function openShipped(name: string): Tokenizer {
  const { format, tokenizer, byteIds } = readShape();
  const shape = bpeShape(tokenizer);
  if (shape === undefined || format !== compiledFormat) {
    throw new Error(`${shippedFolder} was written by another version; run npm run build`);
  }
  return new ByteLevelBpe(name, shape, compiledTables(byteIds));
}

/** A tokenizer's IDs, and its added tokens as tokenizer.json lists them. */
export interface Vocabulary {
  readonly vocabulary: readonly number[];
  readonly addedTokens: Json | undefined;
}

/** Token IDs of the bundled tokenizer: single bytes, then one for each merge. */
export function shippedVocabulary(): Vocabulary {
  const { tokenizer, byteIds } = readShape();
  const merges = statSync(path.join(shippedFolder, mergesFile)).size / 8;
  return {
    vocabulary: [...byteIds, ...Array.from({ length: merges }, (_, rank) => 256 + rank)],
    addedTokens: tokenizer.added_tokens,
  };
}

/** Whether a tokenizer.json is byte for byte the bundled one, whose compiled form opens a hundred times faster. */
export function isSourceOfShipped(content: Uint8Array): boolean {
  if (!existsSync(path.join(shippedFolder, shapeFile))) return false;
  const { source } = readShape();
  return content.length === source.bytes && sha256(content) === source.sha256;
}

/** In hexadecimal. */
export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function readShape(): CompiledShape {
  return JSON.parse(readFileSync(path.join(shippedFolder, shapeFile), 'utf8'));
}

function compiledTables(byteIdList: readonly number[]): BpeTables {
  const file = readFileSync(path.join(shippedFolder, mergesFile));
  if (endianness() === 'BE') file.swap32();
  const pairs = new Int32Array(file.buffer, file.byteOffset, file.length / 4);
  const into = new Int32Array(pairs.length / 2);
  for (let rank = 0; rank < into.length; rank++) into[rank] = 256 + rank;
  const byteIds = Int32Array.from(byteIdList);
  return { byteIds, pairs, into, words: undefined, tokenBytes: () => spellOut(byteIds, pairs) };
}

// Both halves of a merge have smaller IDs than its result: one pass for the lengths, one for the bytes.
function spellOut(byteIds: Int32Array, pairs: Int32Array): TokenBytes {
  const size = 256 + pairs.length / 2;
  const offsets = new Uint32Array(size + 1);
  const lengthOf = (id: number) => (offsets[id + 1] ?? 0) - (offsets[id] ?? 0);
  for (let id = 0; id < size; id++) {
    const at = 2 * (id - 256);
    const length = id < 256 ? 1 : lengthOf(pairs[at] ?? 0) + lengthOf(pairs[at + 1] ?? 0);
    offsets[id + 1] = (offsets[id] ?? 0) + length;
  }
  const bytes = new Uint8Array(offsets[size] ?? 0);
  for (const [byte, id] of byteIds.entries()) bytes[id] = byte;
  let to = offsets[256] ?? 0;
  for (const half of pairs) {
    const end = offsets[half + 1] ?? 0;
    for (let from = offsets[half] ?? 0; from < end; from++) bytes[to++] = bytes[from] ?? 0;
  }
  return { offsets, bytes };
}
