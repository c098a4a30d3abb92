import type { Writable } from 'node:stream';
import type { Snapshot } from '../collect/snapshot.js';
import { withThousands } from '../util/counted.js';
import type { Screen } from './screen.js';
import { shown } from './snapshot-text.js';

/** Writes a line of statistics at this interval and one at the end. `nowMs` is a monotonic clock. */
export function openLines(stream: Pick<Writable, 'write'>, nowMs: () => number, everyMs: number): Screen {
  let lastMs: number | undefined;
  let unwritten: Snapshot | undefined;
  const write = () => {
    if (unwritten !== undefined) stream.write(`${lineText(unwritten)}\n`);
    unwritten = undefined;
  };
  return {
    onSnapshot(snapshot) {
      unwritten = snapshot;
      lastMs ??= nowMs();
      if (nowMs() - lastMs < everyMs) return;
      lastMs = nowMs();
      write();
    },
    clear() {},
    onEnd: write,
  };
}

/** A snapshot in one line: `Profiling: 250/1,000 (25%), 00:05, 45.7 requests/s, 0 errors, TTFT 51.2 ms (p99 80.1), …`. */
export function lineText(snapshot: Snapshot): string {
  const { done, share, elapsed, figures, eta } = shown(snapshot, true);
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
