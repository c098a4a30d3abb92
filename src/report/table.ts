import stringWidth from 'string-width';
import type { Style } from './layout.js';
import { pad, wrap } from './wrap.js';

interface Column {
  readonly header: string;
  readonly align: 'left' | 'right';
  readonly style: Style;
}

/** A line feed in `text` starts a new line of the cell. */
interface Cell {
  readonly text: string;
  /** Instead of the column's. */
  readonly style?: Style;
}

export interface Table {
  readonly title: string;
  readonly titleStyle: Style;
  readonly columns: readonly Column[];
  /** A cell for each column. */
  readonly rows: readonly (readonly Cell[])[];
}

/** Draws a table with a heavy head and a light body; columns are as wide as their widest cell, if `width` allows. */
export function drawTable({ title, titleStyle, columns, rows }: Table, width: number): string[] {
  const head: readonly Cell[] = columns.map(({ header }) => ({ text: header, style: plain }));
  const natural = columns.map((_, i) =>
    [head, ...rows].reduce((widest, row) => Math.max(widest, linesWidth(row[i]?.text ?? '')), 1),
  );
  const widths = shrunk(natural, width - 3 * columns.length - 1);
  const total = widths.reduce((sum, columnWidth) => sum + columnWidth + 3, 1);
  const rule = (left: string, line: string, joint: string, right: string) =>
    left + widths.map((columnWidth) => line.repeat(columnWidth + 2)).join(joint) + right;
  return [
    ...wrap(title, total).map((line) => titleStyle(pad(line, total, 'center'))),
    rule('┏', '━', '┳', '┓'),
    ...drawRow(head, columns, widths, '┃'),
    rule('┡', '━', '╇', '┩'),
    ...rows.flatMap((row) => drawRow(row, columns, widths, '│')),
    rule('└', '─', '┴', '┘'),
  ];
}

function drawRow(
  row: readonly Cell[],
  columns: readonly Column[],
  widths: readonly number[],
  edge: string,
): string[] {
  const cells = columns.map(({ align, style }, i) => {
    const cell = row[i];
    const columnWidth = widths[i] ?? 1;
    const draw = (line: string) => (cell?.style ?? style)(pad(line, columnWidth, align));
    return { lines: wrap(cell?.text ?? '', columnWidth).map(draw), blank: ' '.repeat(columnWidth) };
  });
  const height = cells.reduce((most, { lines }) => Math.max(most, lines.length), 0);
  return Array.from({ length: height }, (_, line) => {
    const parts = cells.map(({ lines, blank }) => ` ${lines[line] ?? blank} `);
    return edge + parts.join(edge) + edge;
  });
}

/** Takes columns off the widest until the sum fits; a column keeps at least one. */
function shrunk(widths: readonly number[], available: number): number[] {
  const result = [...widths];
  let excess = result.reduce((sum, columnWidth) => sum + columnWidth, 0) - available;
  for (; excess > 0; excess--) {
    const widest = result.reduce((most, columnWidth, i) => (columnWidth > (result[most] ?? 0) ? i : most), 0);
    if (result[widest] === undefined || result[widest] === 1) break;
    result[widest]--;
  }
  return result;
}

function linesWidth(text: string): number {
  return wrap(text, Number.POSITIVE_INFINITY).reduce(
    (widest, line) => Math.max(widest, stringWidth(line)),
    0,
  );
}

function plain(text: string): string {
  return text;
}
