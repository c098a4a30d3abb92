import { createHash, randomBytes } from 'node:crypto';
import type { MediaMark, PromptTokens } from './rendering.js';

/** 32-bit words of a key. */
export const KEY_WORDS = 4;
const KEY_BYTES = 4 * KEY_WORDS;

/**
 * Hashes with a random salt that only this object holds: without it nobody can test a guessed text against a key. Keys
 * are 128 bits of SHA-256; they stay in memory and temporary files, and only their order of appearance is published.
 */
export class SaltedHash {
  readonly #salt = randomBytes(32);

  /** The key of a text that follows what `previous` stands for. */
  ofText(previous: Uint8Array, text: string): Buffer {
    return createHash('sha256')
      .update(this.#salt)
      .update(previous)
      .update(text)
      .digest()
      .subarray(0, KEY_BYTES);
  }

  /**
   * A key for each block of a prompt, concatenated: it stands for the whole prefix up to the end of its block. The last
   * block may be shorter.
   * @param scope prompts of different scopes have no key in common.
   */
  ofBlocks({ ids, media }: PromptTokens, blockSize: number, scope: string): Uint32Array {
    const blocks = Math.ceil(ids.length / blockSize);
    const keys = new Uint32Array(blocks * KEY_WORDS);
    const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
    let previous = this.ofText(nothing, scope);
    for (let block = 0; block < blocks; block++) {
      const from = block * blockSize;
      const to = block === blocks - 1 ? Number.POSITIVE_INFINITY : from + blockSize;
      const hash = createHash('sha256')
        .update(this.#salt)
        .update(previous)
        .update(bytes.subarray(4 * from, 4 * Math.min(to, ids.length)));
      for (const { at, digest } of within(media, from, to)) hash.update(`${at}`).update(digest);
      previous = hash.digest().subarray(0, KEY_BYTES);
      for (let word = 0; word < KEY_WORDS; word++)
        keys[block * KEY_WORDS + word] = previous.readUInt32LE(4 * word);
    }
    return keys;
  }
}

const nothing = new Uint8Array(0);

function within(media: readonly MediaMark[], from: number, to: number): readonly MediaMark[] {
  return media.length === 0 ? media : media.filter(({ at }) => at >= from && at < to);
}
