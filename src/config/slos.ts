import { UserError } from '../util/errors.js';
import { decimalIn } from '../util/numerals.js';
import type { Facts, Kind } from './option.js';
import { valueWords } from './words.js';
import * as z from './zod.js';

/** SLO limits in the metrics' display units, by tag or abbreviation as typed. */
export type Slos = Readonly<Record<string, number>>;

/** In a file a limit may be a string, such as `1_000`. */
const limit = z.union([
  z.number(),
  z
    .string()
    .transform((text) => decimalIn(text) ?? Number.NaN)
    .pipe(z.number()),
]);

/** SLOs: space-separated `tag:number` pairs in one word. */
export function slos<F extends Facts<Slos>>(facts: F): F & Kind<Slos> {
  return {
    ...facts,
    takes: 'one',
    repeats: false,
    metavar: '<"tag:number …">',
    expects: 'tag:number pairs separated by spaces, such as "time_to_first_token:370 request_latency:648"',
    isMapping: true,
    read: (words) => pairs(words.join(' ')),
    schema: z.record(z.string().min(1), limit).refine((value) => Object.keys(value).length > 0),
  };
}

/** @throws UserError that names every unreadable item. */
function pairs(word: string): Slos {
  const items = word.split(/\s+/).filter((item) => item !== '');
  const faults: string[] = [];
  const found = new Map<string, number>();
  for (const item of items) {
    const colon = item.indexOf(':');
    const [tag, limit] = [item.slice(0, Math.max(colon, 0)), item.slice(colon + 1)];
    const number = decimalIn(limit);
    if (colon === -1) faults.push(`${valueWords(item)} has no colon`);
    else if (tag === '') faults.push(`${valueWords(item)} has no tag before its colon`);
    else if (limit === '') faults.push(`${valueWords(item)} has no number after its colon`);
    else if (number === undefined) faults.push(`${valueWords(limit)} in ${valueWords(item)} is not a number`);
    else if (found.has(tag)) faults.push(`${tag} is given twice`);
    else found.set(tag, number);
  }
  if (faults.length > 0) {
    throw new UserError(
      `expects tag:number pairs separated by spaces, such as "time_to_first_token:370 request_latency:648": ${faults.join('; ')}`,
    );
  }
  return Object.fromEntries(found);
}
