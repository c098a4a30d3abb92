import { isObject, type Json, type JsonObject, jsonIn } from '../../../util/json.js';
import type { Span } from './span.js';

/** A request to a language model, as a span recorded it. */
export interface Call {
  readonly span: Span;
  /** The whole chat as OpenAI's messages; undefined if the trace has no content. */
  readonly messages: readonly JsonObject[] | undefined;
  readonly tools: readonly JsonObject[] | undefined;
  /** Text of the answer; undefined if the trace has none. */
  readonly output: string | undefined;
  readonly inputTokens: number | undefined;
  /** Of them, those that the server had in its prefix cache. */
  readonly cachedTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly maxTokens: number | undefined;
  /** In place of one of `--model`. */
  readonly model?: string | undefined;
}

const callOperations = ['chat', 'text_completion', 'generate_content', 'completion'];

/** The call that a span recorded; undefined if it is none: a tool, an agent, an embedding, other work. */
export function callOf(span: Span): Call | undefined {
  const { attributes } = span;
  const operation = attributes['gen_ai.operation.name'] ?? attributes['llm.request.type'];
  if (typeof operation === 'string' && !callOperations.includes(operation)) return undefined;
  if (operation === undefined && attributes['gen_ai.request.model'] === undefined) return undefined;
  const facts = contentAttributes(span);
  const number = (...keys: string[]) =>
    keys.map((key) => numberIn(attributes[key])).find((n) => n !== undefined);
  return {
    span,
    messages: messagesOf(span, facts),
    tools: toolsOf(facts['gen_ai.tool.definitions']),
    output: outputOf(facts),
    inputTokens: number('gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'),
    cachedTokens: number('gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens'),
    outputTokens: number('gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'),
    maxTokens: number('gen_ai.request.max_tokens'),
  };
}

/** Attributes of the span and of its events, which may hold the content. */
function contentAttributes({ attributes, events }: Span): JsonObject {
  return Object.assign({}, ...events.map((event) => event.attributes), attributes);
}

function messagesOf({ events }: Span, facts: JsonObject): JsonObject[] | undefined {
  const system = listIn(facts['gen_ai.system_instructions']);
  const list = listIn(facts['gen_ai.input.messages']) ?? listIn(facts['gen_ai.prompt']);
  const prompt = facts['gen_ai.prompt'];
  const listed =
    list?.filter(isObject).flatMap(messagesOfEntry) ??
    (typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : indexed(facts, 'gen_ai.prompt'));
  const messages = listed.length > 0 ? listed : messagesOfEvents(events);
  if (messages.length === 0) return undefined;
  return system === undefined || system.length === 0
    ? messages
    : [{ role: 'system', content: textOfParts(system) }, ...messages];
}

/** One message, or of the results of several tools one each. */
function messagesOfEntry(entry: JsonObject): JsonObject[] {
  const { parts, role = 'user' } = entry;
  if (!Array.isArray(parts)) return 'role' in entry ? [entry] : [];
  const results = parts.filter(isObject).filter(({ type }) => type === 'tool_call_response');
  if (results.length > 0) {
    return results.map(({ id, response, result }) => ({
      role: 'tool',
      tool_call_id: id ?? '',
      content: asText(response ?? result ?? ''),
    }));
  }
  const calls = parts.filter(isObject).filter(({ type }) => type === 'tool_call');
  const content = textOfParts(parts);
  if (calls.length === 0) return [{ role, content }];
  return [{ role, content: content === '' ? null : content, tool_calls: calls.map(toolCall) }];
}

function toolCall({ id, name, arguments: parameters }: JsonObject): JsonObject {
  return {
    id: id ?? '',
    type: 'function',
    function: { name: name ?? '', arguments: asText(parameters ?? {}) },
  };
}

function textOfParts(parts: readonly Json[]): string {
  return parts
    .map((part) =>
      isObject(part) ? (part.type === 'text' || part.type === undefined ? part.content : '') : part,
    )
    .filter((text) => typeof text === 'string' && text !== '')
    .join('\n');
}

/** Events `gen_ai.user.message` and the like, each with its content. */
function messagesOfEvents(events: Span['events']): JsonObject[] {
  return events.flatMap(({ name, attributes }) => {
    const role = /^gen_ai\.(system|user|assistant|tool)\.message$/.exec(name)?.[1];
    if (role === undefined) return [];
    const { content, id, tool_calls: calls } = attributes;
    const listed = listIn(calls)?.filter(isObject);
    return [
      {
        role,
        content: content ?? (listed === undefined ? '' : null),
        ...(role === 'tool' ? { tool_call_id: id ?? '' } : {}),
        ...(listed === undefined ? {} : { tool_calls: listed }),
      },
    ];
  });
}

/** Attributes `PREFIX.0.role`, `PREFIX.0.content` and so on. */
function indexed(facts: JsonObject, prefix: string): JsonObject[] {
  const messages: JsonObject[] = [];
  for (let place = 0; `${prefix}.${place}.role` in facts || `${prefix}.${place}.content` in facts; place++) {
    const content = facts[`${prefix}.${place}.content`] ?? '';
    messages.push({ role: facts[`${prefix}.${place}.role`] ?? 'user', content });
  }
  return messages;
}

function outputOf(facts: JsonObject): string | undefined {
  const text = facts['gen_ai.output.text'];
  if (typeof text === 'string') return text;
  const list = listIn(facts['gen_ai.output.messages']) ?? listIn(facts['gen_ai.completion']);
  const messages = list?.filter(isObject).flatMap(messagesOfEntry) ?? indexed(facts, 'gen_ai.completion');
  const content = messages.at(-1)?.content;
  return typeof content === 'string' ? content : undefined;
}

function toolsOf(value: Json | undefined): JsonObject[] | undefined {
  const tools = listIn(value)?.filter(isObject);
  if (tools === undefined || tools.length === 0) return undefined;
  return tools.map((tool) => ('function' in tool ? tool : { type: 'function', function: withoutType(tool) }));
}

function withoutType({ type, ...tool }: JsonObject): JsonObject {
  return tool;
}

/** A list, also one that is written as JSON text. */
function listIn(value: Json | undefined): Json[] | undefined {
  const list = typeof value === 'string' ? jsonIn(value) : value;
  return Array.isArray(list) ? list : undefined;
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function numberIn(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? number : undefined;
}
