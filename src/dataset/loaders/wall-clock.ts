import { RowError } from './format.js';

/** A time as a sum of two parts in ms, which together may need more digits than a number: epochs in steps of 100 ns. */
export interface Time {
  readonly wholeMs: number;
  readonly partMs: number;
}

/** Reads a date with time; without a zone it is UTC. @throws RowError naming `key` for anything else. */
export function wallClock(key: string, text: string): Time {
  const form = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?$/;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = form.exec(text) ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}${zone.replace(/^(...)(\d\d)$/, '$1:$2')}`;
  const wholeMs = Date.parse(iso);
  if (!Number.isNaN(wholeMs)) return { wholeMs, partMs: Number(`0${fraction}`) * 1000 };
  throw new RowError(
    `${key} must be a time like 2023-11-16 18:17:03.9799600, got ${JSON.stringify(text.slice(0, 60))}`,
  );
}

/** A time of so many seconds. */
export function seconds(value: number): Time {
  const whole = Math.floor(value);
  return { wholeMs: whole * 1000, partMs: (value - whole) * 1000 };
}

/** Milliseconds between two times, rounded to the nanosecond. */
function elapsedMs(from: Time, to: Time): number {
  return Math.round((to.wholeMs - from.wholeMs + (to.partMs - from.partMs)) * 1e6) / 1e6;
}

/** Milliseconds from the whole millisecond at which the trace starts, exact; from the epoch, about, if it is not known. */
export function sinceStart(time: Time, originMs: number | undefined): number {
  if (originMs === undefined) return time.wholeMs + time.partMs;
  return elapsedMs({ wholeMs: originMs, partMs: 0 }, time);
}
