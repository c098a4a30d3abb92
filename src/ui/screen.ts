import type { Writable } from 'node:stream';
import type { Sink } from '../collect/sink.js';

/** A sink that people watch. */
export interface Screen extends Sink {
  /** Removes what is in the way of other output; the next snapshot shows it again. */
  clear(): void;
}

/** A stream that can be drawn on. */
export interface Terminal extends Writable {
  readonly columns: number;
  readonly rows: number;
  hasColors(): boolean;
}

/** Columns and rows of the smallest terminal that the dashboard is drawn on. */
export const smallestDashboard = { columns: 80, rows: 24 } as const;

export function isTerminal(stream: Writable): stream is Terminal {
  return 'isTTY' in stream && stream.isTTY === true && 'columns' in stream && 'hasColors' in stream;
}
