import { isNarrow, textWidth } from '../../util/text-width.js';

/** What a piece of text means; `colors` in dashboard.tsx says how each looks. */
export type Tone = 'good' | 'warn' | 'bad' | 'dim' | 'accent' | 'title';

/** A piece of text in one tone. */
export interface Span {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

/** A line of the screen, from left to right. */
export type Row = readonly (Span | string)[];

const segmenter = new Intl.Segmenter();

export function span(text: string, tone?: Tone): Span {
  return { text, tone };
}

/** At most `width` columns of a text; `…` ends one that was cut. */
function clip(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return '';
  if (isNarrow(text)) return `${text.slice(0, width - 1)}…`;
  let kept = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += textWidth(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** A text in exactly `width` columns: cut, or padded at its end; numbers (`right`) at their start. */
export function cell(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fitted = clip(text, width);
  const space = ' '.repeat(Math.max(0, width - textWidth(fitted)));
  return align === 'left' ? fitted + space : space + fitted;
}

export function rowWidth(row: Row): number {
  return row.reduce((sum, part) => sum + textWidth(textOf(part)), 0);
}

/** A row in at most `width` columns. */
export function cutRow(row: Row, width: number): Row {
  const parts: (Span | string)[] = [];
  let left = width;
  for (const part of row) {
    const text = clip(textOf(part), left);
    left -= textWidth(text);
    parts.push(typeof part === 'string' ? text : { ...part, text });
    if (text !== textOf(part)) break;
  }
  return parts;
}

/** A row in exactly `width` columns. */
export function fitted(row: Row, width: number): Row {
  const parts = cutRow(row, width);
  const left = width - rowWidth(parts);
  return left > 0 ? [...parts, ' '.repeat(left)] : parts;
}

/** One row at the left edge, which gives way where both do not fit, and one at the right edge. */
export function spread(left: Row, right: Row, width: number): Row {
  return [...fitted(left, width - rowWidth(right) - 2), '  ', ...right];
}

/** Items side by side, each `width / columns` wide. */
export function grid(items: readonly Row[], columns: number, width: number): Row[] {
  const each = Math.floor((width - (columns - 1) * 2) / columns);
  const rows: Row[] = [];
  for (let first = 0; first < items.length; first += columns) {
    const line = items.slice(first, first + columns);
    rows.push(line.flatMap((item, i) => [...(i === 0 ? [] : ['  ']), ...fitted(item, each)]));
  }
  return rows;
}

function textOf(part: Span | string): string {
  return typeof part === 'string' ? part : part.text;
}
