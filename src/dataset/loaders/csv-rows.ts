import { Readable } from 'node:stream';
import { UserError } from '../../util/errors.js';
import { MAX_ROW_BYTES } from '../../util/limits.js';
import { streamBlocks, unreadableFile } from '../../util/lines.js';
import type { RowText } from './row-stream.js';

/** One row of a CSV file. */
export interface CsvRow {
  readonly line: number;
  /** By column name. */
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * Streams the rows of a CSV file with a header.
 * @param check receives the column names first. @throws UserError for invalid CSV, naming file and line.
 */
export async function* readCsv(
  path: string,
  check: (columns: readonly string[]) => void,
): AsyncGenerator<CsvRow> {
  const { CsvError, parse } = await import('csv-parse');
  const parser = parse({
    bom: true,
    trim: true,
    info: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_BYTES,
    columns: (header: string[]) => {
      check(header);
      return header;
    },
  });
  const bytes = Readable.from(bytesOf(path)).on('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of bytes.pipe(parser)) yield { line: info.lines, cells: record };
  } catch (error) {
    if (error instanceof CsvError) {
      const line = typeof error.lines === 'number' ? error.lines : 1;
      const problem = error.message.replace(/ (on|at) line \d+.*/, '');
      throw new UserError(`${path}:${line}: ${problem}`, 'fix or remove the row');
    }
    throw unreadableFile(path, error);
  } finally {
    bytes.destroy();
  }
}

/** Streams the rows of a CSV file as JSON objects of its columns' texts, as `readCsv` does. */
export async function* streamCsv(
  path: string,
  check: (columns: readonly string[]) => void,
): AsyncGenerator<RowText> {
  for await (const { line, cells } of readCsv(path, check)) yield { line, text: JSON.stringify(cells) };
}

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  for await (const { bytes } of streamBlocks(path)) yield bytes;
}
