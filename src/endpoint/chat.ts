import type { MediaItem, Turn } from '../dataset/conversation.js';
import type { JsonObject } from '../util/json.js';
import { capOf, completionApi, completionWarnings, withUsageOption } from './completion-api.js';
import { cannedBody, cannedStream } from './completion-canned.js';
import type { BodyOptions, BodyRequest, Endpoint } from './endpoint.js';
import { audioOf } from './media.js';
import { contextMessages, textsOf, withExtras } from './payload.js';

/** OpenAI's chat completions. */
export const chat = {
  ...completionApi,
  path: '/v1/chat/completions',
  media: ['image', 'audio', 'video'],
  placesMedia: true,
  takesImageIds: true,
  holdsChat: true,
  reportsChunkUsage: true,
  hasSystemSlot: true,
  takesMarkers: true,
  streamTextKeys: ['content', 'reasoning_content', 'reasoning', 'text', 'thinking'],
  body: chatBody,
  probeBody: (model: string) => ({
    messages: [{ role: 'user', content: 'Lo' }],
    max_tokens: 1,
    model,
  }),
  cannedAnswer: (streaming, tokens) =>
    streaming
      ? cannedStream('chat.completion.chunk', tokens, (content) => ({ delta: { content } }))
      : cannedBody('chat.completion', tokens, (content) => ({ message: { content } })),
  warnings: completionWarnings,
} satisfies Endpoint;

function chatBody(request: BodyRequest, options: BodyOptions): JsonObject {
  const { conversation, turn, past } = request;
  const messages: JsonObject[] = turn.messages ? [] : contextMessages(conversation);
  for (const { turn: earlier, answer } of past) {
    messages.push(...messagesOf(earlier), assistantMessage(answer.content, answer.toolCalls));
  }
  messages.push(...messagesOf(turn));
  const body: JsonObject = {
    messages: withSystemMessage(messages, conversation.systemMessage),
    model: turn.model,
    stream: options.streaming,
  };
  if (turn.tools) body.tools = [...turn.tools];
  const cap = capOf(turn);
  if (cap !== undefined) body[options.legacyMaxTokens ? 'max_tokens' : 'max_completion_tokens'] = cap;
  return withUsageOption(withExtras(body, request, options), options.perChunkUsage);
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

/** What a turn adds to the chat. */
function messagesOf(turn: Turn): readonly JsonObject[] {
  return turn.messages ?? [userMessage(turn)];
}

function userMessage(turn: Turn): JsonObject {
  const texts = textsOf(turn);
  if (texts.length <= 1 && turn.media === undefined) return { role: turn.role, content: texts[0] ?? '' };
  const content = [...texts.map((text) => ({ type: 'text', text })), ...(turn.media ?? []).map(mediaPart)];
  return { role: turn.role, content };
}

function mediaPart(item: MediaItem): JsonObject {
  switch (item.kind) {
    case 'image':
      return {
        type: 'image_url',
        image_url: { url: item.value() },
        ...(item.uuid === undefined ? {} : { uuid: item.uuid }),
      };
    case 'audio':
      return { type: 'input_audio', input_audio: audioOf(item) };
    case 'video':
      return { type: 'video_url', video_url: { url: item.value() } };
  }
}

function assistantMessage(content: string, toolCalls: readonly JsonObject[] | undefined): JsonObject {
  if (!toolCalls || toolCalls.length === 0) return { role: 'assistant', content };
  return { role: 'assistant', content: content === '' ? null : content, tool_calls: [...toolCalls] };
}
