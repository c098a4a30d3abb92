import type { Turn } from '../dataset/conversation.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import type { BodyOptions, BodyRequest, Chunk, Endpoint } from './endpoint.js';
import { nonEmptyText, usageOf } from './units.js';

/** OpenAI's chat completions. */
export const chat: Endpoint = {
  path: '/v1/chat/completions',
  canStream: true,
  producesTokens: true,
  title: 'LLM Metrics',
  textKeys: ['content', 'reasoning_content', 'reasoning'],
  body: chatBody,
  read: readChat,
};

function chatBody({ conversation, turn, past }: BodyRequest, options: BodyOptions): JsonObject {
  const messages: JsonObject[] = turn.messages ? [...turn.messages] : [];
  if (!turn.messages) {
    for (const { turn: earlier, answer } of past) {
      messages.push(userMessage(earlier));
      if (answer) messages.push(assistantMessage(answer.content, answer.toolCalls));
    }
    messages.push(userMessage(turn));
  }
  const body: JsonObject = {
    messages: withSystemMessage(messages, conversation.systemMessage),
    model: turn.model,
    stream: options.streaming,
  };
  if (turn.tools) body.tools = [...turn.tools];
  if (turn.maxTokens !== undefined) {
    body[options.legacyMaxTokens ? 'max_tokens' : 'max_completion_tokens'] = turn.maxTokens;
  }
  return body;
}

/** An authored system message at the front keeps its place: the conversation's system text is joined to it. */
function withSystemMessage(messages: JsonObject[], system: string | undefined): JsonObject[] {
  if (system === undefined) return messages;
  const [first, ...rest] = messages;
  if (first?.role === 'system' && typeof first.content === 'string') {
    return [{ ...first, content: `${system}\n\n${first.content}` }, ...rest];
  }
  return [{ role: 'system', content: system }, ...messages];
}

function userMessage(turn: Turn): JsonObject {
  const texts = turn.texts.flatMap((named) => named.contents).filter((text) => text !== '');
  const content: Json = texts.length <= 1 ? (texts[0] ?? '') : texts.map((text) => ({ type: 'text', text }));
  return { role: turn.role, content };
}

function assistantMessage(content: string, toolCalls: readonly JsonObject[] | undefined): JsonObject {
  if (!toolCalls || toolCalls.length === 0) return { role: 'assistant', content };
  return { role: 'assistant', content: content === '' ? null : content, tool_calls: [...toolCalls] };
}

/**
 * A chunk's `delta` or a body's `message`. `object` tells which where it is there; without it the shape does,
 * since forks and gateways leave it out.
 */
function readChat(unit: Json): Chunk | undefined {
  if (!isObject(unit)) return undefined;
  if (typeof unit.object === 'string' && unit.object !== '' && !unit.object.startsWith('chat.completion'))
    return undefined;
  const choices = unit.choices;
  if (!Array.isArray(choices)) return usageOf(unit);
  const choice = choices[0];
  if (!isObject(choice)) return usageOf(unit);
  const message = isObject(choice.delta) ? choice.delta : isObject(choice.message) ? choice.message : {};
  const { content, tool_calls: toolCalls } = message;
  const reasoning = message.reasoning_content || message.reasoning;
  // Set one by one: spreading five parts takes half as long as parsing a short answer.
  const chunk: { -readonly [Key in keyof Chunk]: Chunk[Key] } = Array.isArray(toolCalls)
    ? toolCallsOf(toolCalls)
    : {};
  if (typeof content === 'string' && content !== '') chunk.text = content;
  if (typeof reasoning === 'string' && reasoning !== '') chunk.reasoning = reasoning;
  const { usage } = usageOf(unit);
  if (usage !== undefined) chunk.usage = usage;
  if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '') chunk.finished = true;
  return chunk;
}

function toolCallsOf(calls: readonly Json[]): Chunk {
  const toolCalls = calls.filter(isObject);
  const toolText = toolCalls
    .map((call) =>
      isObject(call.function) ? textOf(call.function.name) + textOf(call.function.arguments) : '',
    )
    .join('');
  return { toolCalls, ...nonEmptyText('toolText', toolText) };
}

function textOf(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
