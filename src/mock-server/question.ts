import { isObject, type Json } from '../util/json.js';
import type { AnswerForm, Asked, AskedReader } from './apis/api.js';
import { readForm } from './form.js';
import { badRequest, type Refusal } from './refusal.js';
import type { IncomingRequest } from './request-reader.js';

/** A parsed request. */
export interface Question extends Pick<Asked, 'stream' | 'includeUsage' | 'usageInChunks'> {
  readonly form: AnswerForm;
  readonly model: string | undefined;
  /** All text of the prompt; empty for token IDs. */
  readonly prompt: string;
  readonly promptTokens: number;
  readonly maxTokens: number | undefined;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
}

/** Parses a request's body, JSON or a form. */
export function readQuestion(
  read: AskedReader,
  { body, headers }: Pick<IncomingRequest, 'body' | 'headers'>,
  countTokens: (text: string) => number,
): Question | Refusal {
  const type = headers.get('content-type') ?? '';
  let requested: Json;
  try {
    requested = type.startsWith('multipart/form-data') ? readForm(body, type) : JSON.parse(body.toString());
  } catch (error) {
    return badRequest(`JSON decode error: ${error instanceof Error ? error.message : error}`);
  }
  if (!isObject(requested)) return badRequest('The body must be a JSON object.');
  const asked = read(requested, headers.get('accept') ?? '');
  if ('status' in asked) return asked;

  const { form, stream, includeUsage, usageInChunks = false, prompt } = asked;
  const cap = asked.maxTokens ?? undefined;
  if (cap !== undefined && !isCount(cap, 1)) {
    return badRequest(`max_tokens must be at least 1, got ${JSON.stringify(cap)}.`, 'max_tokens');
  }
  const least = asked.minTokens ?? 0;
  if (!isCount(least, 0) || (cap !== undefined && least > cap)) {
    return badRequest('min_tokens must be from 0 to max_tokens.', 'min_tokens');
  }
  const text = typeof prompt === 'string' ? prompt : '';
  return {
    form,
    model: typeof requested.model === 'string' ? requested.model : undefined,
    stream,
    includeUsage,
    usageInChunks,
    prompt: text,
    promptTokens: typeof prompt === 'number' ? prompt : Math.max(1, countTokens(text)),
    maxTokens: cap,
    minTokens: least,
    ignoreEos: asked.ignoreEos === true,
  };
}

function isCount(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least;
}
