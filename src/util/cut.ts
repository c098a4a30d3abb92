import { withThousands } from './counted.js';
/** Truncates a text to `most` characters, with `…` if cut. Mask secrets first: half of one is not recognised. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${beginningOf(text, most)}…`;
}

/** The same, with the number of omitted characters: `… (1,234 more characters)`. */
export function cutAndCounted(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = beginningOf(text, most);
  return `${kept}… (${withThousands(text.length - kept.length)} more characters)`;
}

/** Does not end in half of a surrogate pair, which is not a character. */
function beginningOf(text: string, most: number): string {
  const last = text.charCodeAt(most - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isHalf ? most - 1 : most);
}
