import type { HashId } from '../dataset/hash-id.js';
import { hashIdsField, lengthField, numberField, stringField } from '../dataset/loaders/fields.js';
import { RowError } from '../dataset/loaders/format.js';
import { parseRowText } from '../dataset/loaders/parse-row.js';
import { UserError } from '../util/errors.js';
import type { JsonObject } from '../util/json.js';
import { type TraceLine, traceLines } from './lines.js';

/** One request of a Mooncake trace. */
export interface TraceRow {
  readonly line: number;
  /** The row as it stands in the file. */
  readonly text: string;
  readonly timestampMs: number | undefined;
  /** Tokens; absent where the row holds its prompt. */
  readonly inputLength: number | undefined;
  readonly outputLength: number | undefined;
  /** One id for each block of the prompt; equal ids stand for equal blocks. */
  readonly hashIds: readonly HashId[];
  readonly sessionId: string | undefined;
}

/** The rows of a Mooncake trace, one at a time. @throws UserError for a malformed one, naming file and line. */
export async function* readTrace(path: string): AsyncGenerator<TraceRow> {
  for await (const line of traceLines(path)) {
    yield inLine(path, line.number, () => {
      const json = jsonRow(line);
      return {
        line: line.number,
        text: line.text,
        timestampMs: numberField(json, 'timestamp'),
        inputLength: lengthField(json, 'input_length'),
        outputLength: lengthField(json, 'output_length'),
        hashIds: hashIdsField(json),
        sessionId: stringField(json, 'session_id'),
      };
    });
  }
}

/** A line as the JSON object that it has to be. @throws RowError */
export function jsonRow({ number, text }: TraceLine): JsonObject {
  const isCsv = number === 1 && !text.startsWith('{') && text.includes(',');
  if (isCsv) throw new RowError('the line is no JSON; aiperf trace convert reads traces in CSV');
  return parseRowText(text);
}

/** Adds file and line to what is wrong with a row. @throws UserError */
export function inLine<T>(path: string, line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RowError) throw lineError(path, line, error.message);
    throw error;
  }
}

/** The error of one row, naming file and line. */
export function lineError(path: string, line: number, problem: string, hint?: string): UserError {
  return new UserError(`${path}:${line}: ${problem}`, hint);
}
