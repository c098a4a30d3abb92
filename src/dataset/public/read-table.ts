import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { messageOf, UserError } from '../../util/errors.js';
import { isObject, jsonIn } from '../../util/json.js';
import { streamRows } from '../loaders/row-stream.js';
import type { Cells } from './cells.js';

/** A row of a data file. */
interface TableRow {
  /** Its number in the file, from 1; in a file of JSON lines its line. */
  readonly number: number;
  readonly cells: Cells;
}

/** A data file: Parquet, JSON lines, a JSON array, or CSV. */
export interface Table {
  /** Names of its columns; those of the first row where the format has none. */
  readonly columns: readonly string[];
  /**
   * Its rows in order; Parquet is read group by group. @param columns those that are needed.
   * @throws UserError naming the file, for one that is cut or broken.
   */
  rows(columns: readonly string[]): AsyncGenerator<TableRow>;
}

/** Opens a local data file by the ending of its name. @param shown how errors name it. @throws UserError */
export async function openTable(path: string, shown: string): Promise<Table> {
  if (path.endsWith('.parquet')) return openParquet(path, shown);
  const rows = /\.csv(\.gz)?$/i.test(path) ? () => csvRows(path, shown) : () => jsonRows(path, shown);
  const first = await rows().next();
  return { columns: first.done ? [] : Object.keys(first.value.cells), rows };
}

async function openParquet(path: string, shown: string): Promise<Table> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import(
    'hyparquet'
  );
  const { compressors } = await import('hyparquet-compressors');
  const broken = (cause: unknown) =>
    new UserError(
      `${shown} is not a complete Parquet file: ${messageOf(cause)}`,
      'Remove it from the cache to download it again.',
    );
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file).catch((cause) => {
    throw broken(cause);
  });
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  return {
    columns,
    async *rows(wanted) {
      let rowStart = 0;
      for (const group of metadata.row_groups) {
        const rowEnd = rowStart + Number(group.num_rows);
        // Bytes without a text type stay bytes: they are pictures and sound.
        const range = { columns: [...wanted], rowStart, rowEnd, utf8: false };
        const rows: Record<string, unknown>[] = await parquetReadObjects({
          ...{ file, metadata, compressors },
          ...range,
        }).catch((cause) => {
          throw broken(cause);
        });
        for (const [place, cells] of rows.entries()) {
          yield { number: rowStart + place + 1, cells: cells as Cells };
        }
        rowStart = rowEnd;
      }
    },
  };
}

async function* jsonRows(path: string, shown: string): AsyncGenerator<TableRow> {
  for await (const { line, text } of streamRows(path)) {
    const cells = jsonIn(text);
    if (!isObject(cells)) {
      throw new UserError(
        `${shown}:${line}: expected a JSON object per line, or a JSON array of them`,
        'Remove the file from the cache to download it again.',
      );
    }
    yield { number: line, cells };
  }
}

async function* csvRows(path: string, shown: string): AsyncGenerator<TableRow> {
  const { parse } = await import('csv-parse');
  const bytes = createReadStream(path);
  const text = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  let number = 0;
  try {
    for await (const cells of text.pipe(parse({ columns: true, bom: true }))) {
      yield { number: ++number, cells };
    }
  } catch (cause) {
    throw new UserError(
      `${shown}: ${messageOf(cause)}`,
      'Remove the file from the cache to download it again.',
    );
  }
}
