import { plainText } from '../util/plain-text.js';
import { textWidth } from '../util/text-width.js';

const segmenter = new Intl.Segmenter();

/**
 * Breaks a text into lines of at most `width` columns, at spaces where it can; longer words are cut. What could
 * steer a terminal is taken out.
 * @param hang columns that lines which go on are indented by; absent: as their first.
 */
export function wrap(text: string, width: number, hang?: number): string[] {
  return plainText(text)
    .split('\n')
    .flatMap((line) => wrapLine(line, width, hang));
}

/** Each line ended by a line feed. */
export function joinLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** Spaces on the side that `align` says, up to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right' | 'center'): string {
  const space = Math.max(0, width - textWidth(text));
  const before = align === 'left' ? 0 : align === 'right' ? space : Math.floor(space / 2);
  return ' '.repeat(before) + text + ' '.repeat(space - before);
}

function wrapLine(line: string, width: number, hang: number | undefined): string[] {
  if (textWidth(line) <= width) return [line];
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  // An indentation that leaves no room for text would never end.
  const fits = (columns: number) => columns < width / 2;
  const margin = ' '.repeat([hang ?? indent, indent].find(fits) ?? 0);
  const lines: string[] = [];
  let lead = ' '.repeat(fits(indent) ? indent : 0);
  let current = lead;
  let isEmpty = true;
  for (const word of line.slice(indent).split(' ')) {
    const grown = isEmpty ? current + word : `${current} ${word}`;
    if (textWidth(grown) <= width) {
      current = grown;
      isEmpty = false;
      continue;
    }
    if (!isEmpty) {
      lines.push(current);
      lead = margin;
    }
    const pieces = cut(word, width - Math.max(lead.length, margin.length));
    for (const piece of pieces.slice(0, -1)) {
      lines.push(lead + piece);
      lead = margin;
    }
    current = lead + (pieces.at(-1) ?? '');
    isEmpty = false;
  }
  lines.push(current);
  return lines;
}

/** Pieces of at most `width` columns; wide characters and joined emoji stay whole. */
function cut(word: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  let used = 0;
  for (const { segment } of segmenter.segment(word)) {
    const wide = textWidth(segment);
    if (used + wide > width && piece !== '') {
      pieces.push(piece);
      piece = '';
      used = 0;
    }
    piece += segment;
    used += wide;
  }
  pieces.push(piece);
  return pieces;
}
