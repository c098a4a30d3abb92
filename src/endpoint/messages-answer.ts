import { isObject, type Json, type JsonObject } from '../util/json.js';
import type { Chunk } from './endpoint.js';
import { failedFinish } from './failure.js';
import { hasMembers, textOf } from './payload.js';

/** A unit of Anthropic's messages: an event of a stream, or a whole message. */
export function readMessages(unit: Json): Chunk | undefined {
  if (!isObject(unit)) return undefined;
  switch (unit.type) {
    case 'content_block_delta':
      return isObject(unit.delta) ? readDelta(unit.delta, indexOf(unit)) : {};
    case 'content_block_start': {
      const { content_block: block } = unit;
      if (!isObject(block) || block.type !== 'tool_use') return {};
      // The name of a streamed call is kept for the history and not counted.
      return { toolCalls: [callOf(block, indexOf(unit), '')] };
    }
    case 'message_start':
      return isObject(unit.message) ? usagePart(unit.message.usage) : {};
    case 'message_delta': {
      const reason = isObject(unit.delta) ? unit.delta.stop_reason : undefined;
      return { ...usagePart(unit.usage), ...finishOf(reason) };
    }
    case 'message':
      return readWhole(unit);
    case undefined:
      // Gateways leave out `type`.
      return Array.isArray(unit.content) ? readWhole(unit) : undefined;
    default:
      return {};
  }
}

function readDelta({ type, text, thinking, partial_json: json }: JsonObject, index: number): Chunk {
  if (type === 'text_delta' && typeof text === 'string' && text !== '') return { text };
  if (type === 'thinking_delta' && typeof thinking === 'string' && thinking !== '') {
    return { reasoning: thinking };
  }
  if (type === 'input_json_delta' && typeof json === 'string' && json !== '') {
    return { toolText: json, toolCalls: [{ index, function: { arguments: json } }] };
  }
  return {};
}

/** All content of a message that is sent as a whole. */
function readWhole({ content, usage, stop_reason: reason }: JsonObject): Chunk {
  let text = '';
  let reasoning = '';
  let toolText = '';
  const toolCalls: JsonObject[] = [];
  for (const block of Array.isArray(content) ? content : []) {
    if (!isObject(block)) continue;
    if (block.type === 'text') text += textOf(block.text);
    else if (block.type === 'thinking') reasoning += textOf(block.thinking);
    else if (block.type === 'tool_use') {
      const parameters = JSON.stringify(block.input ?? {});
      toolText += textOf(block.name) + parameters;
      toolCalls.push(callOf(block, toolCalls.length, parameters));
    }
  }
  return {
    ...finishOf(reason),
    ...(hasMembers(usage) ? { usage } : {}),
    ...(text === '' ? {} : { text }),
    ...(reasoning === '' ? {} : { reasoning }),
    ...(toolText === '' ? {} : { toolText, toolCalls }),
  };
}

/** The start of a stream reports the input tokens, its end the output tokens. */
function usagePart(usage: Json | undefined): Chunk {
  return hasMembers(usage) ? { usage, addsUsage: true } : {};
}

function finishOf(reason: Json | undefined): Chunk {
  if (typeof reason !== 'string' || reason === '') return {};
  const failure = failedFinish(reason);
  return { finishReason: reason, ...(failure === undefined ? {} : { failure }) };
}

/** The call in the form of chat completions, which the history has. */
function callOf({ id, name }: JsonObject, index: number, parameters: string): JsonObject {
  return { index, id: textOf(id), type: 'function', function: { name: textOf(name), arguments: parameters } };
}

function indexOf({ index }: JsonObject): number {
  return typeof index === 'number' ? index : 0;
}
