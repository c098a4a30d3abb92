import type { OfferedLoad } from '../run/shards.js';
import { csvRow } from './summary-csv.js';

/** The text of the CSV of an offered load: of each slice a row for all shards, and one for each that is not complete. */
export function offeredLoadCsv({ unit = '', slices = [] }: OfferedLoad): string {
  const header = csvRow(['Slice', 'Start_S', 'End_S', 'Shard', 'Unit', 'Planned', 'Achieved']);
  const rows = slices.flatMap(({ startSeconds = 0, endSeconds = 0, shards = [], ...all }, slice) =>
    [{ shard: 'all', ...all }, ...shards].map(({ shard = '', planned = '', achieved = '' }) =>
      csvRow([`${slice}`, `${startSeconds}`, `${endSeconds}`, `${shard}`, unit, `${planned}`, `${achieved}`]),
    ),
  );
  return header + rows.join('');
}
