import { isObject, type Json, type JsonObject } from '../util/json.js';
import type { Chunk } from './endpoint.js';

/** Fields that hold a text, in the order in which they are tried. The first that is a string counts, also if empty. */
const textFields = ['text', 'content', 'response', 'output', 'result'];

/** A unit of an API that nothing is known about: vectors, scores or text, whichever its shape is. */
export function readAny(unit: Json): Chunk | undefined {
  if (typeof unit === 'string') return textChunk(unit);
  if (Array.isArray(unit)) {
    if (unit.length === 0) return undefined;
    if (isNumbers(unit)) return { counts: { vectors: 1 } };
    // As Hugging Face's and llama.cpp's own embeddings are.
    if (unit.every(isNumbers)) return { counts: { vectors: unit.length } };
    return unit.every(isObject) ? { counts: { scores: unit.length } } : undefined;
  }
  if (!isObject(unit)) return undefined;
  const vectors = vectorsIn(unit);
  if (vectors > 0) return { counts: { vectors } };
  for (const key of ['rankings', 'results']) {
    const scores = unit[key];
    if (Array.isArray(scores) && scores.length > 0) return { counts: { scores: scores.length } };
  }
  const text = textIn(unit);
  return text === undefined ? undefined : textChunk(text);
}

function isNumbers(value: Json): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number');
}

export function textChunk(text: string): Chunk {
  return text === '' ? {} : { text };
}

function vectorsIn({ data, embeddings, embedding }: JsonObject): number {
  const isVector = (item: Json) => isObject(item) && item.object === 'embedding' && 'embedding' in item;
  if (Array.isArray(data) && data.some(isVector)) return data.filter(isVector).length;
  if (Array.isArray(embeddings)) return embeddings.length;
  return Array.isArray(embedding) && embedding.length > 0 ? 1 : 0;
}

function textIn(unit: JsonObject): string | undefined {
  for (const key of textFields) {
    const value = unit[key];
    if (typeof value === 'string') return value;
    if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'))
      return value.join('');
  }
  const [choice] = Array.isArray(unit.choices) ? unit.choices : [];
  if (!isObject(choice)) return undefined;
  for (const holder of [choice, choice.message, choice.delta]) {
    const text = isObject(holder) ? (holder === choice ? holder.text : holder.content) : undefined;
    if (typeof text === 'string') return text;
  }
  return undefined;
}
