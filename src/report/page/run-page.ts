import type { Run } from '../../run/run.js';
import { chartData, chartPlaces } from './charts.js';
import { pageDocument } from './document.js';
import { html } from './html.js';
import { reportedRun } from './run.js';
import { runSection } from './run-section.js';

/** The page of one run. */
export function runPage(run: Run): string {
  const reported = reportedRun(run);
  const data = 'run-data';
  return pageDocument({
    title: `${reported.name} – AIPerf`,
    body: html`<button id="theme" type="button" hidden>Dark theme</button>
<main>${runSection(reported, 'run', chartPlaces(reported.charts, data))}</main>`,
    data: new Map([[data, chartData(reported.charts)]]),
  });
}
