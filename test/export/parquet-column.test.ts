import { parquetMetadata, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { NULL, ParquetColumn } from '../../src/export/parquet-column.js';
import { DoubleDictionary, MapDictionary } from '../../src/export/parquet-dictionary.js';
import { HybridWriter } from '../../src/export/parquet-runs.js';

describe('HybridWriter', () => {
  const bytesOf = (bitWidth: number, ...runs: [value: number, rows: number][]) => {
    const writer = new HybridWriter(bitWidth);
    for (const [value, rows] of runs) writer.add(value, rows);
    return [...writer.end()];
  };

  test('writes runs of eight and more as runs: twice the rows, and the value', () => {
    expect(bytesOf(3, [5, 8], [2, 200])).toEqual([16, 5, 0x90, 0x03, 2]);
    expect(bytesOf(9, [0x1ff, 9])).toEqual([18, 0xff, 0x01]);
    expect(bytesOf(0, [0, 9])).toEqual([18]);
  });

  test('packs shorter ones in groups of eight, the example of the format', () => {
    const values = [0, 1, 2, 3, 4, 5, 6, 7].map((value): [number, number] => [value, 1]);
    expect(bytesOf(3, ...values)).toEqual([3, 0b10001000, 0b11000110, 0b11111010]);
  });

  test('fills a group up from the run behind it, and the last one with zeros', () => {
    // 1 and seven of the 5 in a group, 8 of it as a run, then a group of its own.
    expect(bytesOf(3, [1, 1], [5, 15], [2, 1])).toEqual([3, 0x69, 0xdb, 0xb6, 16, 5, 3, 2, 0, 0]);
  });
});

/** Rows of a file with this column, as the reader of the format gives them, and the encodings of the column. */
async function readBack(column: ParquetColumn<string> | ParquetColumn<number>, rows: number) {
  const file = new ParquetWriter({
    writer: new ByteWriter(),
    schema: [{ name: 'schema', num_children: 1 }, column.element],
  });
  const chunk = column.write(file.writer, rows);
  file.row_groups.push({ columns: [chunk], total_byte_size: 0n, num_rows: BigInt(rows) });
  file.num_rows = BigInt(rows);
  void file.finish();
  const buffer = file.writer.getBuffer();
  const [group] = parquetMetadata(buffer).row_groups;
  const meta = group?.columns[0]?.meta_data;
  return {
    values: (await parquetReadObjects({ file: buffer })).map(({ x }) => x),
    encodings: meta?.encodings,
    statistics: meta?.statistics,
  };
}

const text: SchemaElement = {
  ...{ name: 'x', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
  ...{ converted_type: 'UTF8', logical_type: { type: 'STRING' } },
};
const double: SchemaElement = { name: 'x', type: 'DOUBLE', repetition_type: 'OPTIONAL' };

test('texts and nulls in runs', async () => {
  const column = new ParquetColumn(text, new MapDictionary<string>());
  column.addValue('b', 3);
  column.addValue(undefined, 20);
  column.addValue('é', 1);
  column.addValue('a', 9);
  column.addValue('a', 1);
  const { values, statistics } = await readBack(column, 34);
  expect(values).toEqual([...Array(3).fill('b'), ...Array(20).fill(null), 'é', ...Array(10).fill('a')]);
  expect(statistics).toMatchObject({ null_count: 20n, min_value: 'a', max_value: 'é' });
});

test('nothing but nulls', async () => {
  const column = new ParquetColumn(text, new MapDictionary<string>());
  column.add(NULL, 12);
  const { values, encodings, statistics } = await readBack(column, 12);
  expect([values, encodings]).toEqual([Array(12).fill(null), ['PLAIN']]);
  expect(statistics?.min_value).toBe(undefined);
});

test.each([
  ['few', 300, ['PLAIN', 'RLE_DICTIONARY']],
  ['many', 4000, ['PLAIN']],
] as const)('%s different doubles', async (_, different, encodings) => {
  const column = new ParquetColumn(double, new DoubleDictionary());
  const rows = Array.from({ length: 5000 }, (_, i) => (i % 7 === 0 ? undefined : (i * i * 0.37) % different));
  // Whole numbers, so that there are so many at most.
  const rounded = rows.map((value) => value && Math.floor(value) - 100);
  for (const value of rounded) column.addValue(value, 1);
  const back = await readBack(column, rounded.length);
  expect(back.values).toEqual(rounded.map((value) => value ?? null));
  expect(back.encodings).toEqual(encodings);
});
