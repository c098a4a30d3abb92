import { crc32 } from 'node:zlib';

/** A message of Amazon's event stream. @param raw further headers, encoded. */
export function amazonMessage(
  headers: Readonly<Record<string, string>>,
  payload: string,
  raw: Uint8Array = new Uint8Array(),
): Buffer {
  const encoded = Buffer.concat([
    ...Object.entries(headers).flatMap(([name, value]) => [
      Buffer.of(name.length),
      Buffer.from(name),
      Buffer.of(7, value.length >> 8, value.length & 255),
      Buffer.from(value),
    ]),
    raw,
  ]);
  const body = Buffer.from(payload);
  const prelude = uint32(12 + encoded.length + body.length + 4, encoded.length);
  const message = Buffer.concat([prelude, uint32(crc32(prelude)), encoded, body]);
  return Buffer.concat([message, uint32(crc32(message))]);
}

function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [place, value] of values.entries()) bytes.writeUInt32BE(value, 4 * place);
  return bytes;
}
