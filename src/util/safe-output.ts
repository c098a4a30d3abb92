import type { Writable } from 'node:stream';
import { plainText } from './plain-text.js';
import { withoutSecrets } from './secrets.js';

// Sequences that reports and progress bars use: colours (except those that hide text), erasing the current line, and
// the line ends of CSV.
const ESC = '\u001b';
const COLOUR = '(?:[0-4]|2[2-49]|3[0-79]|9[0-7])';
const own = new RegExp(`\\r?${ESC}\\[(?:K|${COLOUR}(?:;${COLOUR})*m)|\\r\\n|\\t`, 'g');

/**
 * Wraps a stream for people: masks secrets and removes escape sequences other than colours and line erasing. Foreign
 * texts must still be made plain before they are laid out.
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
