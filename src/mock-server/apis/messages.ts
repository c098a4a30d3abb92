import { badRequest } from '../refusal.js';
import {
  type AnswerForm,
  type AnswerName,
  type AskedReader,
  asciiJson,
  type FinishReason,
  frame,
  type StreamText,
  streamEnd,
  type UsageCounts,
  type WholeText,
} from './api.js';
import { messagesText } from './prompts.js';

/** `/v1/messages`; a stream reports usage in its first event and in its last but one, without being asked. */
export const readMessages: AskedReader = (body) => {
  const prompt = messagesText(body.messages);
  if (prompt === undefined) return badRequest('messages: Field required', 'messages');
  if (body.max_tokens === undefined) return badRequest('max_tokens: Field required', 'max_tokens');
  const { system } = body;
  return {
    form: messages,
    stream: body.stream === true,
    includeUsage: true,
    prompt: typeof system === 'string' ? `${system}\n${prompt}` : prompt,
    maxTokens: body.max_tokens,
    minTokens: body.min_tokens,
    ignoreEos: body.ignore_eos,
  };
};

const messages: AnswerForm = { idPrefix: 'msg', generates: true, reasons: true, stream, whole };

function stream(_: unknown, name: AnswerName, usage: UsageCounts | undefined): StreamText {
  // Reasoning has a block of its own before that of the text.
  let block = -1;
  let open: BlockType | undefined;
  const inBlock = (type: BlockType, words: string) => {
    let start = '';
    if (open !== type) {
      start = open === undefined ? '' : stopBlock(block);
      open = type;
      block++;
      start += event(
        'content_block_start',
        `,"index":${block},"content_block":{"type":"${type}","${type}":""}`,
      );
    }
    return (
      start +
      event('content_block_delta', `,"index":${block},"delta":{"type":"${type}_delta","${type}":"${words}"}`)
    );
  };
  const begun = `{${head(name)},"content":[],"stop_reason":null,"stop_sequence":null,"usage":${usageJson(usage, 0)}}`;
  return {
    opening: event('message_start', `,"message":${begun}`),
    content: (text) => inBlock('text', text),
    reasoning: (text) => inBlock('thinking', text),
    last: (text, isReasoning, reason, counts) =>
      inBlock(isReasoning ? 'thinking' : 'text', text) +
      stopBlock(block) +
      event(
        'message_delta',
        `,"delta":{"stop_reason":"${stopReason(reason)}","stop_sequence":null}` +
          `,"usage":{"output_tokens":${counts?.completionTokens ?? 0}}`,
      ) +
      event('message_stop', '') +
      streamEnd,
  };
}

type BlockType = 'text' | 'thinking';

function stopBlock(block: number): string {
  return event('content_block_stop', `,"index":${block}`);
}

function event(type: string, rest: string): string {
  return frame(`event: ${type}\ndata: {"type":"${type}"${rest}}`);
}

function whole(
  _: unknown,
  name: AnswerName,
  { content, reasoning }: WholeText,
  reason: FinishReason,
  usage: UsageCounts | undefined,
): string {
  const thinking =
    reasoning === undefined ? '' : `{"type":"thinking","thinking":"${reasoning}","signature":""},`;
  return (
    `{${head(name)},"content":[${thinking}{"type":"text","text":"${content}"}],` +
    `"stop_reason":"${stopReason(reason)}","stop_sequence":null,` +
    `"usage":${usageJson(usage, usage?.completionTokens ?? 0)}}`
  );
}

function head({ id, model }: AnswerName): string {
  return `"id":"${id}","type":"message","role":"assistant","model":${asciiJson(model)}`;
}

function stopReason(reason: FinishReason): string {
  return reason === 'length' ? 'max_tokens' : 'end_turn';
}

/** Tokens of the prompt that were cached are not in `input_tokens`. */
function usageJson(usage: UsageCounts | undefined, outputTokens: number): string {
  const { promptTokens = 0, cachedTokens } = usage ?? {};
  const cached = cachedTokens === undefined ? '' : `"cache_read_input_tokens":${cachedTokens},`;
  return `{"input_tokens":${promptTokens - (cachedTokens ?? 0)},${cached}"output_tokens":${outputTokens}}`;
}
