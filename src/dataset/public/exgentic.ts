import { isObject, type Json, type JsonObject, jsonIn } from '../../util/json.js';
import { RowError } from '../loaders/format.js';
import { jsonOf } from './cells.js';
import type { RowMapping } from './mapping.js';

/**
 * Recorded agents: a row is a session, and each successful call of a model in its spans a request with the whole
 * message list. Calls follow one another with the recorded pauses; at a fixed schedule each is sent at its time.
 */
export const agentCalls: RowMapping = {
  type: 'mooncake_trace',
  columns: ['session_id', 'harness', 'models', 'spans'],
  optional: ['benchmark'],
  read(row, { isScheduled, warn }) {
    const session = jsonOf(row.session_id);
    if (typeof session !== 'string' || session === '') throw new RowError('session_id must be a text');
    const spans = jsonOf(row.spans);
    if (!Array.isArray(spans)) throw new RowError('spans must be a list');
    const calls = spans
      .flatMap((span, place) => callOf(span, place))
      .sort((a, b) => a.startMs - b.startMs || a.place - b.place);
    const [first] = calls;
    if (first === undefined) {
      warn('no successful call of a model: skipped');
      return [];
    }
    return calls.map(({ startMs, place, request }, number) => {
      if (isScheduled) {
        return { session_id: `${session}:${place}`, timestamp: startMs - first.startMs, ...request };
      }
      const before = calls[number - 1];
      if (before === undefined) return { session_id: session, ...request };
      return { session_id: session, delay: Math.max(0, startMs - before.endMs), ...request };
    });
  },
};

/** A model's name without the provider in front of it. */
export function plainModel(name: string): string {
  return name.replace(/^(openai\/azure|azure|aws|gcp)\//i, '');
}

interface Call {
  readonly place: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly request: JsonObject;
}

/** A call of a model that succeeded and used tokens; else nothing. @throws RowError */
function callOf(span: Json, place: number): Call[] {
  const at = `spans[${place}]`;
  if (!isObject(span)) throw new RowError(`${at} must be an object`);
  const attributes = isObject(span.attributes) ? span.attributes : {};
  const type = span.type ?? undefined;
  const isCall =
    type === 'llm_call' || (type === undefined && attributes['gen_ai.operation.name'] === 'chat');
  const hasFailed = isObject(span.status) && span.status.code === 2;
  if (!isCall || hasFailed) return [];
  const input = attributes['gen_ai.usage.input_tokens'];
  const output = attributes['gen_ai.usage.output_tokens'];
  if (!Number.isInteger(input) || !Number.isInteger(output)) {
    throw new RowError(`${at} has token counts that are no integers`);
  }
  if (Number(input) <= 0 || Number(output) <= 0) return [];
  const startMs = timeMs(span.start_time, `${at}.start_time`);
  const endMs = timeMs(span.end_time, `${at}.end_time`);
  if (endMs < startMs) throw new RowError(`${at} ends before it starts`);
  const tools = toolsOf(attributes['gen_ai.tool.definitions'], at);
  const extra = extraOf(attributes);
  return [
    {
      place,
      startMs,
      endMs,
      request: {
        output_length: Number(attributes['gen_ai.request.max_tokens'] ?? output),
        messages: [
          ...systemMessages(attributes['gen_ai.system_instructions'], at),
          ...messagesOf(attributes['gen_ai.input.messages'], `${at} gen_ai.input.messages`),
        ],
        ...(tools.length === 0 ? {} : { tools }),
        ...(Object.keys(extra).length === 0 ? {} : { extra }),
      },
    },
  ];
}

/** Times without a zone are UTC; microseconds are kept. */
function timeMs(value: Json | undefined, at: string): number {
  const [, date, clock, fraction = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/.exec(String(value ?? '')) ?? [];
  const ms = Date.parse(`${date}T${clock}${zone}`);
  if (Number.isNaN(ms)) throw new RowError(`${at} must be an ISO time, got ${String(value)}`);
  return ms + Number(`0.${fraction || 0}`) * 1000;
}

function systemMessages(value: Json | undefined, at: string): JsonObject[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value !== 'string') throw new RowError(`${at} gen_ai.system_instructions must be a text`);
  const parts = jsonIn(value);
  const isParts = Array.isArray(parts) && parts.every(isObject);
  return isParts ? messageOf({ role: 'system', parts }, at) : [{ role: 'system', content: value }];
}

function messagesOf(value: Json | undefined, at: string): JsonObject[] {
  const messages = objectsIn(value, at).flatMap((message) => messageOf(message, at));
  if (messages.length === 0) throw new RowError(`${at} holds no message`);
  return messages;
}

/** OpenAI's messages for one of OpenTelemetry's: results of tools become messages of their own. */
function messageOf({ role, parts }: JsonObject, at: string): JsonObject[] {
  if (typeof role !== 'string' || !Array.isArray(parts)) {
    throw new RowError(`${at} has a message without role or parts`);
  }
  const messages: JsonObject[] = [];
  let content = '';
  let reasoning = '';
  let calls: JsonObject[] = [];
  const finish = () => {
    messages.push({
      role: role === 'developer' ? 'system' : role,
      content,
      ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    });
    content = '';
    reasoning = '';
    calls = [];
  };
  const isEmpty = () => content === '' && reasoning === '' && calls.length === 0;
  for (const part of parts) {
    if (!isObject(part)) throw new RowError(`${at} has a part that is no object`);
    switch (part.type) {
      case 'text':
        content += String(part.content ?? '');
        break;
      case 'thinking':
        reasoning += String(part.thinking ?? '');
        break;
      case 'tool_call':
        calls.push({
          id: part.id ?? null,
          type: 'function',
          function: { name: part.name ?? null, arguments: asText(part.arguments) },
        });
        break;
      case 'tool_call_response':
        if (!isEmpty()) finish();
        messages.push({ role: 'tool', tool_call_id: part.id ?? null, content: asText(part.result) });
        break;
      default:
        throw new RowError(
          `${at} has a message part of the unknown type ${JSON.stringify(part.type ?? null)}`,
        );
    }
  }
  if (!isEmpty() || messages.length === 0) finish();
  return messages;
}

function toolsOf(value: Json | undefined, at: string): JsonObject[] {
  if (value === undefined || value === null) return [];
  return objectsIn(value, `${at} gen_ai.tool.definitions`).map(({ type, name, description, parameters }) => {
    if (type !== 'function') throw new RowError(`${at} has a tool of the unknown type ${String(type)}`);
    const described = {
      name: name ?? null,
      description: description ?? null,
      parameters: parameters ?? null,
    };
    return { type: 'function', function: described };
  });
}

function extraOf(attributes: JsonObject): JsonObject {
  const temperature = attributes['gen_ai.request.temperature'] ?? undefined;
  const stop = attributes['gen_ai.request.stop_sequences'] ?? undefined;
  return {
    ...(typeof temperature === 'number' ? { temperature } : {}),
    ...(Array.isArray(stop) && stop.length > 0 ? { stop } : {}),
  };
}

/** A list of objects, or its JSON text. */
function objectsIn(value: Json | undefined, at: string): JsonObject[] {
  const list = typeof value === 'string' ? jsonIn(value) : value;
  if (Array.isArray(list) && list.every(isObject)) return list;
  throw new RowError(`${at} must be a list of objects`);
}

function asText(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
