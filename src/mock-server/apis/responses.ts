import { isObject, type Json } from '../../util/json.js';
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

/** `/v1/responses`; a stream reports usage in its last event without being asked. */
export const readResponses: AskedReader = (body) => {
  const input = promptOf(body.input);
  if (input === undefined) return badRequest('input is missing or has the wrong form.', 'input');
  const { instructions } = body;
  return {
    form: responses,
    stream: body.stream === true,
    includeUsage: true,
    prompt: typeof instructions === 'string' ? `${instructions}\n${input}` : input,
    maxTokens: body.max_output_tokens,
    minTokens: body.min_tokens,
    ignoreEos: body.ignore_eos,
  };
};

function promptOf(input: Json | undefined): string | undefined {
  if (typeof input === 'string') return input;
  // Calls and their results have no content.
  if (!Array.isArray(input)) return undefined;
  return messagesText(input.filter((item) => isObject(item) && item.content !== undefined));
}

const responses: AnswerForm = { idPrefix: 'resp', generates: true, reasons: true, stream, whole };

function stream(_: unknown, name: AnswerName): StreamText {
  let number = 0;
  let content = '';
  let reasoning = '';
  const event = (type: string, rest: string) =>
    frame(`event: ${type}\ndata: {"type":"${type}","sequence_number":${number++}${rest}}`);
  const began = `,"response":${wholeOf(name, undefined, 'in_progress', undefined)}`;
  const item = `,"item_id":"${itemId(name)}","output_index":0,"content_index":0`;
  const text = (words: string) => {
    content += words;
    return event('response.output_text.delta', `${item},"delta":"${words}","logprobs":[]`);
  };
  const thought = (words: string) => {
    reasoning += words;
    return event('response.reasoning_text.delta', `${item},"delta":"${words}"`);
  };
  return {
    opening:
      event('response.created', began) +
      event('response.in_progress', began) +
      event('response.output_item.added', `,"output_index":0,"item":${messageOf(name, 'in_progress', '')}`) +
      event('response.content_part.added', `${item},"part":${partOf('')}`),
    content: text,
    reasoning: thought,
    last: (words, isReasoning, reason, usage) => {
      const end = ending(reason);
      const last = isReasoning ? thought(words) : text(words);
      const all = { content, reasoning: reasoning === '' ? undefined : reasoning };
      return (
        last +
        event('response.output_text.done', `${item},"text":"${content}","logprobs":[]`) +
        event('response.content_part.done', `${item},"part":${partOf(content)}`) +
        event('response.output_item.done', `,"output_index":0,"item":${messageOf(name, end, content)}`) +
        event(`response.${end}`, `,"response":${wholeOf(name, all, end, usage)}`) +
        streamEnd
      );
    },
  };
}

function whole(
  _: unknown,
  name: AnswerName,
  text: WholeText,
  reason: FinishReason,
  usage: UsageCounts | undefined,
): string {
  return wholeOf(name, text, ending(reason), usage);
}

type Status = 'in_progress' | 'completed' | 'incomplete';

function ending(reason: FinishReason): Status {
  return reason === 'length' ? 'incomplete' : 'completed';
}

function wholeOf(
  name: AnswerName,
  text: WholeText | undefined,
  status: Status,
  usage: UsageCounts | undefined,
): string {
  const { id, created, model } = name;
  const thoughts =
    text?.reasoning === undefined
      ? ''
      : `{"id":"rs${itemId(name).slice(3)}","type":"reasoning","summary":[],"content":[{"type":"reasoning_text","text":"${text.reasoning}"}],"status":"completed"},`;
  const output = text === undefined ? '' : thoughts + messageOf(name, status, text.content);
  const details = status === 'incomplete' ? '{"reason":"max_output_tokens"}' : 'null';
  return (
    `{"id":"${id}","object":"response","created_at":${created},"status":"${status}","error":null,` +
    `"incomplete_details":${details},"model":${asciiJson(model)},"output":[${output}],` +
    `"usage":${usage === undefined ? 'null' : usageJson(usage)}}`
  );
}

function messageOf(name: AnswerName, status: Status, text: string): string {
  const content = status === 'in_progress' ? '' : partOf(text);
  return `{"id":"${itemId(name)}","type":"message","role":"assistant","status":"${status}","content":[${content}]}`;
}

function partOf(text: string): string {
  return `{"type":"output_text","annotations":[],"text":"${text}"}`;
}

function itemId({ id }: AnswerName): string {
  return `msg${id.slice(id.indexOf('-'))}`;
}

function usageJson({ promptTokens, completionTokens, cachedTokens, reasoningTokens }: UsageCounts): string {
  return (
    `{"input_tokens":${promptTokens},"input_tokens_details":{"cached_tokens":${cachedTokens ?? 0}},` +
    `"output_tokens":${completionTokens},"output_tokens_details":{"reasoning_tokens":${reasoningTokens}},` +
    `"total_tokens":${promptTokens + completionTokens}}`
  );
}
