import { fileChunks, unreadableFile } from '../../util/lines.js';
import { requireUtf8 } from '../../util/text-file.js';
import { type CutRow, RowCutter } from './row-cutter.js';

/** One row of a file as JSON text, without surrounding white space. */
export interface RowText {
  /** Line of its first character, from 1; the number of the row in files without lines. */
  readonly line: number;
  readonly text: string;
}

/**
 * Streams the rows of a file of JSON in its order: one per line, or the items of a JSON array of any size; decompressed
 * if its name ends in `.gz`. Holds a chunk of the file and one row in memory. Yields nothing for a file without rows.
 * @throws UserError if the file cannot be read, or for a row that is too long or not UTF-8, naming its line.
 */
export async function* streamRows(path: string): AsyncGenerator<RowText> {
  const cutter = new RowCutter(path);
  try {
    for await (const chunk of fileChunks(path)) {
      for (const row of cutter.take(chunk)) yield decoded(path, row);
    }
    for (const row of cutter.end()) yield decoded(path, row);
  } catch (error) {
    throw unreadableFile(path, error);
  }
}

function decoded(path: string, { line, bytes }: CutRow): RowText {
  requireUtf8(path, bytes, line);
  const { buffer, byteOffset, byteLength } = bytes;
  return { line, text: Buffer.from(buffer, byteOffset, byteLength).toString() };
}
