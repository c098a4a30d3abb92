import { lineError } from './rows.js';

/** Checks that timestamps of a file do not decrease. @returns a function that throws a UserError if one does. */
export function timeOrder(path: string): (timestampMs: number, line: number) => void {
  let latest = { timestampMs: Number.NEGATIVE_INFINITY, line: 0 };
  return (timestampMs, line) => {
    if (timestampMs < latest.timestampMs) {
      throw lineError(
        path,
        line,
        `timestamps are not in order: ${timestampMs} ms after ${latest.timestampMs} ms in line ${latest.line}`,
        'sort the rows by their time first',
      );
    }
    latest = { timestampMs, line };
  };
}
