import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { unreadableFile } from '../../util/lines.js';

// JSON compresses to a quarter or less.
const GZIP_RATIO = 4;

/**
 * Bytes of a regular file, about: of a gzip file after decompression, as its last bytes state them or its ratio makes
 * likely. 0 for a pipe or a device. @throws UserError if it cannot be read.
 */
export function decompressedSize(path: string): number {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return 0;
    if (!path.endsWith('.gz') || stats.size < 4) return stats.size;
    // The size of its last member modulo 2^32.
    const last = Buffer.alloc(4);
    const file = openSync(path, 'r');
    try {
      readSync(file, last, 0, 4, stats.size - 4);
    } finally {
      closeSync(file);
    }
    return Math.max(GZIP_RATIO * stats.size, last.readUInt32LE());
  } catch (error) {
    throw unreadableFile(path, error);
  }
}
