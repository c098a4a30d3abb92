import stringWidth from 'string-width';
import { plainText } from '../util/plain-text.js';

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
    ...lines.map((line) => `${paint('│')} ${line}${' '.repeat(inside - stringWidth(line))} ${paint('│')}`),
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
    if (stringWidth(longer) <= width) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function cut(word: string, width: number): string[] {
  if (stringWidth(word) <= width) return [word];
  const pieces: string[] = [];
  let piece = '';
  let used = 0;
  for (const character of word) {
    const wide = stringWidth(character);
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
