import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter();

/**
 * Breaks a text into lines of at most `width` columns, at spaces where it can; longer words are cut. Lines that
 * go on keep the indentation of their first. Control characters, which could steer a terminal, become spaces.
 */
export function wrap(text: string, width: number): string[] {
  return text
    .replace(/[^\P{Cc}\n]/gu, ' ')
    .split('\n')
    .flatMap((line) => wrapLine(line, width));
}

/** Spaces on the side that `align` says, up to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right' | 'center'): string {
  const space = Math.max(0, width - stringWidth(text));
  const before = align === 'left' ? 0 : align === 'right' ? space : Math.floor(space / 2);
  return ' '.repeat(before) + text + ' '.repeat(space - before);
}

function wrapLine(line: string, width: number): string[] {
  if (stringWidth(line) <= width) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  // An indentation that leaves no room for text would never end.
  const margin = indent.length < width / 2 ? indent : '';
  const lines: string[] = [];
  let current = margin;
  let isEmpty = true;
  for (const word of line.slice(indent.length).split(' ')) {
    const grown = isEmpty ? current + word : `${current} ${word}`;
    if (stringWidth(grown) <= width) {
      current = grown;
      isEmpty = false;
      continue;
    }
    if (!isEmpty) lines.push(current);
    const pieces = cut(word, width - margin.length);
    for (const piece of pieces.slice(0, -1)) lines.push(margin + piece);
    current = margin + (pieces.at(-1) ?? '');
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
    const wide = stringWidth(segment);
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
