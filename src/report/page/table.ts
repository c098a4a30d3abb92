import { type Html, type HtmlContent, html } from './html.js';

/** Content of a cell. */
export type Cell = Html | string;

/** A table of a page: the first cell of each row is its head. */
export interface PageTable {
  readonly caption: string;
  /** For screen readers only: a heading near the table has the same text. */
  readonly isCaptionHidden?: boolean;
  /** Heads of all columns, that of the rows' heads included; all empty: no head is shown. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns, by number, whose cells hold text and not figures. */
  readonly textColumns?: readonly number[];
}

/** A table that scrolls sideways, also by keyboard, if the page is narrower. */
export function table({ caption, isCaptionHidden, columns, rows, textColumns = [] }: PageTable): Html {
  const hasHead = columns.some((column) => column !== '');
  const kind = (column: number): HtmlContent => textColumns.includes(column) && html` class="text"`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption${isCaptionHidden && html` class="hidden"`}>${caption}</caption>
${hasHead && html`<thead><tr>${columns.map((column, i) => html`<th scope="col"${kind(i)}>${column}</th>`)}</tr></thead>`}
<tbody>
${rows.map(
  ([head, ...cells]) =>
    html`<tr><th scope="row">${head}</th>${cells.map((cell, i) => html`<td${kind(i + 1)}>${cell}</td>`)}</tr>\n`,
)}</tbody></table></div>`;
}
