import type { RunSummary } from '../metrics/compute.js';
import { withCommas } from '../metrics/format.js';
import { goodRequestCount } from '../metrics/goodput-metrics.js';
import { statsOf } from '../metrics/results.js';
import { type Layout, stylesOf } from './layout.js';
import { sloWords } from './slo-words.js';
import { drawTable } from './table.js';

/** How far each objective was kept by itself, and all together; no lines for a run without objectives. */
export function sloTable(summary: RunSummary, layout: Layout): string[] {
  const { slos, results, validCount, failedCount } = summary;
  if (slos.length === 0) return [];
  const { italic, cyan, green } = stylesOf(layout);
  const good = statsOf(results, goodRequestCount)?.avg ?? 0;
  const row = (name: string, passed: number) =>
    [
      name,
      passed.toLocaleString('en-US'),
      percent(passed, validCount),
      percent(passed, validCount + failedCount),
    ].map((text) => ({ text }));
  return drawTable(
    {
      title: 'AIPerf | SLO',
      titleStyle: italic,
      columns: [
        { header: 'Objective', align: 'right', style: cyan, yields: 'at spaces' },
        { header: 'Requests meeting the SLO', align: 'right', style: green, yields: 'at spaces' },
        { header: '% of successful', align: 'right', style: green, yields: 'at spaces' },
        { header: '% of all', align: 'right', style: green },
      ],
      rows: [...slos.map((slo) => row(sloWords(slo), slo.passed)), row('all of them: good requests', good)],
    },
    layout.width,
  );
}

function percent(part: number, whole: number): string {
  return whole === 0 ? 'N/A' : `${withCommas((100 * part) / whole)} %`;
}
