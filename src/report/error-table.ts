import type { ErrorGroup } from '../metrics/compute.js';
import { contextOverflowOf } from '../metrics/context-overflow.js';
import { clipped } from './clipped.js';
import { type Layout, stylesOf } from './layout.js';
import { drawTable } from './table.js';

/** The failures of a run, one row for each distinct one; planned cancellations are none. No lines without failures. */
export function errorTable(groups: readonly ErrorGroup[], layout: Layout): string[] {
  const errors = rowsOf(groups.filter(({ isPlanned }) => !isPlanned));
  if (errors.length === 0) return [];
  const { red, yellow, italic } = stylesOf(layout);
  return drawTable(
    {
      title: 'AIPerf | Error Summary',
      titleStyle: (text) => italic(red(text)),
      columns: [
        { header: 'Code', align: 'right', style: yellow },
        { header: 'Type', align: 'right', style: yellow, yields: 'anywhere' },
        { header: 'Message', align: 'left', style: yellow, yields: 'anywhere' },
        { header: 'Count', align: 'right', style: yellow },
      ],
      rows: errors.map(({ error, count }) => [
        { text: error.code === undefined ? 'N/A' : String(error.code) },
        { text: error.type || 'N/A' },
        { text: clipped(error.message) },
        { text: count.toLocaleString('en-US') },
      ]),
    },
    layout.width,
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
      error: { type: 'Others', message: `${rest.length} other messages, which the summary JSON lists` },
      count: rest.reduce((sum, { count }) => sum + count, 0),
    },
  ];
}
