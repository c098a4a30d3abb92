// What a terminal takes for a command: control sequences (`ESC [ … letter`), strings that end with BEL or ST
// (titles, links, the clipboard), and two-character escapes; each also in its form of one byte (C1).
const controlSequence = String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]`;
const controlString = String.raw`(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]{0,4096}(?:\u0007|\u001b\\|\u009c)`;
const otherEscape = String.raw`\u001b[ -/]*[0-~]?`;

// What changes the order of other characters, or is not seen: U+200D joins emoji, and may do only that.
const hidden = String.raw`[\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|(?<![\p{Extended_Pictographic}\ufe0f\u{1f3fb}-\u{1f3ff}])\u200d|\u200d(?!\p{Extended_Pictographic})`;

const escapes = new RegExp(`${controlString}|${controlSequence}|${otherEscape}`, 'gu');
const invisible = new RegExp(hidden, 'gu');

/**
 * A text from anyone as it may be shown on a terminal, in a log or on a page: escape sequences and characters that are
 * not seen, or change the order of others, are taken out, other control characters become spaces. Line feeds stay.
 */
export function plainText(text: string): string {
  if (/^[\n -~]*$/.test(text)) return text;
  return text
    .replace(escapes, '')
    .replace(invisible, '')
    .replace(/\r\n/g, '\n')
    .replace(/[^\P{Cc}\n]|[\u2028\u2029]/gu, ' ');
}

/** The same on one line: nobody's text begins a line of a log. */
export function oneLine(text: string): string {
  return plainText(text).replace(/\s*\n\s*/g, ' ');
}
