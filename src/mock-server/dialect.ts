import type { Api } from './completion-request.js';
import type { Dialect } from './settings.js';

export type FinishReason = 'stop' | 'length';

/** Metadata repeated in every chunk of a response. */
export interface AnswerName {
  readonly id: string;
  readonly model: string;
  /** Seconds since 1970. */
  readonly created: number;
}

export interface UsageCounts {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Undefined: not reported. */
  readonly cachedTokens: number | undefined;
  readonly reasoningTokens: number;
}

/** The pieces of a stream, already framed for chunked transfer encoding. */
export interface StreamText {
  /** Sent just before the first token; may be empty. */
  readonly opening: string;
  /** A chunk of text; letters and spaces only, because it is not escaped. */
  content(text: string): string;
  reasoning(text: string): string;
  /** The last chunk of text, and the end of the stream. */
  last(text: string, isReasoning: boolean, reason: FinishReason, usage: UsageCounts | undefined): string;
}

const fingerprint = ',"system_fingerprint":"aiperf-mock"';

/** Prepares the parts that all chunks of a stream share. */
export function streamText(dialect: Dialect, api: Api, name: AnswerName): StreamText {
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
    content: (text) => frame(contentHead + text + form.tail),
    reasoning: (text) => frame(reasoningHead + text + form.tail),
    last: (text, isReasoning, reason, usage) =>
      frame((isReasoning ? reasoningHead : contentHead) + text + form.lastTail(reason)) +
      ofChoice(form.finish(reason)) +
      (usage === undefined ? '' : counts(usage)) +
      frame('data: [DONE]') +
      '0\r\n\r\n',
  };
}

/** The body of a non-streamed response. */
export function wholeBody(
  dialect: Dialect,
  api: Api,
  name: AnswerName,
  text: { readonly content: string; readonly reasoning: string | undefined },
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

const vllm: Record<Api, ChunkForm> = {
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

const plain: Record<Api, ChunkForm> = {
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

/** ASCII-only JSON, so that its length in characters and bytes is the same. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Frames an ASCII event as one chunk of chunked transfer encoding. */
function frame(event: string): string {
  return `${(event.length + 2).toString(16)}\r\n${event}\n\n\r\n`;
}
