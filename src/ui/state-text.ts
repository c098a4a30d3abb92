import { counted, withThousands } from '../util/counted.js';
import type { ProgressState } from './progress.js';

/** `05:07`, from an hour on `1:02:03`; whole seconds, cut. */
export function durationText(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (part: number) => String(part).padStart(2, '0');
  const minutes = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return whole < 3600 ? minutes : `${Math.floor(whole / 3600)}:${minutes}`;
}

/** `250/1,000`, or `250` where the total is not known. */
export function doneText({ completed, total }: ProgressState): string {
  return total === undefined
    ? withThousands(completed)
    : `${withThousands(completed)}/${withThousands(total)}`;
}

/** The share that is done, 0 to 1; undefined where the total is not known. */
export function doneShare({ completed, total }: ProgressState): number | undefined {
  if (total === undefined) return undefined;
  return total === 0 ? 1 : Math.min(completed / total, 1);
}

/** Rate, errors and live latencies, the most wanted first. */
export function figures(state: ProgressState): string[] {
  const { requestsPerSecond, errors, ttftAvgMs, itlAvgMs } = state;
  const parts = [`${decimalText(requestsPerSecond)} requests/s`, counted(errors, 'error')];
  if (ttftAvgMs !== undefined) parts.push(`TTFT ${decimalText(ttftAvgMs)} ms`);
  if (itlAvgMs !== undefined) parts.push(`ITL ${decimalText(itlAvgMs)} ms`);
  return parts;
}

function decimalText(value: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}
