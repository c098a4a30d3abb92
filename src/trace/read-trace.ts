import { fileTypeOf } from '../dataset/loaders/file-type.js';
import type { DatasetType } from '../dataset/loaders/format.js';
import { formatOf } from '../dataset/loaders/formats.js';
import { mooncakeTrace } from '../dataset/loaders/mooncake-trace.js';
import { parseRowText } from '../dataset/loaders/parse-row.js';
import { containerOf } from '../dataset/loaders/table-type.js';
import { UserError } from '../util/errors.js';
import { inLine, readMooncake, type TraceRow } from './rows.js';
import { fileRows, type LengthReading, typedRows } from './typed-rows.js';

/**
 * Streams the rows of a trace: Mooncake as they are, files of other types with lengths as rows of a Mooncake trace.
 * @param reading the lengths of all rows are needed; absent: rows with texts are read as they are.
 * @throws UserError for a malformed row, naming file and line.
 */
export async function* readTrace(path: string, reading?: LengthReading): AsyncGenerator<TraceRow> {
  const type = await traceTypeOf(path, reading);
  const isAsWritten = type === 'mooncake_trace' && reading?.texts === undefined;
  yield* isAsWritten ? readMooncake(path) : typedRows(path, type, reading ?? {});
}

/** Tokens per hash ID, where no option says otherwise. @param type absent: detected. */
export async function blockSizeOf(path: string, type?: DatasetType): Promise<number> {
  const found = await traceTypeOf(path, { type });
  const { lengths } = formatOf(found);
  const { rows, blockSize } = await fileRows(path, found, undefined);
  for await (const { line, text } of rows) {
    const size = lengths && inLine(path, line, () => lengths(parseRowText(text)).blocks?.size);
    if (size !== undefined) return size;
    break;
  }
  return blockSize ?? mooncakeTrace.blockSize;
}

/** The type as which a trace is read; rows that cannot be told are read as Mooncake's, which need no length. */
async function traceTypeOf(path: string, reading: LengthReading | undefined): Promise<DatasetType> {
  try {
    const type = await fileTypeOf(path, reading?.type);
    return reading !== undefined || hasLengths(type) ? type : 'mooncake_trace';
  } catch (error) {
    const isUntold =
      error instanceof UserError && reading?.texts === undefined && reading?.type === undefined;
    if (isUntold && (await containerOf(path)) === 'json') return 'mooncake_trace';
    throw error;
  }
}

/** Whether rows of a type hold lengths, at least some. */
function hasLengths(type: DatasetType): boolean {
  const { lengths, blockSize } = formatOf(type);
  return lengths !== undefined || blockSize !== undefined;
}
