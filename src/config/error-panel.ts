import { plainText } from '../util/plain-text.js';
import { textWidth } from '../util/text-width.js';

/**
 * A framed panel.
 * @param text one sentence per line; long lines are wrapped at spaces.
 * @param width columns of the frame. @param red draws the frame red, for a terminal.
 */
export function errorPanel(text: string, width: number, red: boolean, title = 'Error'): string {
  const inside = width - 4;
  const paint = (frame: string) => (red ? `\u001b[31m${frame}\u001b[39m` : frame);
  const lines = plainText(text)
    .split('\n')
    .flatMap((line) => wrapped(line, inside));
  return [
    paint(`╭─ ${title} ${'─'.repeat(Math.max(width - 5 - title.length, 0))}╮`),
    ...lines.map((line) => `${paint('│')} ${line}${' '.repeat(inside - textWidth(line))} ${paint('│')}`),
    paint(`╰${'─'.repeat(width - 2)}╯`),
    '',
  ].join('\n');
}

/** Wraps at `width` columns; splits words longer than a line. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((piece) => cut(piece, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer) <= width) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function cut(word: string, width: number): string[] {
  if (textWidth(word) <= width) return [word];
  const pieces: string[] = [];
  let piece = '';
  let used = 0;
  for (const character of word) {
    const wide = textWidth(character);
    if (used + wide > width) {
      pieces.push(piece);
      piece = '';
      used = 0;
    }
    piece += character;
    used += wide;
  }
  return [...pieces, piece];
}
