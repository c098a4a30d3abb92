import { textOf } from '../endpoint/payload.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';

/** The messages of a body of Anthropic's API in the form that chat templates take; undefined if there are none. */
export function anthropicChat({ system, messages }: JsonObject): JsonObject[] | undefined {
  if (!Array.isArray(messages)) return undefined;
  const chat = messages.filter(isObject).flatMap(chatMessages);
  return system === undefined || system === null ? chat : [{ role: 'system', content: system }, ...chat];
}

/** A message with tool results becomes several: one for each result, and one for the rest. */
function chatMessages(message: JsonObject): JsonObject[] {
  const { role, content } = message;
  if (!Array.isArray(content)) return [message];
  const results: JsonObject[] = [];
  const parts: Json[] = [];
  const calls: JsonObject[] = [];
  for (const part of content.filter(isObject)) {
    if (part.type === 'tool_result') {
      results.push({ role: 'tool', tool_call_id: part.tool_use_id ?? null, content: part.content ?? '' });
    } else if (part.type === 'tool_use') {
      calls.push({
        id: part.id ?? null,
        type: 'function',
        function: { name: textOf(part.name), arguments: JSON.stringify(part.input ?? {}) },
      });
    } else if (part.type !== 'thinking' && part.type !== 'redacted_thinking') {
      parts.push(part);
    }
  }
  const hasRest = parts.length > 0 || calls.length > 0 || results.length === 0;
  const rest = { role: role ?? 'user', content: parts, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
  return hasRest ? [...results, rest] : results;
}
