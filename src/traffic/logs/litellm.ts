import { isObject, type Json, type JsonObject, jsonIn } from '../../util/json.js';
import type { LogFormat, LoggedAnswer } from './log-format.js';
import { timeAt } from './times.js';

/** LiteLLM's standard logging payload and rows of its spend logs. */
export const litellmLog: LogFormat = {
  marks: (row) => 'call_type' in row || ('messages' in row && 'startTime' in row && 'endTime' in row),
  read(row) {
    if (/embed|rerank|image|speech|transcription|moderation/.test(String(row.call_type ?? ''))) return [];
    const body = bodyOf(row);
    if (body === undefined) return [];
    const atMs = timeAt(row, ['startTime', 'start_time']);
    return [{ body, atMs, endMs: timeAt(row, ['endTime', 'end_time']), answer: answerOf(row) }];
  },
};

function bodyOf(row: JsonObject): JsonObject | undefined {
  const parameters = [row.model_parameters, row.optional_params].find(isObject) ?? {};
  const prompt = parsed(row.messages) ?? parsed(row.input);
  const model = row.model ?? '';
  if (/text_completion/.test(String(row.call_type ?? ''))) {
    const [only] = Array.isArray(prompt) ? prompt : [];
    return { ...parameters, model, prompt: (isObject(only) ? only.content : prompt) ?? '' };
  }
  if (isRedacted(prompt)) return undefined;
  if (Array.isArray(prompt)) return { ...parameters, model, messages: prompt };
  return typeof prompt === 'string' && prompt !== '' ? { ...parameters, model, prompt } : undefined;
}

/** `turn_off_message_logging` replaces all text. */
function isRedacted(prompt: Json | undefined): boolean {
  return (
    Array.isArray(prompt) && prompt.some((item) => isObject(item) && item.content === 'redacted-by-litellm')
  );
}

function answerOf(row: JsonObject): LoggedAnswer {
  if (row.status === 'failure' || (row.error_str ?? null) !== null) return { kind: 'failed' };
  const tokens = row.completion_tokens;
  if (typeof tokens === 'number' && tokens > 0) {
    return { kind: 'facts', facts: { tokens, text: undefined } };
  }
  const response = parsed(row.response);
  if (isObject(response) && Object.keys(response).length > 0) return { kind: 'body', body: response };
  if (typeof response !== 'string' || response === '') return { kind: 'unknown' };
  return { kind: 'facts', facts: { tokens: undefined, text: response } };
}

/** Columns of databases hold texts of JSON. */
function parsed(value: Json | undefined): Json | undefined {
  return typeof value === 'string' && /^\s*[[{]/.test(value) ? (jsonIn(value) ?? value) : value;
}
