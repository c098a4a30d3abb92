import {
  integerField,
  integerListField,
  numberField,
  shown,
  stringField,
} from '../dataset/loaders/fields.js';
import { RowError } from '../dataset/loaders/format.js';
import { messageOf, UserError } from '../util/errors.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { type Line, readLines } from './lines.js';

/** One request of a Mooncake trace. */
export interface TraceRow {
  readonly line: number;
  /** The row as it stands in the file. */
  readonly json: JsonObject;
  readonly timestampMs: number | undefined;
  /** Tokens; absent where the row holds its prompt. */
  readonly inputLength: number | undefined;
  readonly outputLength: number | undefined;
  /** One id for each block of the prompt; equal ids stand for equal blocks. */
  readonly hashIds: readonly number[];
  readonly sessionId: string | undefined;
}

/** The rows of a Mooncake trace, one at a time. @throws UserError for a malformed one, naming file and line. */
export async function* readTrace(path: string): AsyncGenerator<TraceRow> {
  for await (const line of readLines(path)) {
    const json = jsonRow(path, line);
    try {
      yield {
        line: line.number,
        json,
        timestampMs: numberField(json, 'timestamp'),
        inputLength: integerField(json, 'input_length'),
        outputLength: integerField(json, 'output_length'),
        hashIds: integerListField(json, 'hash_ids') ?? [],
        sessionId: stringField(json, 'session_id'),
      };
    } catch (error) {
      if (error instanceof RowError) throw rowError(path, line.number, error.message);
      throw error;
    }
  }
}

/** A line as the JSON object that it has to be. @throws UserError */
export function jsonRow(path: string, { number, text }: Line): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const hint = number === 1 && text.includes(',') ? '; aiperf trace convert reads traces in CSV' : '';
    throw rowError(
      path,
      number,
      `the line is no JSON (${messageOf(error)})`,
      `expected one JSON object a line${hint}`,
    );
  }
  if (isObject(value)) return value;
  throw rowError(path, number, `expected a JSON object, got ${shown(value)}`);
}

/** The error of one row, naming file and line. */
export function rowError(path: string, line: number, problem: string, hint?: string): UserError {
  return new UserError(`${path}:${line}: ${problem}`, hint);
}
