import type { Writable } from 'node:stream';
import type { Snapshot } from '../collect/snapshot.js';
import { withThousands } from '../util/counted.js';
import type { Screen } from './screen.js';
import { shown } from './snapshot-text.js';

const everyMs = 5000;

/** Writes a line every five seconds and one at the end. `nowMs` is a monotonic clock. */
export function openLines(stream: Writable, nowMs: () => number): Screen {
  let lastMs = nowMs();
  let unwritten: Snapshot | undefined;
  const write = () => {
    if (unwritten !== undefined) stream.write(`${lineText(unwritten)}\n`);
    unwritten = undefined;
  };
  return {
    onSnapshot(snapshot) {
      unwritten = snapshot;
      if (nowMs() - lastMs < everyMs) return;
      lastMs = nowMs();
      write();
    },
    clear() {},
    onEnd: write,
  };
}

/** A snapshot in one line: `Profiling: 250/1,000 (25%), 00:05, 45.7 requests/s, 0 errors, …`. */
export function lineText(snapshot: Snapshot): string {
  const { done, share, elapsed, figures, eta } = shown(snapshot);
  const percent = share === undefined ? '' : ` (${Math.round(share * 100)}%)`;
  const inFlight =
    snapshot.processing === undefined ? [`${withThousands(snapshot.requests.inFlight)} in flight`] : [];
  return [
    `${done}${percent}`,
    elapsed,
    ...figures,
    ...inFlight,
    ...(eta === undefined ? [] : [`ETA ${eta}`]),
  ].join(', ');
}
