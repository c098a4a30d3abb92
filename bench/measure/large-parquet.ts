import { fileWriter, ParquetWriter } from 'hyparquet-writer';

/** A column of a Parquet file, and its cell in each row. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: 'INT64' | 'UTF8';
  readonly cell: (row: number) => bigint | string;
}

/** Writes a Parquet file of about `bytes` bytes in row groups of `groupRows` rows, compressed with Snappy. */
export async function writeParquet(
  path: string,
  columns: readonly ParquetColumn[],
  groupRows: number,
  bytes: number,
): Promise<void> {
  const writer = fileWriter(path);
  const schema = [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, type }) => ({
      name,
      repetition_type: 'REQUIRED' as const,
      ...(type === 'INT64'
        ? { type: 'INT64' as const }
        : { type: 'BYTE_ARRAY' as const, converted_type: 'UTF8' as const }),
    })),
  ];
  const file = new ParquetWriter({ writer, schema });
  for (let first = 0; writer.offset < bytes; first += groupRows) {
    const columnData = columns.map(({ name, cell }) => ({
      name,
      data: Array.from({ length: groupRows }, (_, row) => cell(first + row)),
    }));
    await file.write({ columnData, rowGroupSize: groupRows });
  }
  await file.finish();
}
