import { textOf } from '../endpoint/payload.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { anthropicChat } from './anthropic-chat.js';
import { responsesChat } from './responses-chat.js';

/** A chat, and the variables of a chat template besides its messages. */
export interface Chat {
  readonly messages: readonly JsonObject[];
  readonly variables: JsonObject;
}

/** One prompt: a chat to render, a text, or token IDs. */
export type Prompt =
  | { readonly chat: Chat }
  | { readonly text: string }
  | { readonly tokenIds: readonly number[] };

/** APIs that generate text, by the name of their endpoint. */
export type GeneratingApi =
  | 'chat'
  | 'messages'
  | 'completions'
  | 'responses'
  | 'huggingface_generate'
  | 'sglang_generate';

/** What a request asks a model for. */
export interface Asked {
  readonly api: GeneratingApi;
  /** '' if the body names none. */
  readonly model: string;
  /** Prompts that differ in it share no cache: model, adapter and cache salt. */
  readonly cacheScope: string;
  /** At least one. */
  readonly prompts: readonly Prompt[];
  /** Answers to each prompt. */
  readonly choices: number;
  /** Output limit, tokens; undefined: none. */
  readonly maxTokens: number | undefined;
}

/**
 * Reads the body of a request.
 * @param target its path or URL, if known: bodies of other APIs may look like prompts.
 * @returns undefined unless it asks a model for text.
 */
export function askedIn(body: JsonObject, target?: string): Asked | undefined {
  const api = target === undefined ? apiByShape(body) : apiByPath(target, body);
  if (api === undefined) return undefined;
  const prompts = promptsOf(api, body);
  if (prompts === undefined || prompts.length === 0) return undefined;
  const model = textOf(body.model);
  const scope = [model, body.lora_path, body.lora_request, body.cache_salt].map((part) => part ?? null);
  return {
    api,
    model,
    cacheScope: JSON.stringify(scope),
    prompts,
    choices: positiveInteger(body.n) ?? 1,
    maxTokens: maxTokensOf(body),
  };
}

function apiByPath(target: string, body: JsonObject): GeneratingApi | undefined {
  const path = target
    .replace(/^[a-z]+:\/\/[^/]*/i, '')
    .replace(/[?#].*$/s, '')
    .replace(/\/+$/, '');
  if (path.endsWith('/chat/completions')) return 'chat';
  if (path.endsWith('/completions')) return 'completions';
  if (path.endsWith('/messages')) return 'messages';
  if (path.endsWith('/responses')) return 'responses';
  // One path for all APIs: TGI, SageMaker and vLLM's demo server.
  return /^$|\/(generate|generate_stream|invocations)$/.test(path) ? apiByShape(body) : undefined;
}

function apiByShape(body: JsonObject): GeneratingApi | undefined {
  if (Array.isArray(body.messages)) return isAnthropic(body, body.messages) ? 'messages' : 'chat';
  if (body.prompt !== undefined) return 'completions';
  if (body.inputs !== undefined) return 'huggingface_generate';
  if (body.text !== undefined || body.input_ids !== undefined) {
    return isObject(body.sampling_params) ? 'sglang_generate' : undefined;
  }
  const isEmbedding = ['encoding_format', 'dimensions', 'input_type', 'truncate_prompt_tokens'].some(
    (key) => key in body,
  );
  return body.input === undefined || isEmbedding ? undefined : 'responses';
}

function isAnthropic(body: JsonObject, messages: readonly Json[]): boolean {
  if ('system' in body || 'anthropic_version' in body) return true;
  return messages.some(
    (message) =>
      isObject(message) &&
      Array.isArray(message.content) &&
      message.content.some((part) => isObject(part) && /^tool_(use|result)$/.test(textOf(part.type))),
  );
}

function promptsOf(api: GeneratingApi, body: JsonObject): readonly Prompt[] | undefined {
  switch (api) {
    case 'chat':
      return chatPrompts(body, body.messages);
    case 'messages':
      return chatPrompts(body, anthropicChat(body));
    case 'responses':
      return chatPrompts(body, responsesChat(body));
    case 'completions':
      return textPrompts(body.prompt);
    case 'huggingface_generate':
      return textPrompts(body.inputs);
    case 'sglang_generate':
      return textPrompts(body.text ?? body.input_ids);
  }
}

function chatPrompts(body: JsonObject, messages: Json | undefined): readonly Prompt[] | undefined {
  if (!Array.isArray(messages)) return undefined;
  const { tools, documents, chat_template_kwargs: more } = body;
  const variables = {
    ...(tools === undefined ? {} : { tools }),
    ...(documents === undefined ? {} : { documents }),
    ...(isObject(more) ? more : {}),
  };
  const known = messages.filter(isObject);
  return known.length === 0 ? undefined : [{ chat: { messages: known, variables } }];
}

/** A text or a list of token IDs, or a list of these. */
function textPrompts(value: Json | undefined): readonly Prompt[] | undefined {
  if (typeof value === 'string') return [{ text: value }];
  if (!Array.isArray(value)) return undefined;
  if (isTokenIds(value)) return [{ tokenIds: value }];
  return value.flatMap((item): Prompt[] => {
    if (typeof item === 'string') return [{ text: item }];
    return Array.isArray(item) && isTokenIds(item) ? [{ tokenIds: item }] : [];
  });
}

function isTokenIds(list: readonly Json[]): list is number[] {
  return list.length > 0 && list.every((item) => typeof item === 'number');
}

function maxTokensOf(body: JsonObject): number | undefined {
  const nested = [body.parameters, body.sampling_params].find(isObject) ?? {};
  for (const value of [
    body.max_completion_tokens,
    body.max_tokens,
    body.max_output_tokens,
    nested.max_new_tokens,
  ]) {
    const tokens = positiveInteger(value);
    if (tokens !== undefined) return tokens;
  }
  return undefined;
}

function positiveInteger(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
