import { withCommas } from '../../metrics/format.js';
import { short } from '../../report/figures.js';

const DAY = 86_400;
const HOUR = 3600;

/** `12.3s`, from a minute on `1h 2m 3s` without zero parts. */
export function elapsedText(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.floor(seconds);
  const parts = [
    [Math.floor(whole / HOUR), 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ] as const;
  return parts
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value}${unit}`)
    .join(' ');
}

/** Two parts at most: `16.4s`, `2m 5s`, `1h 5m`, `1d 3h`. */
export function etaText(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < HOUR) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)}h ${Math.floor((whole % HOUR) / 60)}m`;
  return `${Math.floor(whole / DAY)}d ${Math.floor((whole % DAY) / HOUR)}h`;
}

/** `999 B`, from there in powers of 1024: `1.5 KB`, `150 MB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const text = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
  return `${text} ${units[unit]}`;
}

/** A figure in at most `width` columns: as the final tables write it, or with fewer digits; `N/A` without one. */
export function figure(value: number | undefined, width: number): string {
  if (value === undefined || Number.isNaN(value)) return 'N/A';
  const options = [withCommas(value), short(value), compact(value)];
  return options.find((text) => text.length <= width) ?? compact(value);
}

/** `1.23M`: three digits and a power of 1,000. */
function compact(value: number): string {
  return value.toLocaleString('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
}
