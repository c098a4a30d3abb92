import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { bytesOfSpelling, spellBytes } from './byte-alphabet.js';

/** Vocabulary and merges of a byte-level BPE. */
export interface BpeTables {
  /** The ID of each single byte. */
  readonly byteIds: Int32Array;
  /** Left and right ID of each merge, by rank. */
  readonly pairs: Int32Array;
  /** The ID that each merge produces. */
  readonly into: Int32Array;
  /** IDs of complete words by their spelling in the byte alphabet; only if merges may be ignored. */
  readonly words: ReadonlyMap<string, number> | undefined;
  /** Called once, when first decoding. */
  readonly tokenBytes: () => TokenBytes;
}

/** Token `id` is `bytes[offsets[id] .. offsets[id + 1])`; an unused ID is empty. */
export interface TokenBytes {
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
}

/** The tables of a tokenizer.json's model; undefined unless it is a complete byte-level vocabulary. */
export function readTables(model: JsonObject, wholeWords: boolean): BpeTables | undefined {
  if (!isObject(model.vocab) || !Array.isArray(model.merges)) return undefined;
  const ids = new Map<string, number>();
  for (const [spelling, id] of Object.entries(model.vocab)) {
    if (typeof id !== 'number') return undefined;
    ids.set(spelling, id);
  }

  const byteIds = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const id = ids.get(spellBytes(Uint8Array.of(byte)));
    if (id === undefined) return undefined;
    byteIds[byte] = id;
  }

  const pairs = new Int32Array(2 * model.merges.length);
  const into = new Int32Array(model.merges.length);
  for (const [rank, merge] of model.merges.entries()) {
    const [left, right] = halves(merge);
    const leftId = ids.get(left);
    const rightId = ids.get(right);
    const id = ids.get(left + right);
    if (leftId === undefined || rightId === undefined || id === undefined) return undefined;
    pairs[2 * rank] = leftId;
    pairs[2 * rank + 1] = rightId;
    into[rank] = id;
  }

  const tokenBytes = packTokenBytes(ids);
  return { byteIds, pairs, into, words: wholeWords ? ids : undefined, tokenBytes: () => tokenBytes };
}

/** The bytes of every token, from their spellings. */
function packTokenBytes(ids: ReadonlyMap<string, number>): TokenBytes {
  const tokens: Uint8Array[] = [];
  for (const [spelling, id] of ids) tokens[id] = bytesOfSpelling(spelling);
  const offsets = new Uint32Array(tokens.length + 1);
  for (let id = 0; id < tokens.length; id++) offsets[id + 1] = (offsets[id] ?? 0) + (tokens[id]?.length ?? 0);
  const bytes = new Uint8Array(offsets[tokens.length] ?? 0);
  for (let id = 0; id < tokens.length; id++) {
    const token = tokens[id];
    if (token !== undefined) bytes.set(token, offsets[id]);
  }
  return { offsets, bytes };
}

// A merge is written `"Ġ t"` or, since 2024, `["Ġ", "t"]`.
function halves(merge: Json): [string, string] {
  if (typeof merge === 'string') {
    const space = merge.indexOf(' ');
    return [merge.slice(0, space), merge.slice(space + 1)];
  }
  const [left, right] = Array.isArray(merge) ? merge : [];
  return typeof left === 'string' && typeof right === 'string' ? [left, right] : ['', ''];
}
