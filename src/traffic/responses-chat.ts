import { textOf } from '../endpoint/payload.js';
import { isObject, type JsonObject } from '../util/json.js';

/**
 * The input of a body of OpenAI's responses API as a chat; undefined if there is none. What the server keeps
 * (`previous_response_id`, `conversation`) is not part of it.
 */
export function responsesChat({ instructions, input }: JsonObject): JsonObject[] | undefined {
  const system = typeof instructions === 'string' ? [{ role: 'system', content: instructions }] : [];
  if (typeof input === 'string') return [...system, { role: 'user', content: input }];
  if (!Array.isArray(input) || !input.every(isObject)) return undefined;
  return [...system, ...input.flatMap(chatMessage)];
}

function chatMessage(item: JsonObject): JsonObject[] {
  if (item.type === 'function_call') {
    const call = { name: textOf(item.name), arguments: textOf(item.arguments) };
    const calls = [{ id: item.call_id ?? null, type: 'function', function: call }];
    return [{ role: 'assistant', content: '', tool_calls: calls }];
  }
  if (item.type === 'function_call_output') {
    return [{ role: 'tool', tool_call_id: item.call_id ?? null, content: item.output ?? '' }];
  }
  return typeof item.role === 'string' ? [item] : [];
}
