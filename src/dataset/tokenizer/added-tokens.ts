/** A token outside the vocabulary that is matched wherever its text occurs. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Match only if neither neighbour is a word character. */
  readonly singleWord: boolean;
  /** Include the white space before it. */
  readonly stripLeft: boolean;
  /** Include the white space after it. */
  readonly stripRight: boolean;
  /** Match in normalized text instead of the original text. */
  readonly normalized: boolean;
}

/** Text between added tokens, or the ID of an added token. */
export type Piece = string | number;

/** Splits text at the given tokens: leftmost match first, and the longest of those. */
export function addedTokenCutter(tokens: readonly AddedToken[]): (text: string) => readonly Piece[] {
  if (tokens.length === 0) return (text) => [text];
  const byContent = new Map(tokens.map((token) => [token.content, token]));
  const longestFirst = [...byContent.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escapePattern).join('|'), 'gu');

  return (text) => {
    pattern.lastIndex = 0;
    let match = pattern.exec(text);
    if (match === null) return [text];
    const pieces: Piece[] = [];
    let from = 0;
    for (; match !== null; match = pattern.exec(text)) {
      const token = byContent.get(match[0]);
      let start = match.index;
      let end = start + match[0].length;
      if (token === undefined || (token.singleWord && insideWord(text, start, end))) continue;
      if (token.stripLeft) while (start > from && isSpace(text.charAt(start - 1))) start--;
      if (token.stripRight) while (end < text.length && isSpace(text.charAt(end))) end++;
      if (start > from) pieces.push(text.slice(from, start));
      pieces.push(token.id);
      from = end;
    }
    if (from < text.length) pieces.push(text.slice(from));
    return pieces;
  };
}

function insideWord(text: string, start: number, end: number): boolean {
  return (
    endsWithWord.test(text.slice(Math.max(0, start - 2), start)) ||
    startsWithWord.test(text.slice(end, end + 2))
  );
}

// Word characters as in Rust's `\w`.
const word = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const endsWithWord = new RegExp(`${word}$`, 'u');
const startsWithWord = new RegExp(`^${word}`, 'u');

function isSpace(char: string): boolean {
  return /\p{White_Space}/u.test(char);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
