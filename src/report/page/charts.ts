import { gzipSync } from 'node:zlib';
import type { Chart } from '../../charts/chart.js';
import { plainText } from '../../util/plain-text.js';
import { type HtmlContent, html } from './html.js';

/** A chart of a run: what the page's script draws it from. */
export interface ReportedChart {
  readonly name: string;
  /** What it shows. */
  readonly title: string;
  /** Plain JSON, of a few thousand numbers at most. */
  readonly data: unknown;
}

/** What there is to draw of a source: charts that it has nothing for are left out. */
export function reportedCharts<Source>(
  charts: readonly Chart<Source, unknown>[],
  source: Source,
): readonly ReportedChart[] {
  return charts.flatMap(({ name, title, data: dataOf }) => {
    const data = dataOf(source);
    return data === undefined ? [] : [{ name, title, data }];
  });
}

/** Places for the charts of a run. @param id of the element that holds their data. */
export function chartPlaces(charts: readonly ReportedChart[], id: string): HtmlContent {
  if (charts.length === 0) return undefined;
  return html`<div class="charts" data-charts="${id}">
${charts.map(
  ({ name, title }) =>
    html`<figure><figcaption>${title} <small></small></figcaption><div class="plot" data-name="${name}" role="img" aria-label="${title}; the tables below have its figures"></div></figure>\n`,
)}<noscript><p>The charts need the page's own script.</p></noscript></div>`;
}

/** The data of charts as a text for the page: compressed, in base64. */
export function chartData(charts: readonly ReportedChart[]): string {
  const named = Object.fromEntries(charts.map(({ name, data }) => [name, data]));
  const json = JSON.stringify(named, (_, value: unknown) =>
    typeof value === 'string' ? plainText(value) : value,
  );
  return gzipSync(json).toString('base64');
}
