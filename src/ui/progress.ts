import type { Writable } from 'node:stream';
import { openBar } from './bar.js';
import { openLines } from './lines.js';
import { none } from './none.js';

/** How far a run is. */
export interface ProgressState {
  readonly phase: 'Warmup' | 'Profiling';
  readonly completed: number;
  /** Undefined: not known beforehand. */
  readonly total: number | undefined;
  readonly errors: number;
  readonly inFlight: number;
  readonly elapsedSeconds: number;
  readonly requestsPerSecond: number;
  readonly etaSeconds: number | undefined;
  /** Means of what has been measured so far; undefined: nothing yet. */
  readonly ttftAvgMs: number | undefined;
  readonly itlAvgMs: number | undefined;
}

/** Shows how far a run is; each way decides itself how often it shows what it is told. */
export interface Progress {
  update(state: ProgressState): void;
  /** Takes away what would be in the way of other output; the next update shows it again. */
  clear(): void;
  /** The run is over. */
  stop(): void;
}

/** `simple`: a bar when `stream` is a terminal, else a line every few seconds. */
export function openProgress(kind: 'simple' | 'none', stream: Writable): Progress {
  if (kind === 'none') return none;
  return isTerminal(stream) ? openBar(stream, stream.hasColors()) : openLines(stream);
}

interface Terminal extends Writable {
  readonly columns: number;
  hasColors(): boolean;
}

function isTerminal(stream: Writable): stream is Terminal {
  return 'isTTY' in stream && stream.isTTY === true && 'columns' in stream && 'hasColors' in stream;
}
