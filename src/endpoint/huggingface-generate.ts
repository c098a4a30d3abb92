import { isObject, type Json, type JsonObject } from '../util/json.js';
import { outputWarnings } from './completion-api.js';
import type { BodyOptions, BodyRequest, Chunk, Endpoint } from './endpoint.js';
import { failedFinish } from './failure.js';
import { textsOf } from './payload.js';
import { singleTurn } from './single-turn.js';
import { cannedEvents } from './text-canned.js';

/** Hugging Face's text generation inference. */
export const huggingfaceGenerate: Endpoint = {
  path: '/generate',
  streamPath: '/generate_stream',
  canStream: true,
  producesTokens: true,
  title: 'LLM Metrics',
  contentName: 'generated text',
  media: [],
  hasSystemSlot: false,
  inputKeys: ['inputs'],
  capKeys: ['parameters.max_new_tokens'],
  streamTextKeys: ['text'],
  checkTurn: singleTurn('huggingface_generate'),
  body,
  read,
  cannedTexts: [{ name: 'text', contents: ['Some text to start with.'] }],
  cannedAnswer: (streaming, tokens) =>
    cannedEvents(streaming, tokens, {
      whole: (text) => ({ generated_text: text }),
      piece: (text, index) => ({
        index,
        token: { id: 1, text, logprob: -0.5, special: false },
        generated_text: index === tokens - 1 ? 'all' : null,
        details: null,
      }),
      ends: [],
    }),
  warnings: outputWarnings,
};

/** Extra inputs are parameters; the entry's extras stay on the top level. */
function body({ turn }: BodyRequest, { extraInputs }: BodyOptions): JsonObject {
  const cap: JsonObject = turn.maxTokens === undefined ? {} : { max_new_tokens: turn.maxTokens };
  return { inputs: textsOf(turn).join(' '), parameters: { ...cap, ...extraInputs }, ...turn.extra };
}

/** A token of a stream, or a whole answer. The last token of a stream comes with all text once more. */
function read(unit: Json): Chunk | undefined {
  const answer = Array.isArray(unit) ? unit[0] : unit;
  if (!isObject(answer)) return undefined;
  const { token, generated_text: all, details } = answer;
  const text = isObject(token) ? token.text : all;
  if (text === undefined) return undefined;
  const reason = isObject(details) ? details.finish_reason : undefined;
  const failure = typeof reason === 'string' ? failedFinish(reason) : undefined;
  return {
    ...(typeof text === 'string' && text !== '' ? { text } : {}),
    ...(typeof reason === 'string' ? { finishReason: reason } : {}),
    ...(typeof reason !== 'string' && typeof all === 'string' ? { finishReason: 'generated_text' } : {}),
    ...(failure === undefined ? {} : { failure }),
  };
}
