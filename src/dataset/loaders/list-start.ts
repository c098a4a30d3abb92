const [NEWLINE, COLON, QUOTE, BACKSLASH] = [0x0a, 0x3a, 0x22, 0x5c] as const;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d] as const;

/**
 * Offset of the list of rows in a file that begins with these bytes: 0 if it is a JSON array, that of the list of objects
 * under `data` if it is an object with one. `none` if its rows are lines; undefined if more bytes are needed to tell.
 * @param head from the first character that is not blank.
 */
export function listStart(head: Uint8Array): number | 'none' | undefined {
  if (head[0] === OPEN_ARRAY) return 0;
  if (head[0] !== OPEN_OBJECT) return 'none';
  let depth = 0;
  for (let at = 0; at < head.length; at++) {
    const byte = head[at];
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
    if (depth === 0) return 'none';
    if (byte !== QUOTE) continue;
    const end = stringEnd(head, at);
    const colon = nextPlace(head, end);
    if (depth === 1 && head[colon] === COLON && isData(head.subarray(at + 1, end - 1))) {
      const list = nextPlace(head, colon + 1);
      const item = nextPlace(head, list + 1);
      if (item >= head.length) return undefined;
      return head[list] === OPEN_ARRAY && head[item] === OPEN_OBJECT ? list : 'none';
    }
    // A key at the end may still get its colon.
    if (colon >= head.length) return undefined;
    at = end - 1;
  }
  return undefined;
}

function isData(key: Uint8Array): boolean {
  return key.length === 4 && Buffer.from(key).toString() === 'data';
}

/** Offset after the JSON string that starts at `start`, at most the length. */
function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return Math.min(at + 1, bytes.length);
}

/** Offset of the next character that is not blank, at most the length. */
function nextPlace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && isSpace(bytes[at])) at++;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE;
}
