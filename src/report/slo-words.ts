import { withCommas } from '../metrics/format.js';
import type { SloResult } from '../metrics/slos.js';

/** `Time to First Token ≤ 370.00 ms`. */
export function sloWords({
  label,
  unit,
  largerIsBetter,
  limit,
}: Pick<SloResult, 'label' | 'unit' | 'largerIsBetter' | 'limit'>): string {
  return `${label} ${largerIsBetter ? '≥' : '≤'} ${withCommas(limit)} ${unit}`;
}
