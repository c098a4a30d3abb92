import { UserError } from '../util/errors.js';
import { randomStream } from '../util/random.js';
import { GrowingArray } from './growing-array.js';
import { twoReadings } from './lines.js';
import { readTrace } from './read-trace.js';
import { lineError, type TraceRow } from './rows.js';
import { SessionIndex } from './session-index.js';
import { writeLines } from './write-lines.js';

/** Conditions that rows must meet to be kept. */
export interface TraceFilter {
  /** Time range, ms after the first row's timestamp: `startMs` inclusive, `endMs` exclusive. */
  readonly startMs: number;
  readonly endMs: number;
  /** Tokens, both inclusive. */
  readonly inputLength: Bounds;
  readonly outputLength: Bounds;
  /** Names of which a row must have one; absent: any. */
  readonly sessions: readonly string[] | undefined;
  readonly models: readonly string[] | undefined;
  /** Users whose rows are dropped. */
  readonly droppedUsers: readonly string[];
  /** Keep only sessions of at least two rows. */
  readonly multiTurn: boolean;
  /** Fraction of sessions to keep, each drawn independently; a row without a session counts as one. */
  readonly sample: number;
  readonly seed: number;
  /** Judge each row alone. Otherwise a session is kept complete or dropped complete. */
  readonly byRow: boolean;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** Result of a filter; a row without a session counts as one. */
export interface FilterResult {
  readonly rows: number;
  readonly kept: number;
  readonly sessions: number;
  readonly keptSessions: number;
}

/**
 * Writes the rows that meet all conditions, each unchanged. By default a session is kept if all its rows meet the
 * conditions and its first row is in the time range. Reads the file twice; memory grows by at most 112 bytes per
 * session.
 * @throws UserError if rows are malformed or lack what a condition needs, or if nothing is left.
 */
export async function filterTrace(path: string, out: string, filter: TraceFilter): Promise<FilterResult> {
  const requireUnchanged = twoReadings(path);
  const sessions = await judgeSessions(path, filter);
  const result = { rows: 0, kept: 0, sessions: sessions.count, keptSessions: 0 };
  await writeLines(out, keptRows(path, filter, sessions, result, requireUnchanged), path);
  return result;
}

/** What the first reading found. */
interface JudgedSessions {
  /** Including rows without a session. */
  readonly count: number;
  readonly index: SessionIndex;
  /** By session: its number of rows. */
  readonly sizes: GrowingArray;
  /** By session: 1 if it is dropped. */
  readonly dropped: GrowingArray;
}

async function judgeSessions(path: string, filter: TraceFilter): Promise<JudgedSessions> {
  const index = new SessionIndex();
  const sizes = new GrowingArray();
  const dropped = new GrowingArray();
  const random = randomStream(filter.seed, 'trace-sample');
  const conditions = new Conditions(path, filter);
  let alone = 0;
  for await (const row of readTrace(path)) {
    const known = index.size;
    const session = row.sessionId === undefined ? undefined : index.of(row.sessionId);
    const isFirst = session === undefined || session === known;
    // Judge every row, because the time range starts at the first.
    const isMet = conditions.areMet(row, isFirst);
    if (session === undefined) {
      alone++;
      continue;
    }
    const isDrawn = !isFirst || random.uniform() < filter.sample;
    sizes.set(session, sizes.get(session) + 1);
    if (!isDrawn || !(isMet || filter.byRow)) dropped.set(session, 1);
  }
  for (let session = 0; session < index.size; session++) {
    if (filter.multiTurn && sizes.get(session) < 2) dropped.set(session, 1);
  }
  return { count: index.size + alone, index, sizes, dropped };
}

async function* keptRows(
  path: string,
  filter: TraceFilter,
  { index, dropped }: JudgedSessions,
  result: { rows: number; kept: number; keptSessions: number },
  requireUnchanged: () => void,
): AsyncGenerator<string> {
  const random = randomStream(filter.seed, 'trace-row-sample');
  const conditions = new Conditions(path, filter);
  /** By session: 0 not seen yet, 1 seen, 2 some of it written. */
  const states = new GrowingArray();
  for await (const row of readTrace(path)) {
    result.rows++;
    const session = row.sessionId === undefined ? undefined : index.of(row.sessionId);
    const isFirst = session === undefined || states.get(session) === 0;
    const isMet = conditions.areMet(row, isFirst);
    if (session === undefined) {
      if (!isMet || filter.multiTurn || random.uniform() >= filter.sample) continue;
      result.keptSessions++;
    } else {
      if (isFirst) states.set(session, 1);
      if (dropped.get(session) !== 0 || !(isMet || !filter.byRow)) continue;
      if (states.get(session) === 1) result.keptSessions++;
      states.set(session, 2);
    }
    result.kept++;
    yield row.text;
  }
  requireUnchanged();
  if (result.kept === 0) {
    throw result.rows === 0
      ? new UserError(`${path} holds no rows`, 'expected one JSON object per line')
      : new UserError(`none of the ${result.rows} rows of ${path} is left`, 'choose wider conditions');
  }
}

/** The conditions on single rows, which must be passed in file order. */
class Conditions {
  readonly #path: string;
  readonly #filter: TraceFilter;
  readonly #hasTimeRange: boolean;
  #firstMs: number | undefined;
  #latestMs = 0;

  constructor(path: string, filter: TraceFilter) {
    this.#path = path;
    this.#filter = filter;
    this.#hasTimeRange = filter.startMs > 0 || filter.endMs < Number.POSITIVE_INFINITY;
  }

  /** @throws UserError if the row lacks what a condition needs. */
  areMet(row: TraceRow, isFirstOfSession: boolean): boolean {
    const { sessions, models, droppedUsers, inputLength, outputLength } = this.#filter;
    return (
      // First, because it notes the time of every row.
      this.#isInTime(row, isFirstOfSession) &&
      (sessions === undefined || (row.sessionId !== undefined && sessions.includes(row.sessionId))) &&
      (models === undefined || (row.model !== undefined && models.includes(row.model))) &&
      (row.user === undefined || !droppedUsers.includes(row.user)) &&
      this.#isWithin(inputLength, row.inputLength, row, 'input_length') &&
      this.#isWithin(outputLength, row.outputLength, row, 'output_length')
    );
  }

  #isInTime({ timestampMs, line }: TraceRow, isFirstOfSession: boolean): boolean {
    if (!this.#hasTimeRange) return true;
    if (timestampMs === undefined && isFirstOfSession) {
      throw lineError(
        this.#path,
        line,
        'the row has no timestamp',
        'a time range needs one, in ms, on every row but the later ones of a session',
      );
    }
    // A row without a timestamp counts at the time of the row before it.
    const time = timestampMs ?? this.#latestMs;
    this.#latestMs = time;
    this.#firstMs ??= time;
    if (!isFirstOfSession && !this.#filter.byRow) return true;
    const elapsedMs = time - this.#firstMs;
    return elapsedMs >= this.#filter.startMs && elapsedMs < this.#filter.endMs;
  }

  #isWithin({ min, max }: Bounds, length: number | undefined, { line }: TraceRow, key: string): boolean {
    if (min === 0 && max === Number.POSITIVE_INFINITY) return true;
    if (length !== undefined) return length >= min && length <= max;
    throw lineError(this.#path, line, `the row has no ${key}`, 'add the length, or leave its bounds out');
  }
}
