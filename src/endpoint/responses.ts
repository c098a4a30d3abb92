import type { MediaItem, Turn } from '../dataset/conversation.js';
import { isObject, type JsonObject } from '../util/json.js';
import { outputWarnings } from './completion-api.js';
import type { AssistantMessage, BodyOptions, BodyRequest, Endpoint } from './endpoint.js';
import { audioOf } from './media.js';
import { contextMessages, textOf, textsOf, withExtras } from './payload.js';
import { readResponses } from './responses-answer.js';
import { cannedEvents } from './text-canned.js';

/** OpenAI's responses. */
export const responses: Endpoint = {
  path: '/v1/responses',
  canStream: true,
  producesTokens: true,
  title: 'LLM Metrics',
  contentName: 'text, reasoning or tool calls',
  media: ['image', 'audio'],
  placesMedia: true,
  hasSystemSlot: true,
  takesMarkers: true,
  inputKeys: ['instructions', 'input', 'tools'],
  capKeys: ['max_output_tokens'],
  streamTextKeys: ['delta'],
  body: responsesBody,
  read: readResponses,
  cannedTexts: [{ name: 'text', contents: ['Some text to start with.'] }],
  cannedAnswer: (streaming, tokens) => {
    const usage = { input_tokens: 8, output_tokens: tokens, total_tokens: 8 + tokens };
    const whole = { id: 'prewarm', object: 'response', status: 'completed' };
    const message = (text: string) => ({ type: 'message', content: [{ type: 'output_text', text }] });
    return cannedEvents(streaming, tokens, {
      whole: (text) => ({ ...whole, output: [message(text)], usage }),
      piece: (delta) => ({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta }),
      ends: [{ type: 'response.completed', response: { ...whole, usage } }],
      namesEvents: true,
    });
  },
  errors: ({ extraInputs, useServerTokenCount }, name) =>
    extraInputs.store === true && !useServerTokenCount
      ? [
          `--extra-inputs store:true needs ${name('useServerTokenCount')}: later turns send only what is new, so the server alone knows the input length.`,
        ]
      : [],
  warnings: outputWarnings,
};

function responsesBody(request: BodyRequest, options: BodyOptions): JsonObject {
  const { conversation, turn, past } = request;
  const isStored = (turn.extra?.store ?? options.extraInputs.store) === true;
  const previousId = isStored ? past.at(-1)?.answer.id : undefined;
  const input: JsonObject[] = [];
  if (previousId === undefined) {
    if (!turn.messages) input.push(...contextMessages(conversation).map(messageItem));
    for (const { turn: earlier, answer } of past) input.push(...itemsOf(earlier), ...answerItems(answer));
  }
  input.push(...itemsOf(turn));
  const body: JsonObject = { input, model: turn.model, stream: options.streaming };
  if (conversation.systemMessage !== undefined) body.instructions = conversation.systemMessage;
  if (previousId !== undefined) body.previous_response_id = previousId;
  if (turn.maxTokens !== undefined && turn.extra?.max_output_tokens === undefined)
    body.max_output_tokens = turn.maxTokens;
  if (turn.tools) body.tools = [...turn.tools];
  return withUsageOption(withExtras(body, request, options), options);
}

/** Asks for usage where the server counts; OpenAI's own server reports it without being asked. */
function withUsageOption(body: JsonObject, { streaming, serverTokenCount }: BodyOptions): JsonObject {
  if (!streaming || !serverTokenCount) return body;
  const { stream_options: given } = body;
  return { ...body, stream_options: { include_usage: true, ...(isObject(given) ? given : {}) } };
}

/** What a turn adds to the input. */
function itemsOf(turn: Turn): readonly JsonObject[] {
  return turn.messages?.map(messageItem) ?? [userItem(turn)];
}

function messageItem(message: JsonObject): JsonObject {
  return { ...message, type: 'message' };
}

function userItem(turn: Turn): JsonObject {
  const texts = textsOf(turn);
  const { role, media = [] } = turn;
  if (texts.length <= 1 && media.length === 0) return { role, content: texts[0] ?? '', type: 'message' };
  const content = [...texts.map((text) => ({ type: 'input_text', text })), ...media.map(mediaPart)];
  return { role, content, type: 'message' };
}

function mediaPart(item: MediaItem): JsonObject {
  return item.kind === 'audio'
    ? { type: 'input_audio', input_audio: audioOf(item) }
    : { type: 'input_image', image_url: item.value() };
}

/** The answer of an earlier turn: its message, then its calls. */
function answerItems({ content, toolCalls = [] }: AssistantMessage): JsonObject[] {
  const calls = toolCalls.map(({ id, function: called }): JsonObject => {
    const { name, arguments: parameters } = isObject(called) ? called : {};
    return {
      type: 'function_call',
      call_id: id ?? '',
      name: textOf(name),
      arguments: textOf(parameters),
    };
  });
  return content === '' ? calls : [{ role: 'assistant', content, type: 'message' }, ...calls];
}
