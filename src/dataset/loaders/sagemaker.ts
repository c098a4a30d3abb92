import type { JsonObject } from '../../util/json.js';
import { jsonExcerpt, lengthField, objectField, stringField } from './fields.js';
import { RowError, type RowFormat } from './format.js';
import { readMessages, readTools } from './mooncake-trace.js';
import { parseRowText } from './parse-row.js';
import { sinceStart, wallClock } from './wall-clock.js';

/** A request that an endpoint of Amazon SageMaker captured: its messages, tools, output cap and time. */
export const sageMaker = {
  isTrace: true,
  wallClock: 'any order',
  marks: (row) => 'captureData' in row && 'eventMetadata' in row,
  read(row, context) {
    const time = stringField(required(row, 'eventMetadata'), 'inferenceTime');
    if (time === undefined) throw new RowError('eventMetadata has no inferenceTime');
    const body = bodyOf(required(required(row, 'captureData'), 'endpointInput'));
    if (!Array.isArray(body.messages)) {
      throw new RowError(
        `endpointInput has no messages: ${jsonExcerpt(body)}; only bodies of OpenAI's chat API are read`,
      );
    }
    const capKey = (body.max_tokens ?? undefined) === undefined ? 'max_completion_tokens' : 'max_tokens';
    const maxTokens = lengthField(body, capKey);
    return {
      turns: [
        {
          role: 'user',
          texts: [],
          messages: readMessages(body),
          tools: readTools(body),
          // No server takes a cap of 0.
          maxTokens: maxTokens === 0 ? 1 : maxTokens,
          timestampMs: sinceStart(wallClock('inferenceTime', time), context.originMs),
        },
      ],
      input: 'messages',
      history: 'self-contained',
    };
  },
} as const satisfies RowFormat;

function required(row: JsonObject, key: string): JsonObject {
  const value = objectField(row, key);
  if (value !== undefined) return value;
  throw new RowError(`the row has no ${key}`);
}

/** The body in a captured entry, as text or in base64. */
function bodyOf(entry: JsonObject): JsonObject {
  const encoding = stringField(entry, 'encoding') ?? 'BASE64';
  const data = stringField(entry, 'data');
  if (data === undefined) throw new RowError('endpointInput has no data');
  if (encoding !== 'JSON' && encoding !== 'BASE64')
    throw new RowError(`endpointInput must be in JSON or BASE64, got ${encoding}`);
  const text = encoding === 'JSON' ? data : Buffer.from(data, 'base64').toString();
  try {
    return parseRowText(text);
  } catch (error) {
    throw error instanceof RowError ? new RowError(`endpointInput: ${error.message}`) : error;
  }
}
