import { UserError } from '../util/errors.js';
import type { Facts, Kind } from './option.js';
import { valueWords } from './words.js';
import * as z from './zod.js';

/**
 * `key=value` pairs, one per word; with `keys` several may stand in a word, separated by commas.
 * @param facts `keys`: those that are known; absent: any.
 */
export function assignments<
  F extends Facts<Readonly<Record<string, string>>> & { readonly keys?: readonly string[] },
>(facts: F): F & Kind<Readonly<Record<string, string>>> {
  const { keys } = facts;
  const key = keys === undefined ? z.string().min(1) : z.string().refine((name) => keys.includes(name));
  return {
    ...facts,
    takes: 'many',
    repeats: true,
    metavar: '<key=value …>',
    expects: keys === undefined ? 'key=value pairs' : `key=value pairs, with the keys ${keys.join(', ')}`,
    isMapping: true,
    read: (words) => {
      const parts = keys === undefined ? words : words.flatMap((word) => word.split(/,(?=\w+=)/));
      const pairs = new Map<string, string>();
      for (const part of parts) {
        const [, name = '', value = ''] = /^\s*([^=]+?)\s*=\s*(\S.*?)\s*$/s.exec(part) ?? [];
        if (name === '' || value === '') throw new UserError(`expects key=value, got ${valueWords(part)}`);
        if (pairs.has(name)) throw new UserError(`has ${name} twice`);
        pairs.set(name, value);
      }
      return Object.fromEntries(pairs);
    },
    schema: z.record(key, z.union([z.string(), z.number(), z.boolean()]).transform(String)),
  };
}
