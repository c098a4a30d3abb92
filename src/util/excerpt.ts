import { cut } from './cut.js';
import { withoutSecrets } from './secrets.js';

const LONGEST = 200;
/** Context for a secret that starts within the excerpt: one that is cut in half would not be recognised. */
const LONGEST_SECRET = 4096;

/** The first 200 characters of a received text, for a message, with secrets masked; ends in `…` if cut. */
export function excerpt(whole: string): string {
  return whole.length <= LONGEST
    ? whole
    : cut(withoutSecrets(whole.slice(0, LONGEST + LONGEST_SECRET)), LONGEST);
}

const MARK = '; received: ';

/** A reason with the start of what was received, for a message. */
export function quoting(reason: string, received: string): string {
  return `${reason}${MARK}${excerpt(received)}`;
}

/** A message without its quote, which contains IDs and times that differ between responses. */
export function withoutQuote(message: string): string {
  const mark = message.indexOf(MARK);
  return mark === -1 ? message : message.slice(0, mark);
}
