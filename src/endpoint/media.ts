import type { MediaItem } from '../dataset/conversation.js';
import { UserError } from '../util/errors.js';
import { excerpt } from '../util/excerpt.js';

/** A data URL taken apart. */
interface EncodedMedia {
  /** For example `image/png`. */
  readonly mediaType: string;
  readonly base64: string;
}

/** Undefined for a link, and for a data URL without base64. */
function encodedMedia(url: string): EncodedMedia | undefined {
  const head = /^data:([^;,]*)[^,]*;base64,/.exec(url.slice(0, 200));
  return head === null ? undefined : { mediaType: head[1] ?? '', base64: url.slice(head[0].length) };
}

/**
 * Audio as the APIs of OpenAI take it. `data` is base64.
 * @throws UserError for a link: they take no links.
 */
export function audioOf(item: MediaItem): { readonly data: string; readonly format: string } {
  const value = item.value();
  const encoded = encodedMedia(value);
  if (encoded !== undefined)
    return { data: encoded.base64, format: encoded.mediaType.replace(/^audio\//, '') };
  const comma = value.slice(0, 20).indexOf(',');
  if (comma === -1) {
    throw new UserError(
      `audio must be <format>,<base64> or a data URL, got ${excerpt(value)}`,
      'download the file and give its path',
    );
  }
  return { data: value.slice(comma + 1), format: value.slice(0, comma) };
}
