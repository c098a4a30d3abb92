import { UserError } from '../util/errors.js';
import { randomStream } from '../util/random.js';
import { readTrace } from './read-trace.js';
import { changedRow } from './row-text.js';
import { lineError, type TraceRow } from './rows.js';
import { timeOrder } from './time-order.js';
import { writeLines } from './write-lines.js';

/** Selection of a part of a trace. */
export interface Cut {
  /** Time range to keep, ms after the first row's timestamp: `startMs` inclusive, `endMs` exclusive. */
  readonly startMs: number;
  readonly endMs: number;
  /** Timestamps are divided by it. */
  readonly speedup: number;
  /** Rows with longer prompts are dropped, tokens. */
  readonly maxIsl: number | undefined;
  /** Fraction of sessions to keep, each drawn independently; a row without a session counts as one. */
  readonly sample: number;
  readonly seed: number;
}

/** Result of a cut. */
export interface CutResult {
  readonly rows: number;
  readonly kept: number;
  /** Rows in the time range that were dropped as too long. */
  readonly tooLong: number;
  /** The last timestamp written, ms; the first is 0. */
  readonly lastMs: number;
}

/**
 * Writes part of a trace as a new trace: timestamps start at 0 and are divided by the speed-up, everything else is
 * unchanged. A row without a timestamp is kept or dropped with the row before it in its session. Memory holds only one
 * entry per session.
 * @throws UserError if rows are malformed, have no time or go back in time, or if nothing is left.
 */
export async function cutTrace(path: string, out: string, cut: Cut): Promise<CutResult> {
  const result = { rows: 0, kept: 0, tooLong: 0, lastMs: 0 };
  await writeLines(out, cutRows(path, cut, result), path);
  return result;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

async function* cutRows(path: string, cut: Cut, result: Mutable<CutResult>): AsyncGenerator<string> {
  const check = timeOrder(path);
  const random = randomStream(cut.seed, 'trace-sample');
  const sessions = new Map<string, { readonly isDrawn: boolean; isKept: boolean }>();
  let firstMs: number | undefined;
  let lastMs = 0;
  let zeroMs: number | undefined;
  for await (const row of readTrace(path)) {
    result.rows++;
    const { timestampMs, sessionId, line } = row;
    const known = sessionId === undefined ? undefined : sessions.get(sessionId);
    const session = known ?? { isDrawn: random.uniform() < cut.sample, isKept: false };
    if (sessionId !== undefined) sessions.set(sessionId, session);
    if (timestampMs !== undefined) {
      check(timestampMs, line);
      firstMs ??= timestampMs;
      lastMs = timestampMs - firstMs;
      session.isKept = session.isDrawn && lastMs >= cut.startMs && lastMs < cut.endMs;
    } else if (known === undefined) {
      throw lineError(
        path,
        line,
        'the row has no timestamp',
        'a cut needs one, in ms, on every row but the later ones of a session',
      );
    }
    if (session.isKept && isTooLong(path, row, cut.maxIsl)) {
      result.tooLong++;
      session.isKept = false;
    }
    if (!session.isKept) continue;
    result.kept++;
    if (timestampMs === undefined) {
      yield row.text;
      continue;
    }
    zeroMs ??= timestampMs;
    result.lastMs = (timestampMs - zeroMs) / cut.speedup;
    yield changedRow(row.text, { timestamp: result.lastMs });
  }
  if (result.kept === 0) throw emptyCut(path, result, lastMs);
}

function isTooLong(path: string, { inputLength, line }: TraceRow, maxIsl: number | undefined): boolean {
  if (maxIsl === undefined) return false;
  if (inputLength !== undefined) return inputLength > maxIsl;
  throw lineError(
    path,
    line,
    'the row has no input_length',
    'leave --max-isl out, or add the length of the prompt',
  );
}

function emptyCut(path: string, { rows, tooLong }: CutResult, lastMs: number): UserError {
  if (rows === 0) return new UserError(`${path} holds no rows`, 'expected one JSON object per line');
  const why = tooLong > 0 ? `; ${tooLong} are longer than --max-isl` : '';
  return new UserError(
    `the cut is empty: the ${rows} rows of ${path} run from 0 to ${lastMs / 1000} s after the first${why}`,
    'choose --start, --end, --max-isl and --sample so that some are left',
  );
}
