import { Readable } from 'node:stream';
import type { CsvError } from 'csv-parse';
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
 * @param check receives the column names first.
 * @param onBadRow receives rows with another number of columns; absent: they are refused.
 * @throws UserError for invalid CSV, naming file and line.
 */
export async function* readCsv(
  path: string,
  check: (columns: readonly string[]) => void,
  onBadRow?: (line: number, problem: string) => void,
): AsyncGenerator<CsvRow> {
  const csv = await import('csv-parse');
  const parser = csv.parse({
    bom: true,
    trim: true,
    info: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_BYTES,
    ...(onBadRow && {
      skip_records_with_error: true,
      on_skip: (error) => {
        if (error !== undefined) onBadRow(lineOf(error), problemOf(error));
      },
    }),
    columns: (header: string[]) => {
      check(header);
      return header;
    },
  });
  const bytes = Readable.from(bytesOf(path)).on('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of bytes.pipe(parser)) yield { line: info.lines, cells: record };
  } catch (error) {
    if (error instanceof csv.CsvError) {
      throw new UserError(`${path}:${lineOf(error)}: ${problemOf(error)}`, 'fix or remove the row');
    }
    throw unreadableFile(path, error);
  } finally {
    bytes.destroy();
  }
}

function lineOf({ lines }: CsvError): number {
  return typeof lines === 'number' ? lines : 1;
}

function problemOf({ message }: CsvError): string {
  return message.replace(/ (on|at) line \d+.*/, '');
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
