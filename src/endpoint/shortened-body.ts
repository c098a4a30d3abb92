import { isObject, type Json, refuseHugeJson } from '../util/json.js';
import type { Chunk, Endpoint } from './endpoint.js';
import { failureIn } from './failure.js';

/** What a whole body holds by the part of it that its endpoint needs; undefined unless that is a plain answer. */
export function shortenedChunk({ shorten, read }: Endpoint, body: Buffer): Chunk | undefined {
  const text = shorten?.(body);
  if (text === undefined) return undefined;
  try {
    refuseHugeJson(text);
    const unit: Json = JSON.parse(text);
    if (!isObject(unit) || failureIn(unit, text) !== undefined) return undefined;
    const chunk = read(unit);
    return chunk?.counts === undefined || chunk.failure !== undefined ? undefined : chunk;
  } catch {
    return undefined;
  }
}
