import { comparisonCharts } from '../../charts/comparison-charts.js';
import { chartData, chartPlaces, reportedCharts } from './charts.js';
import { comparisonStatements, comparisonTable, pageComparison } from './comparison.js';
import { pageDocument } from './document.js';
import { html } from './html.js';
import type { ReportedRun } from './run.js';
import { runSection } from './run-section.js';
import { statementList } from './statement.js';

/**
 * The page of several runs: how they compare, and each of them one link away.
 * @param targetShare of good requests that a run with objectives needs to be recommended.
 */
export function runsPage(runs: readonly ReportedRun[], targetShare: number): string {
  const comparison = pageComparison(runs, targetShare);
  const charts = reportedCharts(comparisonCharts, comparison);
  const id = (index: number) => `run-${index + 1}`;
  const dataId = (index: number) => `${id(index)}-data`;
  return pageDocument({
    title: `${runs.length} runs – AIPerf`,
    body: html`<button id="theme" type="button" hidden>Dark theme</button>
<main class="several">
<div class="overview" id="runs">
<header><h1>${runs.length} runs</h1></header>
<section aria-label="Summary">${statementList(comparisonStatements(comparison))}</section>
${
  charts.length > 0 &&
  html`<section aria-labelledby="frontier"><h2 id="frontier">Frontier</h2>
${chartPlaces(charts, 'runs-data')}</section>`
}
<section aria-labelledby="runs-table"><h2 id="runs-table">Runs</h2>
${comparisonTable(comparison, (run) => `#${id(runs.indexOf(run))}`)}</section>
</div>
${runs.map(
  (run, i) => html`<article class="run" id="${id(i)}">
<a class="back" href="#runs">All runs</a>
${runSection(run, id(i), chartPlaces(run.charts, dataId(i)))}</article>\n`,
)}</main>`,
    data: new Map([
      ['runs-data', chartData(charts)],
      ...runs.map((run, i) => [dataId(i), chartData(run.charts)] as const),
    ]),
  });
}
