import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { badRequest } from '../refusal.js';
import type { Dialect } from '../settings.js';
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
import { messagesText, stringsOf } from './prompts.js';

type OpenAiApi = 'chat' | 'completions';

/** `/v1/chat/completions` */
export const readChat: AskedReader = (body) => {
  const prompt = messagesText(body.messages);
  if (prompt === undefined) return badRequest('messages is missing or has the wrong form.', 'messages');
  return { form: forms.chat, prompt, ...commonOf(body) };
};

/** `/v1/completions` */
export const readCompletions: AskedReader = (body) => {
  const prompt = promptOf(body.prompt);
  if (prompt === undefined) return badRequest('prompt is missing or has the wrong form.', 'prompt');
  return { form: forms.completions, prompt, ...commonOf(body) };
};

function commonOf(body: JsonObject) {
  return {
    stream: body.stream === true,
    usageInChunks: isObject(body.stream_options) && body.stream_options.continuous_usage_stats === true,
    includeUsage: isObject(body.stream_options) && body.stream_options.include_usage === true,
    maxTokens: body.max_completion_tokens ?? body.max_tokens,
    minTokens: body.min_tokens,
    ignoreEos: body.ignore_eos,
  };
}

/** The text, or the number of token IDs. */
function promptOf(prompt: Json | undefined): string | number | undefined {
  const texts = stringsOf(prompt);
  if (texts !== undefined) return texts.join('\n');
  if (!Array.isArray(prompt) || prompt.length === 0) return undefined;
  const ids = prompt.flat();
  return ids.every((id) => typeof id === 'number') ? ids.length : undefined;
}

const forms: Record<OpenAiApi, AnswerForm> = { chat: formOf('chat'), completions: formOf('completions') };

function formOf(api: OpenAiApi): AnswerForm {
  return {
    idPrefix: api === 'chat' ? 'chatcmpl' : 'cmpl',
    generates: true,
    reasons: api === 'chat',
    stream: (dialect, name) => streamText(dialect, api, name),
    whole: (dialect, ...rest) => wholeBody(dialect, api, ...rest),
  };
}

const fingerprint = ',"system_fingerprint":"aiperf-mock"';

/** Prepares the parts that all chunks of a stream share. */
function streamText(dialect: Dialect, api: OpenAiApi, name: AnswerName): StreamText {
  const begin = `data: ${head(api === 'chat' ? 'chat.completion.chunk' : 'text_completion', name)}`;
  const choice = `${begin},"choices":[{"index":0,`;
  const form = (dialect === 'vllm' ? vllm : plain)[api];
  const contentHead = `${choice}${form.content}`;
  const reasoningHead = `${choice}${form.reasoning}`;
  const ofChoice = (rest: string) => (rest === '' ? '' : frame(choice + rest));
  const counts = (usage: UsageCounts) =>
    frame(`${begin},"choices":[],"usage":${usageJson(usage)}${form.usageTail}`);
  return {
    opening: ofChoice(form.opening),
    content: (text, usage) => frame(contentHead + text + withUsage(form.tail, usage)),
    reasoning: (text, usage) => frame(reasoningHead + text + withUsage(form.tail, usage)),
    last: (text, isReasoning, reason, usage) =>
      frame((isReasoning ? reasoningHead : contentHead) + text + form.lastTail(reason)) +
      ofChoice(form.finish(reason)) +
      (usage === undefined ? '' : counts(usage)) +
      frame('data: [DONE]') +
      streamEnd,
  };
}

/** A chunk's end, with the usage as its last member. */
function withUsage(tail: string, usage: UsageCounts | undefined): string {
  return usage === undefined ? tail : `${tail.slice(0, -1)},"usage":${usageJson(usage)}}`;
}

