import { readFileSync } from 'node:fs';
import {
  array,
  boolean,
  discriminatedUnion,
  type infer as Infer,
  int,
  literal,
  number,
  enum as oneOf,
  prettifyError,
  strictObject,
} from 'zod';
import { messageOf, UserError } from '../util/errors.js';
import { isObject, type Json } from '../util/json.js';
import { TABLE_LENGTH } from './quantile-table.js';

const table = array(number()).length(TABLE_LENGTH);
const share = number().min(0).max(1);
const positive = number().positive();

/** Cells of the copula in each direction. */
export const CELLS = 16;

const gaps = discriminatedUnion('family', [
  strictObject({ family: literal('poisson') }),
  strictObject({ family: literal('gamma'), shape: positive }),
  strictObject({ family: literal('on_off'), short_share: share, short_mean: positive, long_mean: positive }),
  strictObject({ family: literal('empirical'), quantiles: table }),
]);

/**
 * Two lengths that go together: the distribution of each, and an empirical copula: how often each pair of their ranks
 * occurs, in 16 × 16 cells.
 */
const jointLengths = strictObject({
  input: table,
  output: table.nullable(),
  cells: array(number().min(0)).length(CELLS * CELLS),
});

const summary = strictObject({ mean: number(), p50: number(), p90: number(), p99: number() });

/** Quantiles for a class of block counts: from `from` on, below the next class. */
const blockClass = strictObject({ from: int().min(1), quantiles: table });

const schema = strictObject({
  format: literal('aiperf-trace-model'),
  version: literal(1),
  /** Figures of the trace, which generated traces are compared with. */
  source: strictObject({
    requests: int().min(1),
    duration_sec: positive,
    requests_per_sec: positive,
    inter_arrival_cv: number().min(0).nullable(),
    input_length: summary,
    output_length: summary.nullable(),
    turns_per_session: number().min(1),
    block_hit_rate: share.nullable(),
  }),
  /** Starts of sessions; a request without a session is one. */
  arrivals: strictObject({
    per_second: positive,
    /** Load over time, relative to the mean, by windows; repeated when the model generates a longer trace. */
    window_sec: positive,
    load: array(number().min(0)).min(1),
    gaps,
    /** Kolmogorov-Smirnov distance of each family from the measured gaps. */
    gap_distances: strictObject({
      poisson: share.optional(),
      gamma: share.optional(),
      on_off: share.optional(),
      empirical: share.optional(),
    }),
  }),
  first_turn: jointLengths,
  /** Null if no session has several turns. */
  sessions: strictObject({
    turns: table,
    think_ms: table,
    /** Whether later turns have timestamps, or delays after the response before. */
    timing: oneOf(['timestamp', 'delay']),
    /** Whether later inputs hold the whole prompt with its history; then `later_turn.input` is its growth. */
    prompts: oneOf(['whole', 'new_text']),
    later_turn: jointLengths,
  }).nullable(),
  /** Null without hash ids. */
  prefixes: strictObject({
    block_size: int().min(1),
    /** Whether a last block that is not full has an id. */
    partial_block: boolean(),
    /** Share of requests with ids. */
    with_ids: share,
    /** Leading blocks that earlier requests had, by the number of blocks of a first turn. */
    hits: array(blockClass).min(1),
    /** Requests since the last one with the same leading blocks, by their number. */
    ages: array(blockClass),
    /** Share of the blocks of the turn before that a later turn begins with. */
    kept: table.nullable(),
  }).nullable(),
});

/** What a synthetic trace is generated from: the shape of the traffic of a trace, as a JSON file holds it. */
export type TraceModel = Infer<typeof schema>;
export type JointLengths = Infer<typeof jointLengths>;
export type LengthSummary = Infer<typeof summary>;
export type PrefixModel = NonNullable<TraceModel['prefixes']>;
export type SessionModel = NonNullable<TraceModel['sessions']>;

/** Reads a model file. @throws UserError if it is none, naming what is wrong with it. */
export function readModel(path: string): TraceModel {
  let value: Json;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError(`${path} is not a model: ${messageOf(error)}`, makeOne);
  }
  if (!isObject(value) || value.format !== 'aiperf-trace-model') {
    throw new UserError(`${path} is not a model`, makeOne);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UserError(`${path} is not a valid model: ${prettifyError(parsed.error)}`, makeOne);
}

const makeOne = 'aiperf trace fit TRACE --output model.json makes one; to use a trace directly, add --like';

/** The text of a model file: lists of numbers take one line. */
export function modelText(model: TraceModel): string {
  const text = JSON.stringify(model, null, 2);
  return `${text.replaceAll(/\[[-\d.,e+\s]+\]/g, (list) => list.replaceAll(/\s+/g, ''))}\n`;
}
