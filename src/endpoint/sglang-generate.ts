import { isObject, type Json, type JsonObject } from '../util/json.js';
import { outputWarnings } from './completion-api.js';
import type { BodyOptions, BodyRequest, Chunk, Endpoint } from './endpoint.js';
import { failedFinish } from './failure.js';
import { onlyOrAll, textsOf } from './payload.js';
import { singleTurn } from './single-turn.js';
import { cannedEvents } from './text-canned.js';

/** SGLang's own API, without the layer of OpenAI's. */
export const sglangGenerate: Endpoint = {
  path: '/generate',
  canStream: true,
  producesTokens: true,
  title: 'LLM Metrics',
  contentName: 'text',
  media: [],
  takesTokenIds: true,
  hasSystemSlot: false,
  inputKeys: ['text', 'input_ids'],
  capKeys: ['sampling_params.max_new_tokens'],
  streamTextKeys: ['text'],
  checkTurn: singleTurn('sglang_generate'),
  body,
  read,
  cannedTexts: [{ name: 'text', contents: ['Some text to start with.'] }],
  cannedAnswer: (streaming, tokens) => {
    let all = '';
    return cannedEvents(streaming, tokens, {
      whole: (text) => ({ text, meta_info: metaOf(tokens, 'length') }),
      piece: (text, place) => {
        all += text;
        return {
          text: all,
          meta_info: metaOf(place + 1, place === tokens - 1 ? 'length' : null),
        };
      },
      ends: [],
    });
  },
  warnings: outputWarnings,
};

function metaOf(tokens: number, finish: string | null): JsonObject {
  return {
    finish_reason: finish === null ? null : { type: finish },
    prompt_tokens: 8,
    completion_tokens: tokens,
  };
}

/** Extra inputs are sampling parameters, but for those of the request itself; the entry's extras stay on top. */
function body({ turn }: BodyRequest, { streaming, extraInputs }: BodyOptions): JsonObject {
  const own: JsonObject = {};
  const sampling: JsonObject = turn.maxTokens === undefined ? {} : { max_new_tokens: turn.maxTokens };
  for (const [key, value] of Object.entries(extraInputs)) {
    (requestKeys.has(key) ? own : sampling)[key] = value;
  }
  const input: JsonObject =
    turn.tokenIds === undefined
      ? { text: onlyOrAll(textsOf(turn)) }
      : { input_ids: onlyOrAll(turn.tokenIds) };
  return { ...input, sampling_params: sampling, stream: streaming, ...own, ...turn.extra };
}

const requestKeys: ReadonlySet<string> = new Set([
  'sampling_params',
  'stream',
  'model',
  'rid',
  'return_logprob',
  'logprob_start_len',
  'top_logprobs_num',
  'return_text_in_logprobs',
  'return_hidden_states',
  'lora_path',
  'session_params',
  'data_parallel_rank',
  'priority',
]);

/** An event holds all text so far, unless the server streams pieces: then it has fewer ids than tokens so far. */
function read(unit: Json): Chunk | undefined {
  const answer = Array.isArray(unit) ? unit[0] : unit;
  if (!isObject(answer) || typeof answer.text !== 'string') return undefined;
  const { text, output_ids: ids, meta_info: meta } = answer;
  const { finish_reason: finish, ...facts }: JsonObject = isObject(meta) ? meta : {};
  const { prompt_tokens: input, completion_tokens: output, cached_tokens: cached } = facts;
  const isPiece = Array.isArray(ids) && typeof output === 'number' && ids.length < output;
  const reason = isObject(finish) ? finish.type : finish;
  const failure = typeof reason === 'string' ? failedFinish(reason) : undefined;
  return {
    ...(text === '' ? {} : isPiece ? { text } : { textSoFar: text }),
    ...(typeof input === 'number' && typeof output === 'number'
      ? {
          usage: {
            prompt_tokens: input,
            completion_tokens: output,
            cached_tokens: cached ?? null,
            ...speculation(facts),
          },
        }
      : {}),
    ...(typeof reason === 'string' ? { finishReason: reason } : {}),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** What it reports of speculative decoding. */
function speculation(facts: JsonObject): JsonObject {
  const keys = ['spec_verify_ct', 'spec_draft_token_num', 'spec_accept_token_num'];
  return Object.fromEntries(
    keys.flatMap((key) => (typeof facts[key] === 'number' ? [[key, facts[key]]] : [])),
  );
}
