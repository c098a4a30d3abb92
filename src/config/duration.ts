import { decimalIn } from '../util/numerals.js';
import type { Facts, Kind } from './option.js';
import * as z from './zod.js';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** A duration with a unit, e.g. `300s`, `5m` or `250ms`; 0 needs no unit. The value is in milliseconds. */
export function durationOption<F extends Facts<number>>(facts: F): F & Kind<number> {
  return {
    ...facts,
    takes: 'one',
    repeats: false,
    metavar: '<time>',
    expects: 'a time with its unit, such as 300s, 5m, 1h or 250ms',
    read: ([word = '']) => {
      const [, digits = '', unit = ''] = /^([\d._]+) ?(ms|s|m|min|h)?$/.exec(word) ?? [];
      const count = decimalIn(digits) ?? Number.NaN;
      const ms = count * (unitMs[unit] ?? Number.NaN);
      return count === 0 ? 0 : Number.isNaN(ms) ? word : ms;
    },
    schema: z.number().min(0),
  };
}
