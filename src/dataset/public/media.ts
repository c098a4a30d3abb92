import { RowError } from '../loaders/format.js';
import { type Cell, isStruct } from './cells.js';
import { wavOf } from './flac.js';

/** The first picture of a cell as a data URL or URL, in the format in which it is stored; undefined for none. */
export function imageIn(cell: Cell | undefined): string | undefined {
  for (const item of Array.isArray(cell) ? cell : [cell]) {
    if (typeof item === 'string' && /^(https?:|data:)/.test(item)) return item;
    const bytes = bytesOf(item);
    const type = bytes === undefined ? undefined : imageType(bytes);
    if (bytes !== undefined && type !== undefined) return dataUrl(`image/${type}`, bytes);
  }
  return undefined;
}

/** The video of a cell: a URL as it is, bytes as a data URL; undefined for none. */
export function videoIn(cell: Cell | undefined): string | undefined {
  if (typeof cell === 'string' && cell !== '') return cell;
  const bytes = bytesOf(cell);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const isWebm = isStruct(cell) && typeof cell.path === 'string' && /\.webm$/i.test(cell.path);
  return dataUrl(isWebm ? 'video/webm' : 'video/mp4', bytes);
}

/**
 * The sound of a cell: WAV and MP3 as they are, FLAC as WAV, because not every server reads it. Undefined for none.
 * @throws RowError for another format.
 */
export async function audioIn(
  cell: Cell | undefined,
): Promise<{ readonly source: string; readonly wav: Buffer | undefined } | undefined> {
  const bytes = bytesOf(cell);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  const stored = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (head.startsWith('ID3') || (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0)) {
    return { source: `mp3,${stored.toString('base64')}`, wav: undefined };
  }
  const isWav = head.startsWith('RIFF') && head.slice(8) === 'WAVE';
  if (!isWav && !head.startsWith('fLaC')) {
    throw new RowError('the audio is neither WAV nor MP3 nor FLAC');
  }
  const wav = isWav ? stored : await wavOf(bytes);
  return { source: `wav,${wav.toString('base64')}`, wav };
}

/** Bytes, alone or as `{bytes, path}`. */
function bytesOf(cell: Cell | undefined): Uint8Array | undefined {
  if (cell instanceof Uint8Array) return cell;
  return isStruct(cell) && cell.bytes instanceof Uint8Array ? cell.bytes : undefined;
}

function imageType(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\x89PNG')) return 'png';
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return 'webp';
  return head.startsWith('GIF8') ? 'gif' : undefined;
}

function dataUrl(type: string, bytes: Uint8Array): string {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return `data:${type};base64,${base64}`;
}
