const LONGEST = 200;

/** The first 200 characters of a text that somebody sent, for a message; a cut one ends in `…`. */
export function excerpt(text: string): string {
  if (text.length <= LONGEST) return text;
  // Half of a surrogate pair is no character.
  const last = text.charCodeAt(LONGEST - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return `${text.slice(0, isHalf ? LONGEST - 1 : LONGEST)}…`;
}
