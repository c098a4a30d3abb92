import type { ComparisonPart } from '../agentic-comparison.js';
import { pageDocument } from './document.js';
import { html } from './html.js';
import { table } from './table.js';

/** The page of a synthesized data set: settings against result, and pictures. @param pictures as SVG documents. */
export function agenticPage(
  name: string,
  summary: string,
  parts: readonly ComparisonPart[],
  pictures: readonly { readonly title: string; readonly svg: string }[],
): string {
  return pageDocument({
    title: `AIPerf | ${name}`,
    data: new Map(),
    body: html`<main>
<h1>${name}</h1>
<p>${summary}</p>
${pictures.map(
  ({ title, svg }) =>
    html`<figure><img alt="${title}; the tables below have its figures" width="1000" src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}"></figure>\n`,
)}
${parts.map(({ title, rows }) => table({ caption: title, columns: ['', 'Target', 'Dataset', 'Error'], rows }))}
</main>`,
  });
}
