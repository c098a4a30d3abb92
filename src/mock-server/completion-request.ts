import { isObject, type Json, type JsonObject } from '../util/json.js';
import { badRequest, type Refusal } from './refusal.js';

export type Api = 'chat' | 'completions';

/** A parsed request body. */
export interface CompletionRequest {
  readonly api: Api;
  readonly model: string | undefined;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** All text of the prompt, messages joined by line ends; empty for token IDs. */
  readonly prompt: string;
  readonly promptTokens: number;
  readonly maxTokens: number | undefined;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
}

/** Parses a body of `/v1/chat/completions` or `/v1/completions`. */
export function readCompletionRequest(
  api: Api,
  body: Buffer,
  countTokens: (text: string) => number,
): CompletionRequest | Refusal {
  let requested: Json;
  try {
    requested = JSON.parse(body.toString());
  } catch (error) {
    return badRequest(`JSON decode error: ${error instanceof Error ? error.message : error}`);
  }
  if (!isObject(requested)) return badRequest('The body must be a JSON object.');

  const prompt = api === 'chat' ? chatPrompt(requested.messages) : completionPrompt(requested.prompt);
  if (prompt === undefined) {
    const param = api === 'chat' ? 'messages' : 'prompt';
    return badRequest(`${param} is missing or has the wrong form.`, param);
  }
  const cap = requested.max_completion_tokens ?? requested.max_tokens ?? undefined;
  if (cap !== undefined && !isCount(cap, 1)) {
    return badRequest(`max_tokens must be at least 1, got ${JSON.stringify(cap)}.`, 'max_tokens');
  }
  const least = requested.min_tokens ?? 0;
  if (!isCount(least, 0) || (cap !== undefined && least > cap)) {
    return badRequest('min_tokens must be from 0 to max_tokens.', 'min_tokens');
  }
  const text = typeof prompt === 'string' ? prompt : '';
  return {
    api,
    model: typeof requested.model === 'string' ? requested.model : undefined,
    stream: requested.stream === true,
    includeUsage: isObject(requested.stream_options) && requested.stream_options.include_usage === true,
    prompt: text,
    promptTokens: typeof prompt === 'number' ? prompt : Math.max(1, countTokens(text)),
    maxTokens: cap,
    minTokens: least,
    ignoreEos: requested.ignore_eos === true,
  };
}

function isCount(value: Json, least: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least;
}

function chatPrompt(messages: Json | undefined): string | undefined {
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject)) return undefined;
  return messages.map(messageText).join('\n');
}

function messageText({ content }: JsonObject): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('\n');
}

/** The text, or the number of token IDs. */
function completionPrompt(prompt: Json | undefined): string | number | undefined {
  if (typeof prompt === 'string') return prompt;
  if (!Array.isArray(prompt) || prompt.length === 0) return undefined;
  if (prompt.every((part) => typeof part === 'string')) return prompt.join('\n');
  const ids = prompt.flat();
  return ids.every((id) => typeof id === 'number') ? ids.length : undefined;
}
