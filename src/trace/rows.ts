import type { HashId } from '../dataset/hash-id.js';
import { hashIdsField, lengthField, numberField, stringField } from '../dataset/loaders/fields.js';
import { RowError } from '../dataset/loaders/format.js';
import { parseRowText } from '../dataset/loaders/parse-row.js';
import { UserError } from '../util/errors.js';
import type { Json, JsonObject } from '../util/json.js';
import { type TraceLine, traceLines } from './lines.js';

/** One request of a Mooncake trace. */
export interface TraceRow {
  readonly line: number;
  /** The row as written in the file. */
  readonly text: string;
  readonly timestampMs: number | undefined;
  /** Wait after the response to the row before it in its session. */
  readonly delayMs: number | undefined;
  /** Tokens; absent if the row contains its prompt. */
  readonly inputLength: number | undefined;
  readonly outputLength: number | undefined;
  /** One ID per block of the prompt; equal IDs mean equal blocks. */
  readonly hashIds: readonly HashId[];
  readonly sessionId: string | undefined;
  /** Keys that only a filter reads; undefined unless they are text. */
  readonly model: string | undefined;
  readonly user: string | undefined;
}

/** Streams the rows of a Mooncake trace. @throws UserError for a malformed row, naming file and line. */
export async function* readMooncake(path: string): AsyncGenerator<TraceRow> {
  for await (const line of traceLines(path)) {
    yield inLine(path, line.number, () => {
      const json = jsonRow(line);
      return {
        line: line.number,
        text: line.text,
        timestampMs: numberField(json, 'timestamp'),
        delayMs: numberField(json, 'delay'),
        inputLength: lengthField(json, 'input_length'),
        outputLength: lengthField(json, 'output_length'),
        hashIds: hashIdsField(json),
        sessionId: stringField(json, 'session_id'),
        model: textOf(json.model),
        user: textOf(json.user),
      };
    });
  }
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Parses a line, which must be a JSON object. @throws RowError */
export function jsonRow({ number, text }: TraceLine): JsonObject {
  const isCsv = number === 1 && !/^[{[]/.test(text) && text.includes(',');
  if (isCsv) throw new RowError('the line is neither JSON nor the header of a known CSV trace');
  return parseRowText(text);
}

/** Runs `read` and adds file and line to its RowError. @throws UserError */
export function inLine<T>(path: string, line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RowError) throw lineError(path, line, error.message);
    throw error;
  }
}

/** An error about a row, naming file and line. */
export function lineError(path: string, line: number, problem: string, hint?: string): UserError {
  return new UserError(`${path}:${line}: ${problem}`, hint);
}
