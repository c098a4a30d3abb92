import type { MediaItem, MediaKind, Turn } from '../dataset/conversation.js';
import { UserError } from '../util/errors.js';
import { excerpt } from '../util/excerpt.js';
import type { EndpointOptions, OptionName } from './endpoint.js';
import type { FormFile } from './multipart.js';

/** A data URL taken apart. */
interface EncodedMedia {
  /** For example `image/png`. */
  readonly mediaType: string;
  readonly base64: string;
}

/** Undefined for a link, and for a data URL without base64. */
export function encodedMedia(url: string): EncodedMedia | undefined {
  const head = /^data:([^;,]*)[^,]*;base64,/.exec(url.slice(0, 200));
  return head === null ? undefined : { mediaType: head[1] ?? '', base64: url.slice(head[0].length) };
}

/** The values of a turn's media of one kind, in order. */
export function mediaValues({ media = [] }: Turn, kind: MediaKind): string[] {
  return media.flatMap((item) => (item.kind === kind ? [item.value()] : []));
}

/** A data URL, or audio as `<format>,<base64>`, as a file of a form; undefined for a link. */
export function fileOf(value: string, kind: 'image' | 'audio'): FormFile | undefined {
  const encoded = encodedMedia(value) ?? bareAudio(value);
  if (encoded === undefined) return undefined;
  const { mediaType, base64 } = encoded;
  return { b64_data: base64, filename: `${kind}.${mediaType.replace(/^.*\//, '')}`, content_type: mediaType };
}

/**
 * Audio as the APIs of OpenAI take it. `data` is base64.
 * @throws UserError for a link: they take no links.
 */
export function audioOf(item: MediaItem): { readonly data: string; readonly format: string } {
  const value = item.value();
  const encoded = encodedMedia(value) ?? bareAudio(value);
  if (encoded === undefined) {
    throw new UserError(
      `audio must be <format>,<base64> or a data URL, got ${excerpt(value)}`,
      'download the file and give its path',
    );
  }
  return { data: encoded.base64, format: encoded.mediaType.replace(/^audio\//, '') };
}

/** Audio as `<format>,<base64>`. */
function bareAudio(value: string): EncodedMedia | undefined {
  const comma = value.slice(0, 20).indexOf(',');
  return comma === -1
    ? undefined
    : { mediaType: `audio/${value.slice(0, comma)}`, base64: value.slice(comma + 1) };
}

/** What misleads about the options of an endpoint that generates no tokens. */
export function tokenlessWarnings({ osl = 0 }: EndpointOptions, name: OptionName): string[] {
  return osl > 0 ? [`${name('osl')} has no effect: the endpoint type generates no tokens.`] : [];
}
