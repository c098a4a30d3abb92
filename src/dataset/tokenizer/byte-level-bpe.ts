import { addedTokenCutter, type Piece } from './added-tokens.js';
import type { BpeTables, TokenBytes } from './bpe-tables.js';
import { bytesOfSpelling, spellBytes } from './byte-alphabet.js';
import { MergeTable } from './merge-table.js';
import type { BpeShape } from './shape.js';
import type { Tokenizer } from './tokenizer.js';
import { splitWords } from './words.js';

// A cached word is one number: the offset of its IDs in the pool, times 32, plus their count.
const maxCachedTokens = 31;
const maxCachedWords = 65_536;
const poolSize = 4 * maxCachedWords;

/** Byte-level byte-pair encoding (as in GPT-2), synchronous, with a bounded cache of words. */
export class ByteLevelBpe implements Tokenizer {
  readonly name: string;
  readonly #shape: BpeShape;
  readonly #tables: BpeTables;
  readonly #merges: MergeTable;
  readonly #cutRaw: (text: string) => readonly Piece[];
  readonly #cutNormalized: (text: string) => readonly Piece[];
  readonly #addedBytes: ReadonlyMap<number, Uint8Array>;
  #tokenBytes: TokenBytes | undefined;

  readonly #cache = new Map<string, number>();
  readonly #pool = new Int32Array(poolSize);
  #pooled = 0;

  // The current word: its UTF-8, and its IDs during and after merging.
  #bytes = new Uint8Array(64);
  #word = new Int32Array(64);
  #output = new Uint32Array(1024);
  #decoded = Buffer.alloc(4096);
  readonly #encoder = new TextEncoder();

  constructor(name: string, shape: BpeShape, tables: BpeTables) {
    this.name = name;
    this.#shape = shape;
    this.#tables = tables;
    this.#merges = new MergeTable(tables.pairs, tables.into);
    const { addedTokens } = shape;
    this.#cutRaw = addedTokenCutter(addedTokens.filter((token) => !token.normalized));
    this.#cutNormalized = addedTokenCutter(
      addedTokens
        .filter((token) => token.normalized)
        .map((token) => ({ ...token, content: this.#normalize(token.content) })),
    );
    this.#addedBytes = new Map(addedTokens.map(({ id, content }) => [id, bytesOfSpelling(content)]));
  }

  encode(text: string): Uint32Array {
    let length = 0;
    for (const piece of this.#pieces(text)) {
      if (typeof piece === 'number') {
        this.#reserveOutput(length + 1);
        this.#output[length++] = piece;
        continue;
      }
      for (const word of splitWords(piece, this.#shape.splits)) {
        const cached = this.#cache.get(word);
        const count = cached === undefined ? this.#tokenize(word) : cached & maxCachedTokens;
        const ids = cached === undefined ? this.#word : this.#pool;
        const start = cached === undefined ? 0 : cached >>> 5;
        if (length + count > this.#output.length) this.#reserveOutput(length + count);
        for (let i = 0; i < count; i++) this.#output[length++] = ids[start + i] ?? 0;
      }
    }
    return this.#output.slice(0, length);
  }

  count(text: string): number {
    let count = 0;
    for (const piece of this.#pieces(text)) {
      if (typeof piece === 'number') {
        count++;
        continue;
      }
      for (const word of splitWords(piece, this.#shape.splits)) {
        const cached = this.#cache.get(word);
        count += cached === undefined ? this.#tokenize(word) : cached & maxCachedTokens;
      }
    }
    return count;
  }

  decode(ids: ArrayLike<number>): string {
    this.#tokenBytes ??= this.#tables.tokenBytes();
    const { offsets, bytes } = this.#tokenBytes;
    let length = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] ?? 0;
      const added = this.#addedBytes.get(id);
      const source = added ?? bytes;
      // An unknown ID decodes to nothing, as in the official decoder.
      const start = added === undefined ? (offsets[id] ?? 0) : 0;
      const end = added === undefined ? (offsets[id + 1] ?? start) : added.length;
      if (length + end - start > this.#decoded.length) {
        const grown = Buffer.alloc(2 * (length + end - start));
        this.#decoded.copy(grown);
        this.#decoded = grown;
      }
      for (let at = start; at < end; at++) this.#decoded[length++] = source[at] ?? 0;
    }
    return this.#decoded.toString('utf8', 0, length);
  }

  #pieces(text: string): readonly Piece[] {
    const raw = this.#cutRaw(text);
    const [only] = raw;
    if (raw.length === 1 && typeof only === 'string') return this.#cutNormalized(this.#normalize(only));
    return raw.flatMap((piece) =>
      typeof piece === 'string' ? this.#cutNormalized(this.#normalize(piece)) : piece,
    );
  }

  #normalize(text: string): string {
    return this.#shape.normalization === 'NFC' ? text.normalize('NFC') : text;
  }

  /** Writes the word's IDs to `#word` and returns their number. */
  #tokenize(word: string): number {
    if (this.#bytes.length < 3 * word.length) {
      this.#bytes = new Uint8Array(3 * word.length);
      this.#word = new Int32Array(3 * word.length);
    }
    const length = this.#encoder.encodeInto(word, this.#bytes).written;
    const whole = this.#tables.words?.get(spellBytes(this.#bytes.subarray(0, length)));
    let count = 1;
    if (whole !== undefined) {
      this.#word[0] = whole;
    } else {
      for (let i = 0; i < length; i++) this.#word[i] = this.#tables.byteIds[this.#bytes[i] ?? 0] ?? 0;
      count = this.#merges.merge(this.#word, length);
    }
    if (count <= maxCachedTokens) this.#remember(word, count);
    return count;
  }

  #remember(word: string, count: number): void {
    if (this.#cache.size >= maxCachedWords || this.#pooled + count > poolSize) {
      this.#cache.clear();
      this.#pooled = 0;
    }
    for (let i = 0; i < count; i++) this.#pool[this.#pooled + i] = this.#word[i] ?? 0;
    this.#cache.set(ownCopy(word), this.#pooled * 32 + count);
    this.#pooled += count;
  }

  #reserveOutput(length: number): void {
    if (length <= this.#output.length) return;
    const grown = new Uint32Array(2 * length);
    grown.set(this.#output);
    this.#output = grown;
  }
}

// V8 makes a slice of 13 or more characters a view that keeps the whole text alive.
function ownCopy(word: string): string {
  return word.length < 13 ? word : Buffer.from(word, 'utf16le').toString('utf16le');
}
