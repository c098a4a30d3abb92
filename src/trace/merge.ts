import { UserError } from '../util/errors.js';
import { requireRegularFile } from './lines.js';
import { mergeRows } from './merge-rows.js';
import { timedRows } from './timed-rows.js';
import { writeLines } from './write-lines.js';

/** How traces are merged. */
export interface MergeOptions {
  /** Equal IDs in different files mean the same block or session, as in parts of one trace. */
  readonly sameIds: boolean;
  /** `start`: the first row of each file is at 0; `absolute`: timestamps stay as they are. */
  readonly align: 'start' | 'absolute';
}

/** Result of a merge. */
export interface MergeResult {
  readonly rows: number;
  /** From the first to the last row. */
  readonly durationMs: number;
}

/**
 * Merges traces by time into one. Memory holds one row of each and at most 64 bytes per session.
 * @throws UserError if a file holds no rows, or rows are malformed, have no time or go back in time.
 */
export async function mergeTraces(
  paths: readonly string[],
  out: string,
  { sameIds, align }: MergeOptions,
): Promise<MergeResult> {
  const inputs = await Promise.all(
    paths.map(async (path) => {
      requireRegularFile(path);
      const firstMs = await firstTimeOf(path);
      return { path, rows: timedRows(path), time: (ms: number) => (align === 'start' ? ms - firstMs : ms) };
    }),
  );
  let rows = 0;
  let firstMs = 0;
  let lastMs = 0;
  async function* texts() {
    for await (const { text, timeMs } of mergeRows(inputs, sameIds)) {
      if (rows === 0) firstMs = timeMs;
      rows++;
      lastMs = timeMs;
      yield text;
    }
  }
  await writeLines(out, texts(), ...paths);
  return { rows, durationMs: lastMs - firstMs };
}

async function firstTimeOf(path: string): Promise<number> {
  for await (const { timeMs } of timedRows(path)) return timeMs;
  throw new UserError(`${path} holds no rows`, 'expected one JSON object per line');
}
