import type { Writable } from 'node:stream';
import { plainText } from './plain-text.js';
import { withoutSecrets } from './secrets.js';

// What reports and progress bars send a terminal: colours, though none that hide text, and erasing the line that they
// draw on; and the line ends of CSV.
const ESC = '\u001b';
const COLOUR = '(?:[0-4]|2[2-49]|3[0-79]|9[0-7])';
const own = new RegExp(`\\r?${ESC}\\[(?:K|${COLOUR}(?:;${COLOUR})*m)|\\r\\n|\\t`, 'g');

/**
 * A stream for people, behind everything that is written to one: no secret gets past it, and no escape sequence other
 * than colours and the erasing of a line. Texts of others are to be made plain before they are laid out all the same.
 */
export function safeOutput<Stream extends Writable>(stream: Stream): Stream {
  const write = (chunk: unknown, ...rest: never[]) =>
    stream.write(typeof chunk === 'string' ? safe(chunk) : chunk, ...rest);
  return Object.create(stream, { write: { value: write } });
}

function safe(text: string): string {
  let plain = '';
  let from = 0;
  for (const { index, 0: sequence } of text.matchAll(own)) {
    plain += plainText(text.slice(from, index)) + sequence;
    from = index + sequence.length;
  }
  return withoutSecrets(plain + plainText(text.slice(from)));
}
