import { chartData, chartPlaces } from './charts.js';
import { pageDocument } from './document.js';
import { html } from './html.js';
import type { ReportedRun } from './run.js';
import { runSection } from './run-section.js';

/** The page of one run. */
export function runPage(run: ReportedRun): string {
  const data = 'run-data';
  return pageDocument({
    title: `${run.name} – AIPerf`,
    body: html`<button id="theme" type="button" hidden>Dark theme</button>
<main>${runSection(run, 'run', chartPlaces(run.charts, data))}</main>`,
    data: new Map([[data, chartData(run.charts)]]),
  });
}
