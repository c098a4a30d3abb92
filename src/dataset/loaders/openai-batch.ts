import type { JsonObject } from '../../util/json.js';
import { objectField, stringField } from './fields.js';
import { type RowContext, RowError, type RowFormat, type RowTurn } from './format.js';
import { readMessages, readTools } from './mooncake-trace.js';
import { promptTexts } from './single-turn.js';

/**
 * A request of OpenAI's batch API. Its body is sent with its own parameters, including `max_tokens`; only `model` and
 * `stream` are replaced by those of the run.
 */
export const openAiBatch: RowFormat = {
  sessionKey: 'custom_id',
  marks: (row) => 'custom_id' in row && 'body' in row,
  read(row, context) {
    const url = stringField(row, 'url');
    if (url !== undefined && !/\/(chat\/)?completions$/.test(url)) {
      throw new RowError(`url ${url} is not supported: only /v1/chat/completions and /v1/completions are`);
    }
    const body = objectField(row, 'body');
    if (body === undefined) throw new RowError('the row has no body');
    return {
      sessionId: stringField(row, 'custom_id'),
      turns: [readBody(body, context)],
      input: 'body',
      history: 'self-contained',
    };
  },
};

function readBody(body: JsonObject, context: RowContext): RowTurn {
  const {
    model,
    stream: _stream,
    stream_options: _options,
    messages,
    tools: _tools,
    prompt,
    ...extra
  } = body;
  if (typeof model === 'string') context.warn(`the body's model ${model} is replaced by that of --model`);
  if ((messages ?? undefined) !== undefined) {
    return { role: 'user', texts: [], messages: readMessages(body), tools: readTools(body), extra };
  }
  if ((prompt ?? undefined) === undefined) throw new RowError('the body has neither messages nor a prompt');
  return { role: 'user', texts: promptTexts(body, context), extra };
}
