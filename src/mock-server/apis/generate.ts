import { isObject, type JsonObject } from '../../util/json.js';
import { badRequest } from '../refusal.js';
import {
  type AnswerForm,
  type AnswerName,
  type Asked,
  type AskedReader,
  type FinishReason,
  frame,
  type StreamText,
  streamEnd,
  type UsageCounts,
  type WholeText,
} from './api.js';
import { stringsOf } from './prompts.js';

/** `/generate`: of Hugging Face's TGI, whose bodies have `inputs`, else of SGLang. */
export const readGenerate: AskedReader = (body, accept) =>
  body.inputs === undefined ? readNative(body) : readTgi(body, accept);

/** `/generate_stream` of TGI. */
export const readGenerateStream: AskedReader = (body, accept) => {
  const asked = readTgi(body, accept);
  return 'status' in asked ? asked : { ...asked, stream: true };
};

const readTgi: AskedReader = ({ inputs, parameters, stream }) => {
  if (typeof inputs !== 'string') return badRequest('inputs is missing or has the wrong form.', 'inputs');
  const { max_new_tokens: maxTokens }: JsonObject = isObject(parameters) ? parameters : {};
  return { form: tgi, stream: stream === true, includeUsage: true, prompt: inputs, maxTokens };
};

/** SGLang's own API: texts or token IDs in, all text so far in every event. */
function readNative({
  text,
  input_ids: ids,
  sampling_params: sampling,
  stream,
}: JsonObject): Asked | ReturnType<typeof badRequest> {
  const isIds = Array.isArray(ids) && ids.length > 0 && ids.every((id) => typeof id === 'number');
  const prompt = isIds ? ids.length : stringsOf(text)?.join('\n');
  if (prompt === undefined) return badRequest('text or input_ids is missing or has the wrong form.', 'text');
  const parameters: JsonObject = isObject(sampling) ? sampling : {};
  return {
    form: native,
    stream: stream === true,
    includeUsage: true,
    prompt,
    maxTokens: parameters.max_new_tokens,
    minTokens: parameters.min_new_tokens,
    ignoreEos: parameters.ignore_eos,
  };
}

const tgi: AnswerForm = {
  idPrefix: 'tgi',
  generates: true,
  reasons: false,
  stream() {
    let all = '';
    let index = 0;
    const token = (text: string, rest: string) => {
      all += text;
      return frame(
        `data:{"index":${++index},"token":{"id":${1000 + index},"text":"${text}","logprob":-0.5,"special":false},${rest}}`,
      );
    };
    const content = (text: string) => token(text, '"generated_text":null,"details":null');
    return {
      opening: '',
      content,
      reasoning: content,
      last: (text, _, reason, usage) =>
        token(text, `"generated_text":"${all + text}","details":${detailsOf(reason, usage)}`) + streamEnd,
    };
  },
  whole: (_, __, { content }, reason, usage) =>
    `{"generated_text":"${content}","details":${detailsOf(reason, usage)}}`,
};

function detailsOf(reason: FinishReason, usage: UsageCounts | undefined): string {
  const word = reason === 'stop' ? 'eos_token' : reason;
  return `{"finish_reason":"${word}","generated_tokens":${usage?.completionTokens ?? 0},"seed":null}`;
}

const native: AnswerForm = {
  idPrefix: 'sgl',
  generates: true,
  reasons: false,
  stream(_, name, usage): StreamText {
    let all = '';
    let tokens = 0;
    const content = (text: string) => {
      all += text;
      tokens += text.match(/\S+/g)?.length ?? 0;
      return frame(`data: ${nativeJson(name, all, 'null', usage, tokens)}`);
    };
    return {
      opening: '',
      content,
      reasoning: content,
      last: (text, __, reason, counts) =>
        frame(
          `data: ${nativeJson(name, all + text, finishJson(reason, counts), counts, counts?.completionTokens ?? 0)}`,
        ) +
        frame('data: [DONE]') +
        streamEnd,
    };
  },
  whole: (_, name, { content }: WholeText, reason, usage) =>
    nativeJson(name, content, finishJson(reason, usage), usage, usage?.completionTokens ?? 0),
};

function finishJson(reason: FinishReason, usage: UsageCounts | undefined): string {
  return reason === 'length'
    ? `{"type":"length","length":${usage?.completionTokens ?? 0}}`
    : '{"type":"stop","matched":151645}';
}

function nativeJson(
  { id }: AnswerName,
  text: string,
  finish: string,
  usage: UsageCounts | undefined,
  completionTokens: number,
): string {
  return (
    `{"text":"${text}","meta_info":{"id":"${id}","finish_reason":${finish},` +
    `"prompt_tokens":${usage?.promptTokens ?? 0},"completion_tokens":${completionTokens},` +
    `"cached_tokens":${usage?.cachedTokens ?? 0}}}`
  );
}
