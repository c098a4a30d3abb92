import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

// A truncated body is decoded as far as it goes.
const zlib = { finishFlush: constants.Z_SYNC_FLUSH };
const brotli = { finishFlush: constants.BROTLI_OPERATION_FLUSH };

/**
 * The codings of a body by its head, in the order in which they were applied. Gzip is recognized by its first two bytes
 * even if the head names no coding.
 * @param body its beginning, or all of it
 */
export function codingsOf(contentEncoding: string, body: Buffer): readonly string[] {
  const isGzip = body[0] === 0x1f && (body.length === 1 || body[1] === 0x8b);
  const named = contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const outermost = named.at(-1);
  if (outermost === undefined) return isGzip ? ['gzip'] : [];
  return isGzip || !/^(x-)?gzip$/.test(outermost) ? named : [];
}

/**
 * Undoes gzip, deflate and br.
 * @throws RangeError for a body of more than `maxBytes`, Error for an unknown coding or an invalid body
 */
export function decodeBody(body: Buffer, codings: readonly string[], maxBytes: number): Buffer {
  return codings.toReversed().reduce((coded, coding) => decodeOnce(coded, coding, maxBytes), body);
}

function decodeOnce(body: Buffer, coding: string, maxOutputLength: number): Buffer {
  const options = { ...zlib, maxOutputLength };
  try {
    switch (coding) {
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, options);
      case 'deflate':
        // A zlib header begins with 0x78 in practice; some servers leave it out.
        return (body[0] ?? 0) === 0x78 ? inflateSync(body, options) : inflateRawSync(body, options);
      case 'br':
        return brotliDecompressSync(body, { ...brotli, maxOutputLength });
    }
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new RangeError(`it has more than ${maxOutputLength} bytes`);
    throw thrown;
  }
  throw new Error(`the coding ${coding} is not supported`);
}
