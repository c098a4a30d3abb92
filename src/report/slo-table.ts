import { percent } from '../metrics/format.js';
import { goodRequestCount } from '../metrics/goodput-metrics.js';
import type { RunSummary } from '../metrics/metric-store.js';
import { statsOf } from '../metrics/results.js';
import { withThousands } from '../util/counted.js';
import type { Layout } from './layout.js';
import { sloWords } from './slo-words.js';
import { drawTable } from './table.js';

/** Share of requests that meet each SLO, and all of them; no lines for a run without SLOs. */
export function sloTable(summary: RunSummary, layout: Layout): string[] {
  if (summary.slos.length === 0) return [];
  const [objective = '', kept = '', ofValid = '', ofAll = ''] = sloColumns;
  return drawTable(
    {
      title: 'AIPerf | SLO',
      columns: [
        { header: objective, style: 'cyan', yields: 'at spaces' },
        { header: kept, yields: 'at spaces' },
        { header: ofValid, yields: 'at spaces' },
        { header: ofAll },
      ],
      rows: sloRows(summary, 'all SLOs met (good requests)', (share) => percent(share, 2)),
    },
    layout,
  );
}

/** Heads of the table of objectives, on the console and on a page. */
export const sloColumns = ['Objective', 'Requests meeting the SLO', '% of successful', '% of all'];

/** Its rows. @param together what the last row is called: requests that keep every objective. */
export function sloRows(
  { slos, results, validCount, failedCount }: RunSummary,
  together: string,
  shareText: (share: number) => string,
): string[][] {
  const cell = (part: number, whole: number) => (whole === 0 ? 'N/A' : shareText(part / whole));
  const rows = [
    ...slos.map((slo) => [sloWords(slo), slo.passed] as const),
    [together, statsOf(results, goodRequestCount)?.avg ?? 0] as const,
  ];
  return rows.map(([name, passed]) => [
    name,
    withThousands(passed),
    cell(passed, validCount),
    cell(passed, validCount + failedCount),
  ]);
}
