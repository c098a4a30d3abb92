import { Writable } from 'node:stream';
import type { ProgressState } from '../../src/ui/progress.js';

/** A stream that keeps what is written to it. */
export function recorder(): Writable & { readonly written: string[] } {
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      written.push(text);
      done();
    },
  });
  return Object.assign(stream, { written });
}

/** The example of a run that is a quarter done. */
export const quarter: ProgressState = {
  phase: 'Profiling',
  completed: 250,
  total: 1000,
  errors: 0,
  inFlight: 12,
  elapsedSeconds: 5.47,
  requestsPerSecond: 45.68,
  etaSeconds: 16.4,
  ttftAvgMs: 51.24,
  itlAvgMs: 10.06,
};
