import { isObject, type JsonObject } from '../util/json.js';
import type { BodyOptions, BodyRequest, Endpoint } from './endpoint.js';

/**
 * The body that goes out: the endpoint's own keys, then `--extra-inputs`, then the entry's extras, merged on the
 * top level; then the usage option of streams. A recorded payload goes out as it is.
 * @throws UserError where the endpoint cannot say this turn.
 */
export function finishedBody(endpoint: Endpoint, request: BodyRequest, options: BodyOptions): JsonObject {
  if (request.turn.payload) return request.turn.payload;
  const body: JsonObject = {
    ...endpoint.body(request, options),
    ...options.extraInputs,
    ...request.turn.extra,
  };
  if (body.stream !== true) return body;
  const given = isObject(body.stream_options) ? body.stream_options : {};
  if (body.stream_options !== undefined && body.stream_options !== null && !isObject(body.stream_options))
    return body;
  return { ...body, stream_options: { include_usage: true, ...given } };
}

/** All text of a body as the server reads it, joined by single spaces: what its input length is counted from. */
export function inputTextOf(body: JsonObject): string {
  const texts: string[] = [];
  for (const key of ['system', 'instructions', 'messages', 'prompt', 'input', 'inputs', 'tools']) {
    const value = body[key];
    if (value === undefined) continue;
    if (key === 'tools') texts.push(JSON.stringify(value));
    else collectText(value, texts);
  }
  return texts.join(' ');
}

/** Message contents, text parts, replayed tool calls; roles, types and pictures are no text. */
function collectText(value: unknown, texts: string[]): void {
  if (typeof value === 'string') {
    if (value !== '') texts.push(value);
  } else if (Array.isArray(value)) {
    for (const item of value) collectText(item, texts);
  } else if (isObject(value)) {
    if (value.content !== undefined) collectText(value.content, texts);
    if (typeof value.text === 'string') collectText(value.text, texts);
    if (Array.isArray(value.tool_calls)) {
      for (const call of value.tool_calls) {
        if (isObject(call) && isObject(call.function)) {
          collectText(call.function.name, texts);
          collectText(call.function.arguments, texts);
        }
      }
    }
  }
}
