import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

// Requests accept no coding, so a coded body is an error page or comes from a proxy. It is decoded between timestamps,
// so bodies that take more than a few milliseconds are not decoded.
const MAX_DECODED_BYTES = 2 ** 20;

// A truncated body is decoded as far as it goes.
const zlib = { maxOutputLength: MAX_DECODED_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
const brotli = {
  maxOutputLength: MAX_DECODED_BYTES,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
};

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
 * Undoes gzip, deflate and br, up to 1 MiB.
 * @throws Error for an unknown coding, an invalid body, or a longer one
 */
export function decodeBody(body: Buffer, codings: readonly string[]): Buffer {
  return codings.toReversed().reduce(decodeOnce, body);
}

function decodeOnce(body: Buffer, coding: string): Buffer {
  try {
    switch (coding) {
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, zlib);
      case 'deflate':
        // A zlib header begins with 0x78 in practice; some servers leave it out.
        return (body[0] ?? 0) === 0x78 ? inflateSync(body, zlib) : inflateRawSync(body, zlib);
      case 'br':
        return brotliDecompressSync(body, brotli);
    }
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new Error(`it has more than ${MAX_DECODED_BYTES} bytes`);
    throw thrown;
  }
  throw new Error(`the coding ${coding} is not supported`);
}
