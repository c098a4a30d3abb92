import { createHash } from 'node:crypto';

/** Text, which is sent as UTF-8, or bytes, also in pieces that are sent one after the other. */
export type BytePieces = string | Uint8Array | readonly Uint8Array[];

/** The pieces in order. */
export function piecesOf(data: BytePieces): readonly (string | Uint8Array)[] {
  return typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
}

/** Length in bytes. */
export function byteLengthOf(data: BytePieces): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return data instanceof Uint8Array ? data.length : data.reduce((sum, piece) => sum + piece.length, 0);
}

/** SHA-256, hexadecimal. */
export function sha256(data: BytePieces): string {
  const hash = createHash('sha256');
  for (const piece of piecesOf(data)) hash.update(piece);
  return hash.digest('hex');
}

/** The bytes in one piece, copied where they are in several. */
export function joined(data: BytePieces): Buffer {
  return Buffer.concat(
    piecesOf(data).map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
  );
}
