import { UserError } from '../util/errors.js';
import { randomStream } from '../util/random.js';
import { GapVariation } from './gap-variation.js';
import { GrowingArray } from './growing-array.js';
import { twoReadings } from './lines.js';
import { mergeRows } from './merge-rows.js';
import { SessionIndex } from './session-index.js';
import { type TimedRow, timedRows } from './timed-rows.js';
import { writeLines } from './write-lines.js';

/** The rate to reach, and how. */
export interface Scaling {
  /** Rows with a timestamp per second, from the first to the last. */
  readonly ratePerSecond: number;
  /**
   * `stretch`: timestamps are multiplied by one factor, so the CV of the gaps and all rows stay. `keep-time`: the
   * duration and the load over time stay; sessions are dropped at random, or copies of the trace are added.
   */
  readonly method: 'stretch' | 'keep-time';
  /** How much later each copy is than the one before it, ms; absent: one mean gap divided by the number of copies. */
  readonly shiftMs: number | undefined;
  readonly seed: number;
}

/** Arrivals before and after. */
export interface ScaleResult {
  readonly rows: number;
  readonly before: GapVariation;
  readonly after: GapVariation;
  /** Copies of the trace in the output, the last one perhaps a part: 1.5 is the trace and half of its sessions. */
  readonly copies: number;
}

/** More copies would need as many open files. */
const MOST_COPIES = 200;

/**
 * Writes a trace at another rate. Reads the file twice, with `keep-time` once more for each copy; memory grows by at
 * most 80 bytes per session, and as much again for each copy.
 * @throws UserError if rows are malformed, have no time or go back in time, if all are at the same time, or if more
 * than 200 copies would be needed.
 */
export async function scaleTrace(path: string, out: string, scaling: Scaling): Promise<ScaleResult> {
  const requireUnchanged = twoReadings(path);
  const before = new GapVariation();
  const sessions = { index: new SessionIndex(), sizes: new GrowingArray(), rows: 0 };
  for await (const row of timedRows(path)) {
    if (row.timestampMs !== undefined) before.add(row.timeMs);
    sessions.rows++;
    if (row.sessionId === undefined) continue;
    const session = sessions.index.of(row.sessionId);
    sessions.sizes.set(session, sessions.sizes.get(session) + 1);
  }
  const { perSecond } = before;
  if (perSecond === undefined) {
    throw new UserError(
      `${path} has no rate: ${before.times === 0 ? 'it holds no rows' : 'all its rows are at the same time'}`,
      'scale a trace with at least two times',
    );
  }
  const factor = scaling.ratePerSecond / perSecond;
  const { firstMs } = before;
  const whole = () => ({ path, rows: timedRows(path), time: (ms: number) => ms - firstMs });
  const inputs =
    scaling.method === 'stretch'
      ? [{ ...whole(), time: (ms: number) => (ms - firstMs) / factor }]
      : copies(factor).map((share, copy, all) => ({
          ...whole(),
          rows: share === 1 ? timedRows(path) : thinned(timedRows(path), share, sessions, scaling.seed),
          time: (ms: number) => ms - firstMs + copy * (scaling.shiftMs ?? 1000 / perSecond / all.length),
        }));
  if (inputs.length > MOST_COPIES) {
    throw new UserError(
      `--rate ${scaling.ratePerSecond} needs ${inputs.length} copies of the trace, ${MOST_COPIES} is the limit`,
      'leave out --keep-time, or scale in two steps',
    );
  }
  const after = new GapVariation();
  let rows = 0;
  async function* texts() {
    for await (const { text, timeMs, hasTimestamp } of mergeRows(inputs, inputs.length === 1)) {
      rows++;
      if (hasTimestamp) after.add(timeMs);
      yield text;
    }
    requireUnchanged();
    if (rows === 0) {
      throw new UserError(
        `no session of ${path} is left at ${scaling.ratePerSecond} requests/s`,
        'raise --rate',
      );
    }
  }
  await writeLines(out, texts(), path);
  return { rows, before, after, copies: scaling.method === 'stretch' ? 1 : factor };
}

/** The share of its sessions that each copy keeps. */
function copies(factor: number): number[] {
  const whole = Math.floor(factor);
  const rest = factor - whole;
  // Below a billionth, the rest is floating-point noise.
  return [...Array.from({ length: whole }, () => 1), ...(rest > 1e-9 ? [rest] : [])];
}

/**
 * Keeps a share of the sessions, drawn so that the number of rows is exact to half a session (selection sampling:
 * Fan, Muller and Rezucha 1962). A row without a session counts as one.
 */
async function* thinned(
  rows: AsyncIterable<TimedRow>,
  share: number,
  all: { readonly index: SessionIndex; readonly sizes: GrowingArray; readonly rows: number },
  seed: number,
): AsyncGenerator<TimedRow> {
  const random = randomStream(seed, 'trace-thinning');
  let needed = Math.round(share * all.rows);
  let remaining = all.rows;
  /** By session: 0 not drawn yet, 1 kept, 2 dropped. */
  const drawn = new GrowingArray();
  for await (const row of rows) {
    const session = row.sessionId === undefined ? undefined : all.index.of(row.sessionId);
    const decided = session === undefined ? 0 : drawn.get(session);
    let isKept = decided === 1;
    if (decided === 0) {
      const size = session === undefined ? 1 : all.sizes.get(session);
      isKept = random.uniform() * remaining < needed;
      remaining -= size;
      if (isKept) needed -= size;
      if (session !== undefined) drawn.set(session, isKept ? 1 : 2);
    }
    if (isKept) yield row;
  }
}
