/** The first `most` characters of a text; a cut one ends in `…`. Take secrets out before: half of one is not found. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${beginningOf(text, most)}…`;
}

/** The same with the number of characters that are left out: `… (1,234 more characters)`. */
export function cutAndCounted(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = beginningOf(text, most);
  return `${kept}… (${(text.length - kept.length).toLocaleString('en-US')} more characters)`;
}

/** Without half of a surrogate pair at its end, which is no character. */
function beginningOf(text: string, most: number): string {
  const last = text.charCodeAt(most - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? most - 1 : most);
}
