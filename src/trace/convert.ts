import { fileTypeOf } from '../dataset/loaders/file-type.js';
import type { DatasetType } from '../dataset/loaders/format.js';
import { UserError } from '../util/errors.js';
import { HashNumbers } from './hash-numbers.js';
import { requireRegularFile } from './lines.js';
import { changedRow } from './row-text.js';
import type { TraceRow } from './rows.js';
import { timeOrder } from './time-order.js';
import { type LengthReading, typedRows } from './typed-rows.js';
import { writeLines } from './write-lines.js';

/** Result of a conversion. */
export interface Converted {
  readonly type: DatasetType;
  readonly rows: number;
  /** Skipped rows, with no input or no output tokens. */
  readonly empty: number;
  /** Whether rows have hash IDs. */
  readonly hasIds: boolean;
}

/**
 * Converts a file of any type with lengths, or with texts that are counted, to a Mooncake trace, as a stream.
 * Hashes of texts are replaced by numbers.
 * @throws UserError for an unknown type, a missing column, a malformed row, decreasing times, or an empty result.
 */
export async function convertTrace(path: string, out: string, reading: LengthReading): Promise<Converted> {
  requireRegularFile(path);
  const { texts } = reading;
  const type = await fileTypeOf(path, reading.type);
  if (type === 'mooncake_trace' && texts === undefined) {
    throw new UserError(
      `${path} is a Mooncake trace already`,
      'use the file as it is; --tokenizer replaces texts in it by their lengths',
    );
  }
  const result = { type, rows: 0, empty: 0, hasIds: false };
  const rows = typedRows(path, type, reading, () => {
    result.empty++;
  });
  await writeLines(out, linesOf(path, rows, result, texts && new HashNumbers()), path);
  return result;
}

async function* linesOf(
  path: string,
  rows: AsyncIterable<TraceRow>,
  result: { rows: number; hasIds: boolean },
  numbers: HashNumbers | undefined,
): AsyncGenerator<string> {
  const check = timeOrder(path);
  for await (const { text, line, timestampMs, hashIds } of rows) {
    if (timestampMs !== undefined) check(timestampMs, line);
    result.rows++;
    result.hasIds ||= hashIds.length > 0;
    yield numbers === undefined ? text : changedRow(text, { hash_ids: numbers.of(hashIds) });
  }
  if (result.rows === 0) {
    throw new UserError(`${path} holds no requests with tokens`, 'there is nothing to convert');
  }
}
