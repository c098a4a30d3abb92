import type { BatchSizeRow } from '../metrics/batch-sizes.js';
import { withCommas } from '../metrics/format.js';
import type { StatName } from '../metrics/statistics.js';
import { withThousands } from '../util/counted.js';
import type { Layout } from './layout.js';
import { drawTable } from './table.js';

const shown: readonly StatName[] = ['avg', 'p50', 'p90', 'p99'];

/** Heads of the columns of latencies by batch size, here and on the page. */
export const batchColumns: readonly string[] = [
  'Batch size',
  'Requests',
  ...shown.map((name) => `Latency ${name} (ms)`),
  'Items/s per request',
];

/** Cells of a row: `items / latency` is the rate within the requests of the row. */
export function batchCells({ from, to, latency, itemsPerSecond }: BatchSizeRow): string[] {
  return [
    from === to ? `${from}` : `${from} - ${to}`,
    withThousands(latency.count ?? 0),
    ...shown.map((name) => withCommas(latency[name] ?? 0)),
    withCommas(itemsPerSecond),
  ];
}

/** A row for each batch size; nothing where all requests have the same. */
export function batchTable(rows: readonly BatchSizeRow[], layout: Layout): string[] {
  if (rows.length === 0) return [];
  const [size = '', ...others] = batchColumns;
  return drawTable(
    {
      title: 'AIPerf | Latency by batch size',
      columns: [
        { header: size, style: 'cyan' },
        ...others.map((header) => ({ header, yields: 'at spaces' }) as const),
      ],
      rows: rows.map(batchCells),
    },
    layout,
  );
}
