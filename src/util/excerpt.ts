import { cut } from './cut.js';
import { withoutSecrets } from './secrets.js';

const LONGEST = 200;
/** Room for a secret that begins within the excerpt: one that is cut in half cannot be found any more. */
const LONGEST_SECRET = 4096;

/** The first 200 characters of a text that somebody sent, for a message, without secrets; a cut one ends in `…`. */
export function excerpt(whole: string): string {
  return whole.length <= LONGEST
    ? whole
    : cut(withoutSecrets(whole.slice(0, LONGEST + LONGEST_SECRET)), LONGEST);
}

const MARK = '; received: ';

/** A reason with the beginning of what was received, for a message. */
export function quoting(reason: string, received: string): string {
  return `${reason}${MARK}${excerpt(received)}`;
}

/** A message without what it quotes, which differs from response to response by ids and times. */
export function withoutQuote(message: string): string {
  const mark = message.indexOf(MARK);
  return mark === -1 ? message : message.slice(0, mark);
}
