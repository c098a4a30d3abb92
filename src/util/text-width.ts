import stringWidth from 'string-width';

// Text whose characters are one column each: measuring it needs no segmenter. Lines, blocks and dots included.
const narrow = /^[ -~\u00a0-\u00ac\u00ae-\u00ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc]*$/;

/** Whether every character of a text takes one column. */
export function isNarrow(text: string): boolean {
  return narrow.test(text);
}

/** Columns of a text on a terminal. */
export function textWidth(text: string): number {
  return isNarrow(text) ? text.length : stringWidth(text);
}
