import { decimalIn } from '../util/numerals.js';
import type { Facts, Kind } from './option.js';
import * as z from './zod.js';

/** Comma-separated numbers within bounds; may be repeated. */
export function numbers<
  F extends Facts<readonly number[]> & {
    /** What each is, e.g. `percentages`. */
    readonly items: string;
    readonly min: number;
    readonly max: number;
  },
>(facts: F): F & Kind<readonly number[]> {
  const { items, min, max } = facts;
  return {
    ...facts,
    takes: 'one',
    repeats: true,
    metavar: '<number,…>',
    expects: `${items} from ${min} to ${max}, separated by commas`,
    range: `each from ${min} to ${max}`,
    read: (words) =>
      words
        .flatMap((word) => word.split(',').map((part) => part.trim()))
        .map((part) => decimalIn(part) ?? part),
    schema: z.array(z.number().min(min).max(max)).min(1),
  };
}
