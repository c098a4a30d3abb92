// Terminal control: sequences (`ESC [ … letter`), strings that end with BEL or ST (titles, links, the clipboard) and
// two-character escapes, each also in its one-byte form (C1).
const controlSequence = String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]`;
const controlString = String.raw`(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]{0,4096}(?:\u0007|\u001b\\|\u009c)`;
const otherEscape = String.raw`\u001b[ -/]*[0-~]?`;

// Invisible characters, and those that reorder others. U+200D may only join emoji.
const hidden = String.raw`[\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|(?<![\p{Extended_Pictographic}\ufe0f\u{1f3fb}-\u{1f3ff}])\u200d|\u200d(?!\p{Extended_Pictographic})`;

const escapes = new RegExp(`${controlString}|${controlSequence}|${otherEscape}`, 'gu');
const invisible = new RegExp(hidden, 'gu');

/**
 * Makes any text safe for a terminal, a log or a page: removes escape sequences and characters that are invisible or
 * reorder others, replaces other control characters by spaces, keeps line feeds.
 */
export function plainText(text: string): string {
  if (/^[\n -~]*$/.test(text)) return text;
  return text
    .replace(escapes, '')
    .replace(invisible, '')
    .replace(/\r\n/g, '\n')
    .replace(/[^\P{Cc}\n]|[\u2028\u2029]/gu, ' ');
}

/** The same on one line, so that no text can start a line of a log. */
export function oneLine(text: string): string {
  return plainText(text).replace(/\s*\n\s*/g, ' ');
}