/** The body of a non-streamed response. */
function wholeBody(
  dialect: Dialect,
  api: OpenAiApi,
  name: AnswerName,
  text: WholeText,
  reason: FinishReason,
  usage: UsageCounts | undefined,
): string {
  const isChat = api === 'chat';
  const reasoning = text.reasoning === undefined ? '' : `,"reasoning_content":"${text.reasoning}"`;
  const answerFields = isChat
    ? `"message":{"role":"assistant","content":"${text.content}"${reasoning}${dialect === 'vllm' ? messageTail : ''}}`
    : `"text":"${text.content}"`;
  const choiceTail = dialect === 'vllm' ? ',"stop_reason":null,"token_ids":null' : '';
  const tail = dialect === 'vllm' ? `,"service_tier":null${fingerprint}` : '';
  const counts = usage === undefined ? '' : `,"usage":${usageJson(usage)}`;
  return (
    `${head(isChat ? 'chat.completion' : 'text_completion', name)},"choices":[{"index":0,${answerFields},` +
    `"logprobs":null,"finish_reason":"${reason}"${choiceTail}}]${tail}${counts}}`
  );
}

/** A chunk's single choice, except its text. */
interface ChunkForm {
  /** The chunk before the first token, from its choice on. */
  readonly opening: string;
  readonly content: string;
  readonly reasoning: string;
  readonly tail: string;
  lastTail(reason: FinishReason): string;
  /** The chunk after the last token, from its choice on; may be empty. */
  finish(reason: FinishReason): string;
  readonly usageTail: string;
}

const messageTail = ',"refusal":null,"annotations":null,"audio":null,"function_call":null';

const vllm: Record<OpenAiApi, ChunkForm> = {
  chat: {
    opening:
      '"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],' +
      '"prompt_token_ids":null,"prompt_text":null}',
    content: '"delta":{"content":"',
    reasoning: '"delta":{"reasoning_content":"',
    tail: '"},"logprobs":null,"finish_reason":null,"token_ids":null}]}',
    lastTail: (reason) =>
      `"},"logprobs":null,"finish_reason":"${reason}","stop_reason":null,"token_ids":null}]}`,
    finish: () => '',
    usageTail: `${fingerprint}}`,
  },
  completions: {
    opening: '',
    content: '"text":"',
    reasoning: '"text":"',
    tail: '","logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}]}',
    lastTail: (reason) =>
      `","logprobs":null,"finish_reason":"${reason}","stop_reason":null,"prompt_token_ids":null,` +
      `"token_ids":null}]${fingerprint}}`,
    finish: () => '',
    usageTail: `${fingerprint}}`,
  },
};

const plain: Record<OpenAiApi, ChunkForm> = {
  chat: {
    opening: '',
    content: '"delta":{"content":"',
    reasoning: '"delta":{"reasoning_content":"',
    tail: '"},"finish_reason":null}]}',
    lastTail: () => '"},"finish_reason":null}]}',
    finish: (reason) => `"delta":{},"finish_reason":"${reason}"}]}`,
    usageTail: '}',
  },
  completions: {
    opening: '',
    content: '"text":"',
    reasoning: '"text":"',
    tail: '","finish_reason":null}]}',
    lastTail: () => '","finish_reason":null}]}',
    finish: (reason) => `"text":"","finish_reason":"${reason}"}]}`,
    usageTail: '}',
  },
};

function head(object: string, { id, created, model }: AnswerName): string {
  return `{"id":"${id}","object":"${object}","created":${created},"model":${asciiJson(model)}`;
}

function usageJson({ promptTokens, completionTokens, cachedTokens, reasoningTokens }: UsageCounts): string {
  const cached =
    cachedTokens === undefined ? '' : `,"prompt_tokens_details":{"cached_tokens":${cachedTokens}}`;
  const reasoning =
    reasoningTokens === 0 ? '' : `,"completion_tokens_details":{"reasoning_tokens":${reasoningTokens}}`;
  return (
    `{"prompt_tokens":${promptTokens},"total_tokens":${promptTokens + completionTokens},` +
    `"completion_tokens":${completionTokens}${cached}${reasoning}}`
  );
}
