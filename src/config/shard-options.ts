import { UserError } from '../util/errors.js';
import type { Facts, Kind, OptionTable } from './option.js';
import { number } from './option-kinds.js';
import * as z from './zod.js';

/** Which part of a run a machine plays: `--shard 2/8` is number 2 of 8, counted from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

// More machines than a run was ever split among.
const MOST_SHARDS = 10_000;

/** A shard as `i/N`. */
function shard<F extends Facts<Shard>>(facts: F): F & Kind<Shard> {
  return {
    ...facts,
    takes: 'one',
    repeats: false,
    metavar: '<i/N>',
    expects: `i/N, such as 0/8 for the first of 8 machines, with N at most ${MOST_SHARDS}`,
    read: ([word = '']) => {
      const [, index = '', count = ''] = /^(\d+)\/(\d+)$/.exec(word.trim()) ?? [];
      if (index === '') return word;
      const read = { index: Number(index), count: Number(count) };
      if (read.count > 0 && read.count <= MOST_SHARDS && read.index >= read.count) {
        throw new UserError(
          `expects i/N with i from 0 to N - 1: shards are counted from 0, so the last of ${count} is ${read.count - 1}/${count}, got ${word}`,
        );
      }
      return read.count === 0 ? word : read;
    },
    schema: z.custom<Shard>(isShard),
  };
}

function isShard(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('index' in value && 'count' in value)) return false;
  const { index, count } = value;
  return (
    Number.isSafeInteger(count) && Number(count) >= 1 && Number(count) <= MOST_SHARDS && Number(index) >= 0
  );
}

const withZone = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s?(Z|[+-]\d\d:?\d\d)$/i;
const withoutZone = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/;
// Above, a number counts milliseconds: as seconds it would be in the year 5138.
const MOST_SECONDS = 1e11;

/** Whether the day of a date exists: `Date.parse` takes the 31st of February for the 3rd of March. */
function hasDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

/** An instant as ms since 1970. */
function instant<F extends Facts<number>>(facts: F): F & Kind<number> {
  return {
    ...facts,
    takes: 'one',
    repeats: false,
    metavar: '<time>',
    expects: 'a time with its zone, such as 2026-11-29T10:00:00Z, or seconds since 1970',
    read: ([word = '']) => {
      const text = word.trim();
      if (withoutZone.test(text)) {
        throw new UserError(
          `expects a time with its zone, since machines may have different ones: ${text.replace(' ', 'T')}Z for UTC`,
        );
      }
      if (/^\d+(\.\d+)?$/.test(text)) return Number(text) < MOST_SECONDS ? Number(text) * 1000 : Number(text);
      const ms = withZone.test(text) && hasDay(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
      return Number.isNaN(ms) ? word : ms;
    },
    schema: z.number().min(0).max(8.64e15),
  };
}

/** Options of `profile` for a run that several machines share. */
export const shardOptions = {
  shard: shard({
    flags: ['--shard'],
    group: 'Several machines',
    defaultText: 'the whole load',
    help: 'Send only part i of N of the load, counted from 0; needs --random-seed. Merge the folders of all N with aiperf merge.',
  }),
  startAt: instant({
    flags: ['--start-at'],
    group: 'Several machines',
    defaultText: 'as soon as it is ready',
    help: 'Start measuring at this time; a warm-up runs before it. ISO 8601 with a zone, or seconds since 1970.',
  }),
  startEvery: number({
    flags: ['--start-every'],
    group: 'Several machines',
    above: 0,
    defaultText: 'when the run before has ended',
    help: 'Start the runs of a sweep, and repeats, N seconds apart, the first at --start-at: each at one time on all machines.',
  }),
} satisfies OptionTable;
