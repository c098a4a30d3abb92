import type { HashId } from '../../dataset/hash-id.js';
import { hashIdsField, lengthField, numberField } from '../../dataset/loaders/fields.js';
import type { JsonObject } from '../../util/json.js';
import { traceLines } from '../lines.js';
import { inLine, jsonRow } from '../rows.js';

/** A row of a Mooncake trace with all of its fields. */
export interface PrivacyRow {
  readonly line: number;
  readonly json: JsonObject;
  readonly timestampMs: number | undefined;
  readonly delayMs: number | undefined;
  readonly inputLength: number | undefined;
  readonly outputLength: number | undefined;
  readonly hashIds: readonly HashId[];
  /** Name of its session or conversation. */
  readonly conversation: string | undefined;
}

/** Streams the rows of a trace. @throws UserError for a malformed row, naming file and line. */
export async function* privacyRows(path: string): AsyncGenerator<PrivacyRow> {
  for await (const line of traceLines(path)) {
    yield inLine(path, line.number, () => {
      const json = jsonRow(line);
      const conversation = json.session_id ?? json.conversation ?? undefined;
      return {
        line: line.number,
        json,
        timestampMs: numberField(json, 'timestamp'),
        delayMs: numberField(json, 'delay'),
        inputLength: lengthField(json, 'input_length'),
        outputLength: lengthField(json, 'output_length'),
        hashIds: hashIdsField(json),
        conversation: conversation === undefined ? undefined : JSON.stringify(conversation),
      };
    });
  }
}
