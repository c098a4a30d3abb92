import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { messageOf, UserError } from '../../util/errors.js';
import { excerpt } from '../../util/excerpt.js';
import { orList } from '../../util/lists.js';
import { isWav, WAV_HEAD_BYTES, wavSeconds } from '../../util/wav.js';
import type { MediaItem, MediaKind } from '../conversation.js';
import type { RowMedia } from '../loaders/format.js';

/** File types of each kind that can be sent, by the ending of their names; images are recognized by their content. */
const fileTypes: Readonly<Record<MediaKind, readonly string[]>> = {
  image: ['png', 'jpeg'],
  audio: ['wav', 'mp3'],
  video: ['mp4', 'webm'],
};

/**
 * Checks that media as written in a dataset can be sent: a URL, base64 that is complete, or a file of a known type.
 * @returns its length when it is sent, about. @throws UserError
 */
export function checkMedia(kind: MediaKind, source: string): number {
  if (isUrl(source)) return source.length;
  const base64 = base64Of(source);
  if (base64 === undefined) return (4 / 3) * checkFile(kind, source);
  if (base64 === '' || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw new UserError(`the base64 of ${excerpt(source).slice(0, 40)}… is not complete`);
  }
  return source.length;
}

/** Media as written in a dataset, read when it is needed. */
export function mediaItem({ kind, name, source, uuid }: RowMedia): MediaItem {
  const base64 = isUrl(source) ? undefined : base64Of(source);
  const isFile = isMediaFile(source);
  const value = () => (isFile ? fileValue(kind, source) : source);
  return {
    kind,
    name,
    ...(uuid === undefined ? {} : { uuid }),
    value,
    ...(isFile || base64 !== undefined ? { ascii: () => Buffer.from(value(), 'latin1') } : {}),
    seconds() {
      if (kind !== 'audio') return undefined;
      if (isFile) return wavSeconds(headOf(source, WAV_HEAD_BYTES), statSync(source).size);
      if (base64 === undefined) return undefined;
      const head = Buffer.from(base64.slice(0, (4 / 3) * WAV_HEAD_BYTES), 'base64');
      return wavSeconds(head, (base64.length * 3) / 4);
    },
  };
}

/** Media as written in a dataset, for a check: the content of a file is left out. */
export function unreadMedia({ kind, name, source, uuid }: RowMedia): MediaItem {
  const value = isMediaFile(source) ? `data:${kind}/${extname(source).slice(1)};base64,` : source;
  return {
    kind,
    name,
    ...(uuid === undefined ? {} : { uuid }),
    value: () => value,
    seconds: () => undefined,
  };
}

/** Whether media as written in a dataset are the path of a file. */
export function isMediaFile(source: string): boolean {
  return source !== '' && !isUrl(source) && base64Of(source) === undefined;
}

function isUrl(source: string): boolean {
  return (
    /^https?:\/\//i.test(source) || (source.startsWith('data:') && !/;base64,/.test(source.slice(0, 200)))
  );
}

/** The base64 of a data URL or of `<format>,<base64>`; undefined for anything else. */
function base64Of(source: string): string | undefined {
  const head = /^(?:data:[^,]*;base64|wav|mp3),/.exec(source.slice(0, 200));
  return head === null ? undefined : source.slice(head[0].length);
}

/** @returns bytes of the file. */
function checkFile(kind: MediaKind, path: string): number {
  let bytes: number;
  let type: string | undefined;
  try {
    bytes = statSync(path).size;
    type = fileType(kind, path);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new UserError(
      isMissing
        ? `the ${kind} file ${excerpt(path)} does not exist; relative paths start at the working directory`
        : `the ${kind} file ${excerpt(path)} cannot be read: ${messageOf(error)}`,
    );
  }
  if (type === undefined) {
    const types = orList(fileTypes[kind].map((known) => known.toUpperCase()));
    throw new UserError(`the file ${path} is no ${kind} of a known type: expected ${types}`);
  }
  return bytes;
}

/** Undefined for a type that cannot be sent. */
function fileType(kind: MediaKind, path: string): string | undefined {
  const head = headOf(path, 12);
  if (kind === 'image') return imageType(head);
  const type = extname(path).slice(1).toLowerCase();
  if (head.length === 0 || !fileTypes[kind].includes(type) || (type === 'wav' && !isWav(head)))
    return undefined;
  return type;
}

/** The type of an image by its first bytes; undefined for one that cannot be sent. */
export function imageType(head: Buffer): 'png' | 'jpeg' | undefined {
  if (head.toString('latin1', 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  return head.toString('hex', 0, 3) === 'ffd8ff' ? 'jpeg' : undefined;
}

function fileValue(kind: MediaKind, path: string): string {
  const type = fileType(kind, path);
  if (type === undefined) throw new UserError(`the ${kind} file ${path} has changed during the run`);
  const base64 = readFileSync(path, 'base64');
  return kind === 'audio' ? `${type},${base64}` : `data:${kind}/${type};base64,${base64}`;
}

function headOf(path: string, bytes: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(bytes);
    return head.subarray(0, readSync(file, head, 0, bytes, 0));
  } finally {
    closeSync(file);
  }
}
