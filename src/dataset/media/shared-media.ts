import type { MediaItem, MediaKind } from '../conversation.js';

/** One generated image, sound or video, in memory that threads share. */
export interface MediaPiece {
  /** Its value as ASCII. */
  readonly ascii: Uint8Array;
  readonly seconds?: number;
}

/** Generated media of one kind. Plain data. */
export interface MediaBatch {
  readonly kind: MediaKind;
  readonly perTurn: number;
  /** Used one after the other, from the start again after the last. */
  readonly pieces: readonly MediaPiece[];
}

/** @param value ASCII. */
export function sharedPiece(value: string, seconds?: number): MediaPiece {
  const ascii = new Uint8Array(new SharedArrayBuffer(value.length));
  Buffer.from(ascii.buffer).write(value, 'latin1');
  return seconds === undefined ? { ascii } : { ascii, seconds };
}

/** The media of a turn. @param turn its number in the whole dataset. */
export function mediaOfTurn(batches: readonly MediaBatch[], turn: number): MediaItem[] {
  return batches.flatMap(({ kind, perTurn, pieces }) =>
    Array.from({ length: perTurn }, (_, place) => {
      const piece = pieces[(turn * perTurn + place) % pieces.length];
      return sharedItem(kind, '', piece ?? nothing);
    }),
  );
}

/** Media of a turn in shared memory. */
export function sharedItem(kind: MediaKind, name: string, piece: MediaPiece): MediaItem {
  return {
    kind,
    name,
    value: () => Buffer.from(piece.ascii.buffer).toString('latin1'),
    ascii: () => piece.ascii,
    seconds: () => piece.seconds,
  };
}

const nothing: MediaPiece = { ascii: new Uint8Array(0) };

/** Bytes of the media of a turn, on average. */
export function mediaBytes(batches: readonly MediaBatch[]): number {
  return batches.reduce((sum, { perTurn, pieces }) => {
    const bytes = pieces.reduce((all, { ascii }) => all + ascii.length, 0);
    return sum + (perTurn * bytes) / pieces.length;
  }, 0);
}
