import { UserError } from '../util/errors.js';
import { membersOf } from '../util/json-text.js';
import { randomStream } from '../util/random.js';
import { lineError, readTrace, type TraceRow } from './rows.js';
import { timeOrder } from './time-order.js';
import { writeLines } from './write-lines.js';

/** What is cut out of a trace. */
export interface Cut {
  /** The part of time that is kept, ms after the first row's timestamp: from `startMs` on, before `endMs`. */
  readonly startMs: number;
  readonly endMs: number;
  /** Timestamps are divided by it. */
  readonly speedup: number;
  /** Longer prompts are left out, tokens. */
  readonly maxIsl: number | undefined;
  /** Share of sessions that are kept, drawn one by one; a row without a session is one. */
  readonly sample: number;
  readonly seed: number;
}

/** What a cut came to. */
export interface CutResult {
  readonly rows: number;
  readonly kept: number;
  /** Rows within the time that are too long. */
  readonly tooLong: number;
  /** The last timestamp that was written, ms; the first is 0. */
  readonly lastMs: number;
}

/**
 * Writes part of a trace as a trace of its own: the first row that is kept is at 0, timestamps are divided by the
 * speed-up, everything else stays as it is. A row without a timestamp shares the lot of the one before it in its
 * session. Nothing is held but an entry for each session.
 * @throws UserError where rows are malformed, have no time or go back in time, or nothing is left.
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
    yield withTimestamp(row.text, result.lastMs);
  }
  if (result.kept === 0) throw emptyCut(path, result, lastMs);
}

/** The row with another timestamp, and otherwise as it is in the file, digits and spaces included. */
function withTimestamp(text: string, timestampMs: number): string {
  let result = '';
  let end = 0;
  for (const member of membersOf(text).filter(({ key }) => key === 'timestamp')) {
    result += `${text.slice(end, member.start)}${timestampMs}`;
    end = member.end;
  }
  return result + text.slice(end);
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
  if (rows === 0) return new UserError(`${path} holds no rows`, 'expected one JSON object a line');
  const why = tooLong > 0 ? `; ${tooLong} are longer than --max-isl` : '';
  return new UserError(
    `the cut is empty: the ${rows} rows of ${path} run from 0 to ${lastMs / 1000} s after the first${why}`,
    'choose --start, --end, --max-isl and --sample so that some are left',
  );
}
