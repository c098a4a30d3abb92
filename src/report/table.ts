import stringWidth from 'string-width';
import type { Style } from './layout.js';
import { pad, wrap } from './wrap.js';

interface Column {
  readonly header: string;
  readonly align: 'left' | 'right';
  readonly style: Style;
  /** How it gives way where the table is too wide; absent: not at all. */
  readonly yields?: 'its padding' | 'at spaces' | 'anywhere';
  /** Where the table is too wide nevertheless, columns of the highest number are left out first; absent: never. */
  readonly expendable?: number;
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

/** Columns of a drawn table: their widths without padding, and the padding on each side. */
type Widths = readonly { readonly text: number; readonly padding: number }[];

/**
 * Draws a table with a heavy head and a light body; columns are as wide as their widest cell. Where `width` does not
 * allow for that, they give way as far as they can be read, then expendable ones are left out, with a note; what is
 * still too wide is drawn as several tables below each other, each with the first column.
 */
export function drawTable(table: Table, width: number): string[] {
  const { columns } = table;
  let shown = columns.map((_, i) => i);
  while (!fits(table, shown, width)) {
    const highest = Math.max(...shown.map((i) => columns[i]?.expendable ?? 0));
    if (highest <= 0) break;
    shown = shown.filter((i) => columns[i]?.expendable !== highest);
  }
  const left = columns.flatMap(({ header }, i) => (shown.includes(i) ? [] : [header]));
  const [first = 0, ...others] = shown;
  const parts: number[][] = [];
  for (const column of others) {
    const part = parts.at(-1);
    if (part === undefined || !fits(table, [...part, column], width)) parts.push([first, column]);
    else part.push(column);
  }
  const drawn = (parts.length === 0 ? [shown] : parts).flatMap((part, i) =>
    drawColumns(i === 0 ? table : { ...table, title: '' }, part, width),
  );
  if (left.length === 0) return drawn;
  return [...drawn, ...wrap(`Not shown at a width of ${width} columns: ${left.join(', ')}.`, width)];
}

function fits(table: Table, shown: readonly number[], width: number): boolean {
  const columns = shown.flatMap((i) => table.columns[i] ?? []);
  return totalOf(widthsOf(rowsOf(table, shown), columns, width)) <= width;
}

/** The head and all rows, with the cells of these columns. */
function rowsOf({ columns, rows }: Table, shown: readonly number[]): (readonly Cell[])[] {
  const head: readonly Cell[] = columns.map(({ header }) => ({ text: header, style: plain }));
  return [head, ...rows].map((row) => shown.map((i) => row[i] ?? { text: '' }));
}

function drawColumns(table: Table, shown: readonly number[], width: number): string[] {
  const { title, titleStyle } = table;
  const columns = shown.flatMap((i) => table.columns[i] ?? []);
  const [head = [], ...rows] = rowsOf(table, shown);
  const widths = widthsOf([head, ...rows], columns, width);
  const total = totalOf(widths);
  const rule = (left: string, line: string, joint: string, right: string) =>
    left + widths.map(({ text, padding }) => line.repeat(text + 2 * padding)).join(joint) + right;
  return [
    ...(title === '' ? [] : wrap(title, total).map((line) => titleStyle(pad(line, total, 'center')))),
    rule('┏', '━', '┳', '┓'),
    ...drawRow(head, columns, widths, '┃'),
    rule('┡', '━', '╇', '┩'),
    ...rows.flatMap((row) => drawRow(row, columns, widths, '│')),
    rule('└', '─', '┴', '┘'),
  ];
}

function drawRow(row: readonly Cell[], columns: readonly Column[], widths: Widths, edge: string): string[] {
  const cells = widths.map(({ text, padding }, i) => {
    const [cell, column] = [row[i], columns[i]];
    const style = cell?.style ?? column?.style ?? plain;
    const draw = (line: string) => style(pad(line, text, column?.align ?? 'left'));
    return {
      lines: wrap(cell?.text ?? '', text).map(draw),
      blank: ' '.repeat(text),
      side: ' '.repeat(padding),
    };
  });
  const height = cells.reduce((most, { lines }) => Math.max(most, lines.length), 0);
  return Array.from({ length: height }, (_, line) => {
    const parts = cells.map(({ lines, blank, side }) => side + (lines[line] ?? blank) + side);
    return edge + parts.join(edge) + edge;
  });
}

/** First padding is given up, then text is wrapped. */
function widthsOf(rows: readonly (readonly Cell[])[], columns: readonly Column[], width: number): Widths {
  const widest = (i: number, partsOf: (text: string) => string[]) =>
    rows
      .flatMap((row) => partsOf(row[i]?.text ?? ''))
      .reduce((most, part) => Math.max(most, stringWidth(part)), 1);
  const natural = columns.map((_, i) => ({ text: widest(i, linesOf), padding: 1 }));
  if (totalOf(natural) <= width) return natural;
  const tight = natural.map(({ text }, i) => ({
    text,
    padding: columns[i]?.yields === 'its padding' ? 0 : 1,
  }));
  const least = columns.map(({ yields }, i) => {
    if (yields === 'anywhere') return 1;
    return yields === 'at spaces' ? widest(i, wordsOf) : (tight[i]?.text ?? 1);
  });
  for (let excess = totalOf(tight) - width; excess > 0; excess--) {
    const [column] = tight.filter(({ text }, i) => text > (least[i] ?? text)).sort((a, b) => b.text - a.text);
    if (column === undefined) break;
    column.text--;
  }
  return tight;
}

function totalOf(widths: Widths): number {
  return widths.reduce((sum, { text, padding }) => sum + text + 2 * padding + 1, 1);
}

function linesOf(text: string): string[] {
  return wrap(text, Number.POSITIVE_INFINITY);
}

function wordsOf(text: string): string[] {
  return linesOf(text).flatMap((line) => line.split(' '));
}

function plain(text: string): string {
  return text;
}
