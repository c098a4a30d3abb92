import { pageDocument } from './document.js';
import { html } from './html.js';
import type { ReportedRun } from './run.js';
import { runSection } from './run-section.js';

/** The page of one run. */
export function runPage(run: ReportedRun): string {
  return pageDocument({
    title: `${run.name} – AIPerf`,
    body: html`<button id="theme" type="button" hidden>Dark</button>
<main>${runSection(run, 'run', undefined)}</main>`,
    data: new Map(),
  });
}
