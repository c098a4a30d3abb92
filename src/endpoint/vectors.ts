import { isObject, type Json, type JsonObject } from '../util/json.js';
import type { Chunk } from './endpoint.js';
import type { Failure } from './failure.js';
import { hasMembers } from './payload.js';

/** Embeddings of OpenAI's form: a list of vectors, each of numbers or of base64, which is not decoded. */
export function readVectors(unit: Json): Chunk | undefined {
  if (!isObject(unit) || !Array.isArray(unit.data)) return undefined;
  let vectors = 0;
  let failure: Failure | undefined;
  unit.data.forEach((item, place) => {
    const vector = isObject(item) && isEmbedding(item) ? item.embedding : null;
    if (vector === null) failure ??= strange(item, place);
    else if (typeof vector === 'string' && !holdsFloats(vector)) failure ??= truncated(vector, place);
    else if (typeof vector === 'string' || Array.isArray(vector)) vectors += vector.length > 0 ? 1 : 0;
  });
  return {
    ...(vectors === 0 ? {} : { counts: { vectors } }),
    ...(hasMembers(unit.usage) ? { usage: unit.usage } : {}),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Servers may leave `object` out. */
function isEmbedding({ object }: JsonObject): boolean {
  return object === undefined || object === 'embedding';
}

function strange(item: Json | undefined, place: number): Failure {
  const what = isObject(item) ? `object ${JSON.stringify(item.object)}` : JSON.stringify(item);
  return {
    code: 502,
    type: 'ValueError',
    message: `data[${place}] of the response is no embedding but ${what.slice(0, 200)}`,
  };
}

function truncated(vector: string, place: number): Failure {
  return {
    code: 502,
    type: 'ValueError',
    message: `data[${place}].embedding of the response is truncated: ${vector.length} characters of base64 hold no whole number of 32-bit floats`,
  };
}

/** Whether base64 has the length of whole 32-bit floats; padding may be left out. */
function holdsFloats(base64: string): boolean {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  if (padding > 0 && base64.length % 4 !== 0) return false;
  const bits = (base64.length - padding) * 6;
  return Math.floor(bits / 8) % 4 === 0 && bits % 8 < 6;
}

const listStart = Buffer.from('"embedding":');
const SPACE = 0x20;
const LIST = 0x5b;
const END_OF_LIST = 0x5d;

/**
 * The text of a body without the numbers of its vectors, but for whether there are any: decoding and parsing them would
 * take nearly all of the time of an answer. Undefined for a body that is small, or has nested lists or numbers that are
 * no JSON.
 */
export function withoutNumbers(body: Buffer): string | undefined {
  if (body.length < 1024 || body.includes('NaN') || body.includes('Infinity')) return undefined;
  let kept = '';
  let from = 0;
  for (let at = body.indexOf(listStart); at >= 0; at = body.indexOf(listStart, from)) {
    let open = at + listStart.length;
    if (body[open] === SPACE) open++;
    const close = body.indexOf(END_OF_LIST, open);
    if (body[open] !== LIST || close < 0) return undefined;
    if (!/^\s*[-\d]/.test(body.toString('latin1', open + 1, open + 20))) return undefined;
    kept += `${body.toString('utf8', from, open)}[0`;
    from = close;
  }
  return from === 0 ? undefined : kept + body.toString('utf8', from);
}

export const cannedVectors = (): string[] => [
  '{"object":"list","data":[{"object":"embedding","embedding":[0.5]}]}',
];
