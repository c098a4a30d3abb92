import { contextOverflowOf } from '../metrics/context-overflow.js';
import type { ErrorGroup } from '../metrics/metric-store.js';
import { withThousands } from '../util/counted.js';
import { clipped } from './clipped.js';
import type { Layout } from './layout.js';
import { drawTable } from './table.js';

/** The failures of a run, one row for each distinct one; planned cancellations are none. No lines without failures. */
export function errorTable(groups: readonly ErrorGroup[], layout: Layout): string[] {
  const errors = rowsOf(groups.filter(({ isPlanned }) => !isPlanned));
  if (errors.length === 0) return [];
  return drawTable(
    {
      title: 'AIPerf | Error Summary',
      titleStyle: 'red',
      columns: [
        { header: 'Code', style: 'yellow' },
        { header: 'Type', style: 'yellow', yields: 'anywhere' },
        { header: 'Message', align: 'left', style: 'yellow', yields: 'anywhere' },
        { header: 'Count', style: 'yellow' },
      ],
      rows: errors.map(({ error, count }) => [
        error.code === undefined ? 'N/A' : String(error.code),
        error.type || 'N/A',
        clipped(error.message),
        withThousands(count),
      ]),
    },
    layout,
  );
}

/** A server may give every failure a message of its own: files have them all. */
const MOST_ROWS = 20;

/** Groups to show: requests beyond the same context window are one; of many groups, the largest and the rest's sum. */
function rowsOf(groups: readonly ErrorGroup[]): readonly ErrorGroup[] {
  const merged = new Map<string, ErrorGroup>();
  for (const [i, group] of groups.entries()) {
    const { error, count } = group;
    const overflow = contextOverflowOf(error);
    const key = overflow === undefined ? i : [error.code, error.type, overflow.limit];
    const known = merged.get(JSON.stringify(key));
    merged.set(JSON.stringify(key), known === undefined ? group : { ...known, count: known.count + count });
  }
  const rows = [...merged.values()];
  if (rows.length <= MOST_ROWS) return rows;
  const sorted = rows.sort((a, b) => b.count - a.count);
  const rest = sorted.slice(MOST_ROWS);
  return [
    ...sorted.slice(0, MOST_ROWS),
    {
      error: { type: 'Others', message: `${rest.length} other messages; the summary JSON lists them` },
      count: rest.reduce((sum, { count }) => sum + count, 0),
    },
  ];
}
