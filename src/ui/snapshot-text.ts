import type { Snapshot } from '../collect/snapshot.js';
import { counted, withThousands } from '../util/counted.js';

const phaseTitles = { warmup: 'Warmup', profiling: 'Profiling' } as const;

/** `05:07`, from an hour on `1:02:03`; whole seconds, cut. */
export function durationText(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (part: number) => String(part).padStart(2, '0');
  const minutes = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return whole < 3600 ? minutes : `${Math.floor(whole / 3600)}:${minutes}`;
}

/** `Profiling: 250/1,000`, or `Profiling: 250` where the total is not known. */
export function doneText({ phase, requests: { returned, planned } }: Snapshot): string {
  const total = planned === undefined ? '' : `/${withThousands(planned)}`;
  return `${phaseTitles[phase]}: ${withThousands(returned)}${total}`;
}

/** The share that is done, 0 to 1; undefined where the total is not known. */
export function doneShare({ requests: { returned, planned } }: Snapshot): number | undefined {
  if (planned === undefined) return undefined;
  return planned === 0 ? 1 : Math.min(returned / planned, 1);
}

/** Rate, errors and mean latencies, the most important first. */
export function figures({ requestsPerSecond, requests, latencies: { ttft, itl } }: Snapshot): string[] {
  const parts = [
    `${decimalText(requestsPerSecond)} requests/s`,
    counted(requests.failed + requests.dropped, 'error'),
  ];
  if (ttft !== undefined) parts.push(`TTFT ${decimalText(ttft.mean)} ms`);
  if (itl !== undefined) parts.push(`ITL ${decimalText(itl.mean)} ms`);
  return parts;
}

function decimalText(value: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}
