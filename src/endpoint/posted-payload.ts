import { joined } from '../util/byte-pieces.js';
import type { Json, JsonObject } from '../util/json.js';
import { isObject } from '../util/json.js';
import type { Payload } from './payload.js';

/** A payload as it is posted to another thread: plain data, whose bytes have a buffer of their own to transfer. */
export interface PostedPayload {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly sha256: string | undefined;
  readonly model: string | undefined;
  readonly outputCap: number | undefined;
  readonly batchSize: number | undefined;
  readonly secrets: readonly string[];
  /** Undefined if the record needs none. */
  readonly inputText: string | undefined;
  readonly inputIds: number;
  /** Undefined if `data` is its JSON text. */
  readonly body: JsonObject | undefined;
}

/** @param needsInputText whether the tokens of the input must be counted. */
export function postPayload(payload: Payload, needsInputText: boolean): PostedPayload {
  const { data, contentType, sha256, model, outputCap, batchSize } = payload;
  return {
    data: ownBytes(payload),
    ...{ contentType, sha256, model, outputCap, batchSize },
    secrets: payload.secrets(),
    inputText: needsInputText ? payload.inputText() : undefined,
    inputIds: needsInputText ? payload.inputIds() : 0,
    body: typeof data === 'string' ? undefined : payload.body(),
  };
}

/** The payload that another thread posted. */
export function receivePayload(posted: PostedPayload): Payload {
  const { data, contentType, sha256, model, outputCap, batchSize, secrets, inputText, inputIds } = posted;
  return {
    ...{ data, contentType, sha256, model, outputCap, batchSize },
    byteLength: data.length,
    body: () => posted.body ?? parsed(data),
    inputText: () => inputText ?? '',
    inputIds: () => inputIds,
    secrets: () => secrets,
  };
}

/** A small Buffer shares its memory with others, so it cannot be transferred. */
function ownBytes({ data, byteLength }: Payload): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength);
  if (typeof data === 'string') Buffer.from(bytes.buffer).write(data);
  else bytes.set(joined(data));
  return bytes;
}

function parsed(data: Uint8Array<ArrayBuffer>): JsonObject {
  const body: Json = JSON.parse(Buffer.from(data.buffer).toString());
  return isObject(body) ? body : {};
}
