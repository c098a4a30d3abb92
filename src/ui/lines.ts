import type { Writable } from 'node:stream';
import { withThousands } from '../util/counted.js';
import type { Progress, ProgressState } from './progress.js';
import { doneShare, doneText, durationText, figures } from './state-text.js';

const everyMs = 5000;

/** Writes a line every five seconds and one at the end. `nowMs` is a monotonic clock. */
export function openLines(stream: Writable, nowMs: () => number = () => performance.now()): Progress {
  let lastMs = nowMs();
  let unwritten: ProgressState | undefined;
  const write = () => {
    if (unwritten !== undefined) stream.write(`${lineText(unwritten)}\n`);
    unwritten = undefined;
  };
  return {
    update(state) {
      unwritten = state;
      if (nowMs() - lastMs < everyMs) return;
      lastMs = nowMs();
      write();
    },
    clear() {},
    stop: write,
  };
}

/** A run's state in one line: `Profiling: 250/1,000 (25%), 00:05, 45.7 requests/s, 0 errors, …`. */
export function lineText(state: ProgressState): string {
  const share = doneShare(state);
  const percent = share === undefined ? '' : ` (${Math.round(share * 100)}%)`;
  const eta = state.etaSeconds === undefined ? [] : [`ETA ${durationText(state.etaSeconds)}`];
  return [
    `${state.phase}: ${doneText(state)}${percent}`,
    durationText(state.elapsedSeconds),
    ...figures(state),
    `${withThousands(state.inFlight)} in flight`,
    ...eta,
  ].join(', ');
}
