import { randomUUID } from 'node:crypto';
import type { MediaItem, Turn } from '../dataset/conversation.js';
import type { JsonObject } from '../util/json.js';
import type { BodyRequest } from './endpoint.js';

/** Shorter media pass through the JSON of a body sooner than around it. */
const LEAST_BYTES = 16_384;
/** A data URL names its type, `wav,` its format, within as many characters. */
const LONGEST_HEAD = 200;
const COMMA = 0x2c;

/** Part of the marks that stand for media; no text of a prompt can hold it. */
const secret = randomUUID();
const mark = new RegExp(`<${secret}:(\\d+)>`);

/** A request whose media are marks, and the bytes that they stand for. */
export interface MarkedRequest {
  readonly request: BodyRequest;
  /** Base64 as ASCII, by the numbers of the marks. */
  readonly media: readonly Uint8Array[];
}

/**
 * Puts a mark in place of each item's base64, behind the head of its value, so that megabytes need not pass through
 * strings and `JSON.stringify` at every send: a 1 MB image took 3 ms. Undefined if no item is large.
 */
export function markMedia({ conversation, turn, past }: BodyRequest): MarkedRequest | undefined {
  const media: Uint8Array[] = [];
  const marked: BodyRequest = {
    conversation,
    turn: markedTurn(turn),
    past: past.map(({ turn: earlier, answer }) => ({ turn: markedTurn(earlier), answer })),
  };
  return media.length === 0 ? undefined : { request: marked, media };

  function markedTurn(of: Turn): Turn {
    return of.media === undefined ? of : { ...of, media: of.media.map(markedItem) };
  }

  function markedItem(item: MediaItem): MediaItem {
    const bytes = item.ascii?.();
    const headLength = bytes === undefined ? 0 : 1 + bytes.subarray(0, LONGEST_HEAD).indexOf(COMMA);
    if (bytes === undefined || headLength === 0 || bytes.length < LEAST_BYTES) return item;
    const value = `${Buffer.from(bytes.subarray(0, headLength)).toString('latin1')}<${secret}:${media.length}>`;
    media.push(bytes.subarray(headLength));
    return { ...item, value: () => value };
  }
}

/** The JSON text of a body in pieces, the media in place of their marks. */
export function jsonPieces(body: JsonObject, media: readonly Uint8Array[]): Uint8Array[] {
  // Split at the marks, which leaves their numbers at every second place.
  return JSON.stringify(body)
    .split(mark)
    .map((part, place) => (place % 2 === 0 ? Buffer.from(part) : (media[Number(part)] ?? Buffer.alloc(0))));
}
