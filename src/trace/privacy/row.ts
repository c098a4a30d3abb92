import type { HashId } from '../../dataset/hash-id.js';
import { hashIdsField, lengthField, numberField } from '../../dataset/loaders/fields.js';
import { RowError } from '../../dataset/loaders/format.js';
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
  /** The text has a field twice; `json` has only the last one. */
  readonly repeatsField: boolean;
}

/** Streams the rows of a trace. @throws UserError for a malformed row, naming file and line; it quotes no value. */
export async function* privacyRows(path: string): AsyncGenerator<PrivacyRow> {
  for await (const line of traceLines(path)) {
    yield inLine(path, line.number, () =>
      withoutValue(() => {
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
          repeatsField: repeatsField(line.text, json),
        };
      }),
    );
  }
}

/** Whether the text has more colons than what was read of it. */
function repeatsField(text: string, json: JsonObject): boolean {
  const colons = colonsIn(text);
  return colons > Object.keys(json).length && colons > colonsIn(JSON.stringify(json));
}

function colonsIn(text: string): number {
  return text.split(':').length - 1;
}

/** The value that a row has in place of the expected one may be a text that must not get into a log. */
function withoutValue<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw thrown instanceof RowError ? new RowError(thrown.message.replace(/, got .*$/s, '')) : thrown;
  }
}
