/** A token that stands beside the vocabulary and is recognised wherever its text occurs. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only where neither neighbour is a letter, digit or the like. */
  readonly singleWord: boolean;
  /** Takes the white space before it. */
  readonly stripLeft: boolean;
  /** Takes the white space behind it. */
  readonly stripRight: boolean;
  /** Looked for in the normalized text, not in the text as it came. */
  readonly normalized: boolean;
}

/** Text between added tokens, and the ids of these, in order. */
export type Piece = string | number;

/** Cuts text at the given tokens: the leftmost match first, of several there the longest. */
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

// What Rust's `\w` takes for part of a word.
const word = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const endsWithWord = new RegExp(`${word}$`, 'u');
const startsWithWord = new RegExp(`^${word}`, 'u');

function isSpace(char: string): boolean {
  return /\p{White_Space}/u.test(char);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
