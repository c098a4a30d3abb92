import { withCommas } from '../metrics/format.js';
import { textWidth } from '../util/text-width.js';
import { type Layout, type Style, stylesOf } from './layout.js';
import { pad, wrap } from './wrap.js';

type StyleName = 'green' | 'cyan' | 'yellow' | 'red' | 'bold' | 'dim';

/** A column of a table. */
export interface Column {
  readonly header: string;
  /** Absent: right. */
  readonly align?: 'left';
  /** Absent: green, as figures are. */
  readonly style?: StyleName;
  /** How it gives way where the table is too wide; absent: not at all. */
  readonly yields?: 'its padding' | 'at spaces' | 'anywhere';
  /** Where the table is too wide nevertheless, columns of the highest number are left out first; absent: never. */
  readonly expendable?: number;
}

/** A line feed starts a new line of the cell; a style replaces the column's. */
export type Cell = string | { readonly text: string; readonly style: StyleName };

/** A table as data. */
export interface Table {
  readonly title: string;
  /** Besides italic. */
  readonly titleStyle?: StyleName;
  readonly columns: readonly Column[];
  /** A cell for each column. */
  readonly rows: readonly (readonly Cell[])[];
}

/** A figure of a table of metrics; `N/A` where there is none. */
export function figureCell(value: number | undefined): Cell {
  return value === undefined ? { text: 'N/A', style: 'dim' } : withCommas(value);
}

/** Columns of a drawn table: their widths without padding, and the padding on each side. */
type Widths = readonly { readonly text: number; readonly padding: number }[];

/**
 * Draws a table with a heavy head and a light body; columns are as wide as their widest cell. Where `width` does not
 * allow for that, they give way as far as they can be read, then expendable ones are left out, with a note; what is
 * still too wide is drawn as several tables below each other, each with the first column.
 */
export function drawTable(table: Table, layout: Layout): string[] {
  const { columns } = table;
  const { width } = layout;
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
    drawColumns(i === 0 ? table : { ...table, title: '' }, part, layout),
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
  const head: readonly Cell[] = columns.map(({ header }) => header);
  return [head, ...rows].map((row) => shown.map((i) => row[i] ?? ''));
}

function drawColumns(table: Table, shown: readonly number[], layout: Layout): string[] {
  const { title, titleStyle } = table;
  const styles = stylesOf(layout);
  const titled = (text: string) => styles.italic(titleStyle === undefined ? text : styles[titleStyle](text));
  const styleOf = (cell: Cell | undefined, column: Column | undefined) =>
    styles[(typeof cell === 'object' ? cell.style : column?.style) ?? 'green'];
  const columns = shown.flatMap((i) => table.columns[i] ?? []);
  const [head = [], ...rows] = rowsOf(table, shown);
  const widths = widthsOf([head, ...rows], columns, layout.width);
  const total = totalOf(widths);
  const rule = (left: string, line: string, joint: string, right: string) =>
    left + widths.map(({ text, padding }) => line.repeat(text + 2 * padding)).join(joint) + right;
  return [
    ...(title === '' ? [] : wrap(title, total).map((line) => titled(pad(line, total, 'center')))),
    rule('┏', '━', '┳', '┓'),
    ...drawRow(head, columns, widths, '┃', () => plain),
    rule('┡', '━', '╇', '┩'),
    ...rows.flatMap((row) => drawRow(row, columns, widths, '│', styleOf)),
    rule('└', '─', '┴', '┘'),
  ];
}

function drawRow(
  row: readonly Cell[],
  columns: readonly Column[],
  widths: Widths,
  edge: string,
  styleOf: (cell: Cell | undefined, column: Column | undefined) => Style,
): string[] {
  const cells = widths.map(({ text, padding }, i) => {
    const [cell, column] = [row[i], columns[i]];
    const style = styleOf(cell, column);
    const draw = (line: string) => style(pad(line, text, column?.align ?? 'right'));
    return {
      lines: wrap(textOf(cell), text).map(draw),
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
    rows.flatMap((row) => partsOf(textOf(row[i]))).reduce((most, part) => Math.max(most, textWidth(part)), 1);
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

function textOf(cell: Cell = ''): string {
  return typeof cell === 'string' ? cell : cell.text;
}

function plain(text: string): string {
  return text;
}
