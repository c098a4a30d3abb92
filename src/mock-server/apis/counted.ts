import { isObject, type Json } from '../../util/json.js';
import { badRequest } from '../refusal.js';
import { type AnswerForm, type AnswerName, type AskedReader, asciiJson, type UsageCounts } from './api.js';
import { messagesText, stringsOf } from './prompts.js';

/** Length of vectors unless a request sets `dimensions`. */
const DIMENSIONS = 8;
const MOST_DIMENSIONS = 65_536;

/** `/v1/embeddings` of texts, or of a chat. */
export const readEmbeddings: AskedReader = ({ input, messages, dimensions, encoding_format: format }) => {
  const texts = stringsOf(input);
  const prompt = texts?.join('\n') ?? messagesText(messages);
  if (prompt === undefined) return badRequest('input is missing or has the wrong form.', 'input');
  const length = typeof dimensions === 'number' ? dimensions : DIMENSIONS;
  if (!Number.isInteger(length) || length < 1 || length > MOST_DIMENSIONS)
    return badRequest(`dimensions must be from 1 to ${MOST_DIMENSIONS}.`, 'dimensions');
  const count = texts?.length ?? 1;
  const vector = vectorJson(length, format === 'base64');
  return asked(prompt, 'embd', (name, usage) => {
    const items = Array.from({ length: count }, (_, index) => {
      return `{"object":"embedding","index":${index},"embedding":${vector}}`;
    });
    const { id, created, model } = name;
    return (
      `{"id":"${id}","object":"list","created":${created},"model":${asciiJson(model)},` +
      `"data":[${items.join(',')}]${usageMember(usage)}}`
    );
  });
};

/** `/v1/ranking` of NVIDIA NIM. */
export const readNimRanking: AskedReader = ({ query, passages }) =>
  ranking(textIn(query), Array.isArray(passages) ? passages.map(textIn) : undefined, (scores, usage) => {
    const rows = scores.map((score, index) => `{"index":${index},"logit":${score}}`);
    return `{"rankings":[${rows.join(',')}]${usageMember(usage)}}`;
  });

/** `/v2/rerank` of Cohere. */
export const readCohereRanking: AskedReader = ({ query, documents, top_n: top }) =>
  ranking(textIn(query), stringsOf(documents), (scores, usage, { id }) => {
    const rows = scores.map((score, index) => `{"index":${index},"relevance_score":${score}}`);
    const kept = typeof top === 'number' ? rows.slice(0, top) : rows;
    return `{"id":"${id}","results":[${kept.join(',')}]${usageMember(usage)}}`;
  });

/** `/rerank` of Hugging Face's TEI. */
export const readTeiRanking: AskedReader = ({ query, texts }) =>
  ranking(textIn(query), stringsOf(texts), (scores) => {
    return `[${scores.map((score, index) => `{"index":${index},"score":${score}}`).join(',')}]`;
  });

type Body = (name: AnswerName, usage: UsageCounts | undefined) => string;

function asked(prompt: string, idPrefix: string, body: Body) {
  const form: AnswerForm = {
    idPrefix,
    generates: false,
    reasons: false,
    stream() {
      throw new Error('this API does not stream');
    },
    whole: (_, name, __, ___, usage) => body(name, usage),
  };
  return { form, stream: false, includeUsage: true, prompt };
}

function ranking(
  query: string | undefined,
  passages: readonly (string | undefined)[] | undefined,
  body: (scores: readonly number[], usage: UsageCounts | undefined, name: AnswerName) => string,
) {
  if (query === undefined || passages === undefined || passages.some((text) => text === undefined))
    return badRequest('query or passages are missing or have the wrong form.', 'query');
  const scores = passages.map((_, place) => (passages.length - place) / (passages.length + 1));
  return asked([query, ...passages].join('\n'), 'rerank', (name, usage) => body(scores, usage, name));
}

function textIn(value: Json | undefined): string | undefined {
  const text = isObject(value) ? value.text : value;
  return typeof text === 'string' ? text : undefined;
}

function usageMember(usage: UsageCounts | undefined): string {
  if (usage === undefined) return '';
  const { promptTokens } = usage;
  return `,"usage":{"prompt_tokens":${promptTokens},"total_tokens":${promptTokens},"completion_tokens":0}`;
}

/** Vectors by length and form: making them anew would be most of the work of an answer. */
const vectors = new Map<string, string>();

function vectorJson(length: number, isBase64: boolean): string {
  const key = `${length}:${isBase64}`;
  let json = vectors.get(key);
  if (json === undefined) {
    const numbers = Float32Array.from({ length }, (_, place) => Math.fround(Math.sin(place + 1)));
    json = isBase64 ? `"${Buffer.from(numbers.buffer).toString('base64')}"` : `[${[...numbers].join(',')}]`;
    vectors.set(key, json);
  }
  return json;
}
