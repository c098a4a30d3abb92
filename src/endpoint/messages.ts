import type { MediaItem, Turn } from '../dataset/conversation.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { chat } from './chat.js';
import { outputWarnings } from './completion-api.js';
import type { AssistantMessage, BodyOptions, BodyRequest, Endpoint } from './endpoint.js';
import { encodedMedia } from './media.js';
import { readMessages } from './messages-answer.js';
import { contextMessages, textOf, textsOf, withExtras } from './payload.js';
import { cannedEvents } from './text-canned.js';

/** The API demands a cap; this one is sent with turns that have none. */
const DEFAULT_MAX_TOKENS = 1024;

/** Anthropic's messages. */
export const messages: Endpoint = {
  path: '/v1/messages',
  headers: { apiKey: 'x-api-key', fixed: { 'anthropic-version': '2023-06-01' } },
  canStream: true,
  producesTokens: true,
  title: 'LLM Metrics',
  contentName: 'text, thinking or tool calls',
  media: ['image'],
  placesMedia: true,
  hasSystemSlot: true,
  takesMarkers: true,
  inputKeys: ['system', 'messages', 'tools'],
  capKeys: ['max_tokens'],
  demandsCap: true,
  streamTextKeys: ['text', 'thinking'],
  body: messagesBody,
  probeBody: chat.probeBody,
  read: readMessages,
  cannedTexts: [{ name: 'text', contents: ['Some text to start with.'] }],
  cannedAnswer: (streaming, tokens) => {
    const usage = { input_tokens: 8, output_tokens: tokens };
    return cannedEvents(streaming, tokens, {
      whole: (text) => ({
        type: 'message',
        content: [{ type: 'text', text }],
        stop_reason: 'max_tokens',
        usage,
      }),
      piece: (text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
      ends: [
        { type: 'message_delta', delta: { stop_reason: 'max_tokens' }, usage },
        { type: 'message_stop' },
      ],
      namesEvents: true,
    });
  },
  warnings: outputWarnings,
};

function messagesBody(request: BodyRequest, options: BodyOptions): JsonObject {
  const { conversation, turn, past } = request;
  const history = past.flatMap(({ turn: earlier, answer }) => [
    ...messagesOf(earlier),
    assistantMessage(answer),
  ]);
  const context = turn.messages ? [] : contextMessages(conversation);
  const all = [...context, ...history, ...messagesOf(turn)];
  // A recorded array may hold system messages, which this API takes apart from the others.
  const system = [conversation.systemMessage, ...all.filter(isSystem).map(({ content }) => textOf(content))]
    .filter((text) => text !== undefined && text !== '')
    .join('\n\n');
  const body: JsonObject = {
    model: turn.model,
    messages: all.filter((message) => !isSystem(message)),
    max_tokens: turn.maxTokens ?? DEFAULT_MAX_TOKENS,
  };
  if (system !== '') body.system = system;
  if (turn.tools) body.tools = [...turn.tools];
  if (options.streaming) body.stream = true;
  return withExtras(body, request, options);
}

function isSystem({ role }: JsonObject): boolean {
  return role === 'system';
}

/** What a turn adds to the chat. */
function messagesOf(turn: Turn): readonly JsonObject[] {
  return turn.messages ?? [userMessage(turn)];
}

function userMessage(turn: Turn): JsonObject {
  const texts = textsOf(turn);
  if (texts.length <= 1 && turn.media === undefined) return { role: turn.role, content: texts[0] ?? '' };
  const content = [...texts.map((text) => ({ type: 'text', text })), ...(turn.media ?? []).map(imageBlock)];
  return { role: turn.role, content };
}

function imageBlock(item: MediaItem): JsonObject {
  const url = item.value();
  const encoded = encodedMedia(url);
  const source: JsonObject =
    encoded === undefined
      ? { type: 'url', url }
      : { type: 'base64', media_type: encoded.mediaType, data: encoded.base64 };
  return { type: 'image', source };
}

function assistantMessage({ content, toolCalls = [] }: AssistantMessage): JsonObject {
  if (toolCalls.length === 0) return { role: 'assistant', content };
  const calls = toolCalls.map(({ id, function: called }): JsonObject => {
    const { name, arguments: parameters } = isObject(called) ? called : {};
    return { type: 'tool_use', id: id ?? '', name: textOf(name), input: parsed(textOf(parameters)) };
  });
  return {
    role: 'assistant',
    content: content === '' ? calls : [{ type: 'text', text: content }, ...calls],
  };
}

/** The arguments of a call; a model may have written no valid JSON. */
function parsed(parameters: string): Json {
  try {
    return JSON.parse(parameters);
  } catch {
    return {};
  }
}
