import type { ColumnChunk, DecodedArray, Encoding, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writePlain } from 'hyparquet-writer/src/plain.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import type { Writer } from 'hyparquet-writer/src/types.js';
import type { ParquetDictionary } from './parquet-dictionary.js';
import { HybridWriter } from './parquet-runs.js';

/** The number of no value: null. */
export const NULL = -1;

/** Rows of one column of a row group, as runs of equal values: most columns of long tables repeat. */
export class ParquetColumn<Value extends string | number | bigint> {
  readonly element: SchemaElement;
  readonly dictionary: ParquetDictionary<Value>;
  /** Number in the dictionary and rows of each run. */
  #runs = new Int32Array(1024);
  #count = 0;

  constructor(element: SchemaElement, dictionary: ParquetDictionary<Value>) {
    this.element = element;
    this.dictionary = dictionary;
  }

  /** Adds rows with the same value. @param number of the value in the dictionary, or `NULL`. */
  add(number: number, rows: number): void {
    const last = this.#count - 2;
    if (last >= 0 && this.#runs[last] === number) {
      this.#runs[last + 1] = (this.#runs[last + 1] as number) + rows;
      return;
    }
    if (this.#count === this.#runs.length) {
      const larger = new Int32Array(2 * this.#count);
      larger.set(this.#runs);
      this.#runs = larger;
    }
    this.#runs[this.#count++] = number;
    this.#runs[this.#count++] = rows;
  }

  addValue(value: Value | undefined, rows: number): void {
    this.add(value === undefined ? NULL : this.dictionary.numberOf(value), rows);
  }

  /** Writes the rows as a column chunk: a page, and one of the dictionary where that is shorter. Removes them then. */
  write(writer: Writer, rows: number): ColumnChunk {
    const start = writer.offset;
    const { name, type = 'BYTE_ARRAY' } = this.element;
    const { values } = this.dictionary;
    const [levels, nulls] = this.#levels();
    const isPlain = values.length === 0 || (type === 'DOUBLE' && 2 * values.length > rows - nulls);
    const encoding: Encoding = isPlain ? 'PLAIN' : 'RLE_DICTIONARY';
    let uncompressed = 0;
    if (!isPlain) {
      uncompressed += writePage(writer, plain(values, type), (sizes) => ({
        ...{ type: 'DICTIONARY_PAGE', ...sizes },
        dictionary_page_header: { num_values: values.length, encoding: 'PLAIN' },
      }));
    }
    const dataAt = writer.offset;
    const data = isPlain ? plain(this.#values(rows - nulls), type) : this.#numbers(values.length);
    uncompressed += writePage(
      writer,
      data,
      (sizes) => ({
        ...{ type: 'DATA_PAGE_V2', ...sizes },
        data_page_header_v2: {
          ...{ num_values: rows, num_nulls: nulls, num_rows: rows, encoding },
          ...{ definition_levels_byte_length: levels.length, repetition_levels_byte_length: 0 },
          is_compressed: true,
        },
      }),
      levels,
    );
    const chunk: ColumnChunk = {
      file_offset: BigInt(start),
      meta_data: {
        ...{ type, path_in_schema: [name], codec: 'SNAPPY', num_values: BigInt(rows) },
        encodings: isPlain ? ['PLAIN'] : ['PLAIN', 'RLE_DICTIONARY'],
        total_uncompressed_size: BigInt(uncompressed),
        total_compressed_size: BigInt(writer.offset - start),
        data_page_offset: BigInt(dataAt),
        ...(isPlain ? {} : { dictionary_page_offset: BigInt(start) }),
        statistics: { null_count: BigInt(nulls), ...extremes(values) },
      },
    };
    this.#count = 0;
    this.dictionary.clear();
    return chunk;
  }

  /** Which rows have a value, encoded, and how many have none. */
  #levels(): [bytes: Buffer, nulls: number] {
    const levels = new HybridWriter(1);
    let nulls = 0;
    for (let i = 0; i < this.#count; ) {
      const isNull = this.#runs[i] === NULL;
      let rows = 0;
      for (; i < this.#count && (this.#runs[i] === NULL) === isNull; i += 2)
        rows += this.#runs[i + 1] as number;
      levels.add(isNull ? 0 : 1, rows);
      if (isNull) nulls += rows;
    }
    return [levels.end(), nulls];
  }

  /** The numbers of the rows with a value, encoded. */
  #numbers(values: number): Buffer {
    const bitWidth = 32 - Math.clz32(values - 1);
    const numbers = new HybridWriter(bitWidth);
    for (let i = 0; i < this.#count; i += 2) {
      if (this.#runs[i] !== NULL) numbers.add(this.#runs[i] as number, this.#runs[i + 1] as number);
    }
    return Buffer.concat([Buffer.of(bitWidth), numbers.end()]);
  }

  /** The values of the rows that have one, each. @param count of them; 0 for all columns but those of doubles. */
  #values(count: number): Float64Array {
    const all = new Float64Array(count);
    const { values } = this.dictionary;
    for (let i = 0, at = 0; i < this.#count; i += 2) {
      if (this.#runs[i] === NULL) continue;
      const rows = this.#runs[i + 1] as number;
      all.fill(Number(values[this.#runs[i] as number]), at, at + rows);
      at += rows;
    }
    return all;
  }
}

type PageHeader = Parameters<typeof writePageHeader>[1];
type PageSizes = Pick<PageHeader, 'uncompressed_page_size' | 'compressed_page_size'>;

/** @param levels before the data, which are not compressed. @returns bytes without compression. */
function writePage(
  writer: Writer,
  data: Uint8Array,
  headerOf: (sizes: PageSizes) => PageHeader,
  levels: Uint8Array = new Uint8Array(0),
): number {
  const start = writer.offset;
  const compressed = snappyCompress(data);
  const sizes = {
    uncompressed_page_size: levels.length + data.length,
    compressed_page_size: levels.length + compressed.length,
  };
  writePageHeader(writer, headerOf(sizes));
  const headerBytes = writer.offset - start;
  writer.appendBytes(levels);
  writer.appendBytes(compressed);
  return headerBytes + sizes.uncompressed_page_size;
}

function plain(
  values: Iterable<string | number | bigint>,
  type: NonNullable<SchemaElement['type']>,
): Uint8Array {
  const writer = new ByteWriter();
  writePlain(writer, values as DecodedArray, type, undefined);
  return writer.getBytes();
}

/** The least and the greatest value: texts by their bytes. */
function extremes<Value extends string | number | bigint>(
  values: Iterable<Value>,
): { readonly min_value?: Value; readonly max_value?: Value } {
  let least: Value | undefined;
  let most: Value | undefined;
  for (const value of values) {
    if (least === undefined || isLess(value, least)) least = value;
    if (most === undefined || isLess(most, value)) most = value;
  }
  return least === undefined || most === undefined ? {} : { min_value: least, max_value: most };
}

function isLess<Value extends string | number | bigint>(a: Value, b: Value): boolean {
  if (typeof a !== 'string' || typeof b !== 'string') return a < b;
  return Buffer.from(a).compare(Buffer.from(b)) < 0;
}
