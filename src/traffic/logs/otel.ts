import { attributesOf, writtenSpans } from '../../dataset/loaders/otel/span.js';
import { textOf } from '../../endpoint/payload.js';
import { isObject, type Json, type JsonObject, jsonIn } from '../../util/json.js';
import type { LogFormat, LoggedAnswer, LoggedRequest } from './log-format.js';
import { timeAt } from './times.js';

/** OpenTelemetry spans of generative AI: OTLP in JSON, lists of spans, or one span a row. */
export const otelLog: LogFormat = {
  marks: (row) =>
    Array.isArray(row.spans) ||
    Array.isArray(row.resourceSpans ?? row.resource_spans) ||
    isGenAi(attributesOf(row.attributes)),
  read: (row) => writtenSpans(row).flatMap(({ span }) => readSpan(span)),
};

function readSpan(span: JsonObject): readonly LoggedRequest[] {
  const own = attributesOf(span.attributes);
  if (!isGenAi(own)) return [];
  // Contents may be in events of the span.
  const events = Array.isArray(span.events)
    ? span.events.filter(isObject).map((event) => attributesOf(event.attributes))
    : [];
  const all: JsonObject = Object.assign({}, ...events, own);
  const prompt = promptOf(all);
  if (prompt === undefined) return [];
  const model = all['gen_ai.request.model'] ?? all['gen_ai.response.model'] ?? '';
  const maxTokens = all['gen_ai.request.max_tokens'];
  const tools = parsed(all['gen_ai.tool.definitions']);
  return [
    {
      body: {
        model,
        ...prompt,
        ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
        ...(Array.isArray(tools) ? { tools } : {}),
      },
      atMs: timeAt(span, ['startTimeUnixNano', 'start_time_unix_nano', 'start_time', 'startTime']),
      endMs: timeAt(span, ['endTimeUnixNano', 'end_time_unix_nano', 'end_time', 'endTime']),
      answer: isFailed(span) ? { kind: 'failed' } : answerOf(all),
    },
  ];
}

function isGenAi(attributes: JsonObject): boolean {
  return Object.keys(attributes).some((key) => key.startsWith('gen_ai.'));
}

function promptOf(all: JsonObject): JsonObject | undefined {
  const input = parsed(all['gen_ai.input.messages']) ?? indexed(all, 'gen_ai.prompt');
  if (Array.isArray(input) && input.length > 0) {
    const system = parsed(all['gen_ai.system_instructions']);
    const first = Array.isArray(system) ? [{ role: 'system', content: textsIn(system) }] : [];
    return { messages: [...first, ...input.filter(isObject).flatMap(chatMessages)] };
  }
  const prompt = all['gen_ai.prompt'];
  return typeof prompt === 'string' && prompt !== '' ? { prompt } : undefined;
}

function answerOf(all: JsonObject): LoggedAnswer {
  const tokens = all['gen_ai.usage.output_tokens'] ?? all['gen_ai.usage.completion_tokens'];
  if (typeof tokens === 'number') return { kind: 'facts', facts: { tokens, text: undefined } };
  const output = parsed(all['gen_ai.output.messages']) ?? indexed(all, 'gen_ai.completion');
  const text = Array.isArray(output)
    ? output.filter(isObject).flatMap(chatMessages).map(answerText).join('')
    : textOf(all['gen_ai.output.text'] ?? all['gen_ai.completion']);
  return text === '' ? { kind: 'unknown' } : { kind: 'facts', facts: { tokens: undefined, text } };
}

function answerText({ content, tool_calls: calls }: JsonObject): string {
  const functions = Array.isArray(calls) ? calls.filter(isObject).map((call) => call.function) : [];
  const texts = functions.filter(isObject).map((of) => `${textOf(of.name)}${textOf(of.arguments)}`);
  return [typeof content === 'string' ? content : textsIn(content), ...texts].join('');
}

/** Attributes `PREFIX.0.role`, `PREFIX.0.content` and so on, as OpenLLMetry writes them. */
function indexed(all: JsonObject, prefix: string): JsonObject[] | undefined {
  const messages: JsonObject[] = [];
  for (let index = 0; `${prefix}.${index}.role` in all || `${prefix}.${index}.content` in all; index++) {
    messages.push({
      role: all[`${prefix}.${index}.role`] ?? 'user',
      content: parsed(all[`${prefix}.${index}.content`]) ?? '',
    });
  }
  return messages.length === 0 ? undefined : messages;
}

/** A message with `parts`, as the semantic conventions have it, in the form of chat completions. */
function chatMessages(message: JsonObject): JsonObject[] {
  const { role, parts } = message;
  if (!Array.isArray(parts)) return [message];
  const results: JsonObject[] = [];
  const calls: JsonObject[] = [];
  const rest: Json[] = [];
  for (const part of parts.filter(isObject)) {
    const { type, id = null } = part;
    if (type === 'tool_call_response') {
      const content = part.response ?? part.result ?? '';
      results.push({
        role: 'tool',
        tool_call_id: id,
        content: isObject(content) ? JSON.stringify(content) : content,
      });
    } else if (type === 'tool_call') {
      const given = part.arguments ?? {};
      const text = typeof given === 'string' ? given : JSON.stringify(given);
      calls.push({ id, type: 'function', function: { name: textOf(part.name), arguments: text } });
    } else if (type !== 'reasoning') {
      rest.push(part);
    }
  }
  if (rest.length === 0 && calls.length === 0) return results;
  const tail = calls.length === 0 ? {} : { tool_calls: calls };
  return [...results, { role: role ?? 'user', content: rest, ...tail }];
}

function textsIn(parts: Json | undefined): string {
  if (!Array.isArray(parts)) return '';
  return parts.map((part) => (isObject(part) ? textOf(part.content ?? part.text) : textOf(part))).join('\n');
}

function isFailed({ status, attributes }: JsonObject): boolean {
  const code = isObject(status) ? (status.code ?? status.status_code) : status;
  return code === 2 || /ERROR$/.test(String(code ?? '')) || 'error.type' in attributesOf(attributes);
}

function parsed(value: Json | undefined): Json | undefined {
  return typeof value === 'string' && /^\s*[[{]/.test(value) ? (jsonIn(value) ?? value) : value;
}
