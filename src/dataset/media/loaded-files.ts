import { statSync } from 'node:fs';
import type { MediaKind } from '../conversation.js';
import type { MediaPiece } from './shared-media.js';
import { sharedPiece } from './shared-media.js';
import { isMediaFile, mediaItem } from './source.js';

/** Media files in memory that threads share, by `fileKey`. */
export type LoadedFiles = ReadonlyMap<string, MediaPiece>;

/** Base64 of files that is kept for the run. */
const MAX_BYTES = 256e6;

/**
 * Reads media files before the run, so that no time of a send goes to reading and encoding; each file once, up to a
 * limit. What is beyond it is read when it is sent.
 */
export class FileLoader {
  readonly loaded = new Map<string, MediaPiece>();
  readonly #maxBytes: number;
  #bytes = 0;
  #isFull = false;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** @param source as written in a dataset, and checked. */
  load(kind: MediaKind, source: string): void {
    const key = fileKey(kind, source);
    if (this.#isFull || this.loaded.has(key) || !isMediaFile(source)) return;
    // One file may be larger than all that is kept.
    this.#isFull = this.#bytes + (4 / 3) * statSync(source).size > this.#maxBytes;
    if (this.#isFull) return;
    const item = mediaItem({ kind, name: '', source });
    const value = item.value();
    this.loaded.set(key, sharedPiece(value, item.seconds()));
    this.#bytes += value.length;
  }
}

/** A file may be sent as media of several kinds. */
export function fileKey(kind: MediaKind, source: string): string {
  return `${kind}:${source}`;
}
