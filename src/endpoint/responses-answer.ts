import { isObject, type Json, type JsonObject } from '../util/json.js';
import type { Chunk } from './endpoint.js';
import { failureIn, unitFailure } from './failure.js';
import { hasMembers, textOf } from './payload.js';

/** A unit of OpenAI's responses: an event of a stream, or a whole response. */
export function readResponses(unit: Json): Chunk | undefined {
  if (!isObject(unit)) return undefined;
  const { type, object, delta, response } = unit;
  if (typeof type !== 'string') {
    // Gateways leave out `object`.
    const isResponse =
      object === 'response' || (object === undefined && ('output' in unit || 'output_text' in unit));
    return isResponse ? readWhole(unit) : undefined;
  }
  switch (type) {
    case 'response.output_text.delta':
      return nonEmpty(delta, (text) => ({ text }));
    case 'response.reasoning_text.delta':
      return nonEmpty(delta, (reasoning) => ({ reasoning }));
    case 'response.function_call_arguments.delta':
      return nonEmpty(delta, (toolText) => ({
        toolText,
        toolCalls: [{ index: indexOf(unit), function: { arguments: toolText } }],
      }));
    case 'response.output_item.added': {
      const { item } = unit;
      if (!isObject(item) || item.type !== 'function_call') return {};
      // The name of a streamed call is kept for the history and not counted.
      return { toolCalls: [callOf(item, indexOf(unit), '')] };
    }
    case 'response.output_text.done':
      return nonEmpty(unit.text, (text) => ({ text, isWholeMessage: true }));
    case 'response.completed':
    case 'response.incomplete':
      return isObject(response) ? endOf(response) : {};
    case 'response.failed': {
      const text = JSON.stringify(unit);
      const failed = isObject(response) ? response : unit;
      return { failure: failureIn(failed, text) ?? unitFailure(failed, text) };
    }
    case 'response.reasoning_summary_text.delta':
    case 'response.refusal.delta':
      return { unread: [type] };
    default:
      return {};
  }
}

/** All content of a response that is sent as a whole. */
function readWhole(unit: JsonObject): Chunk {
  const { output, output_text: top } = unit;
  let text = '';
  let reasoning = '';
  let toolText = '';
  const toolCalls: JsonObject[] = [];
  for (const item of Array.isArray(output) ? output : []) {
    if (!isObject(item)) continue;
    if (item.type === 'message') text += partsOf(item.content, 'output_text');
    else if (item.type === 'reasoning')
      reasoning += partsOf(item.summary, 'summary_text') || partsOf(item.content, 'reasoning_text');
    else if (item.type === 'function_call') {
      const parameters = textOf(item.arguments);
      toolText += textOf(item.name) + parameters;
      toolCalls.push(callOf(item, toolCalls.length, parameters));
    }
  }
  if (text === '' && toolText === '') text = textOf(top);
  return {
    ...endOf(unit),
    ...(text === '' ? {} : { text }),
    ...(reasoning === '' ? {} : { reasoning }),
    ...(toolText === '' ? {} : { toolText, toolCalls }),
  };
}

/** What a finished response says besides its content. */
function endOf({ id, usage, status, incomplete_details: details }: JsonObject): Chunk {
  const reason = isObject(details) && typeof details.reason === 'string' ? details.reason : status;
  return {
    ...(typeof id === 'string' && id !== '' ? { id } : {}),
    ...(hasMembers(usage) ? { usage } : {}),
    finishReason: typeof reason === 'string' && reason !== '' ? reason : 'completed',
  };
}

function partsOf(parts: Json | undefined, type: string): string {
  if (!Array.isArray(parts)) return '';
  return parts.map((part) => (isObject(part) && part.type === type ? textOf(part.text) : '')).join('');
}

/** The call in the form of chat completions, which the history has. */
function callOf(item: JsonObject, index: number, parameters: string): JsonObject {
  return {
    index,
    id: textOf(item.call_id),
    type: 'function',
    function: { name: textOf(item.name), arguments: parameters },
  };
}

function indexOf({ output_index: index }: JsonObject): number {
  return typeof index === 'number' ? index : 0;
}

function nonEmpty(value: Json | undefined, chunkOf: (text: string) => Chunk): Chunk {
  return typeof value === 'string' && value !== '' ? chunkOf(value) : {};
}
