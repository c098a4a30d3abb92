import type { ErrorGroup } from '../metrics/compute.js';
import { clipped } from './clipped.js';
import { type Layout, stylesOf } from './layout.js';
import { drawTable } from './table.js';

/** The failures of a run, one row for each distinct one; planned cancellations are none. No lines without failures. */
export function errorTable(groups: readonly ErrorGroup[], layout: Layout): string[] {
  const errors = groups.filter(({ isPlanned }) => !isPlanned);
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
