import { messageOf, UserError } from '../../util/errors.js';
import type { Cells } from '../public/cells.js';

/** A row of a data file. */
export interface TableRow {
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

/**
 * Opens a Parquet file. @param shown how errors name it. @param hint what to do about a broken one.
 * @throws UserError for a file that is cut or broken.
 */
export async function openParquet(path: string, shown: string, hint: string): Promise<Table> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import(
    'hyparquet'
  );
  const { compressors } = await import('hyparquet-compressors');
  const broken = (cause: unknown) =>
    new UserError(`${shown} is not a complete Parquet file: ${messageOf(cause)}`, hint);
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
