import { percent } from '../metrics/format.js';
import { withThousands } from '../util/counted.js';

/** As many digits as tell something: `1,235`, `123`, `12.3`, `1.23`, `0.123`. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 999.5) return withThousands(value);
  if (size >= 99.95) return value.toFixed(0);
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.9995 || size === 0) return value.toFixed(2);
  return value.toFixed(3);
}

/** A length of time: `12.3 ms`, from a second on `1.23 s`, from two minutes on `2 min 5 s`, from two days on `2 d 5 h`. */
export function durationWords(milliseconds: number): string {
  if (milliseconds < 999.5) return `${short(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 120) return `${short(seconds)} s`;
  const [minutes, rest] = [Math.floor(Math.round(seconds) / 60), Math.round(seconds) % 60];
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return minutes < 120 ? `${minutes} min ${rest} s` : `${hours} h ${minutes % 60} min`;
}

/** A share as `12.3 %`; `0 %` and `100 %` are exactly that, and what is near them is not called so. */
export function percentWords(share: number): string {
  if (share === 0 || share === 1) return `${100 * share} %`;
  const text = percent(share);
  if (text === '0.0 %') return 'under 0.1 %';
  return text === '100.0 %' ? 'over 99.9 %' : text;
}
