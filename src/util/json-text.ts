// What `JSON.parse` does not reveal about a text: the positions of its parts, and which integers it would round.

/** A member of an object, with its position in the text. */
export interface Member {
  readonly key: string;
  /** Start and end (exclusive) of its value, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** An integer in a JSON text that a double cannot represent. */
export interface InexactInteger {
  /** As written, e.g. `18446744073709551615`. */
  readonly digits: string;
  readonly index: number;
}

/**
 * The integers in a JSON text that `JSON.parse` would round: those beyond 2^53 - 1, outside strings. Numbers with a
 * fraction or an exponent are doubles anyway.
 */
export function inexactIntegers(text: string): readonly InexactInteger[] {
  if (!hasLongNumber(text)) return [];
  const found: InexactInteger[] = [];
  const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  for (let at = 0; at < text.length; ) {
    number.lastIndex = at;
    const token = text[at] === '"' ? undefined : number.exec(text)?.[0];
    if (token !== undefined) {
      const isInteger = /^-?\d+$/.test(token);
      if (isInteger && !Number.isSafeInteger(Number(token))) found.push({ digits: token, index: at });
    }
    at = text[at] === '"' ? stringEnd(text, at) : at + (token?.length ?? 1);
  }
  return found;
}

/** Whether there is a run of 16 digits, the fewest that a double may round: every such run contains a multiple of 16. */
function hasLongNumber(text: string): boolean {
  const isDigit = (at: number) => {
    const code = text.charCodeAt(at);
    return code >= 0x30 && code <= 0x39;
  };
  for (let at = 15; at < text.length; at += 16) {
    if (!isDigit(at)) continue;
    let start = at;
    let end = at + 1;
    while (isDigit(start - 1)) start--;
    while (isDigit(end)) end++;
    if (end - start >= 16) return true;
  }
  return false;
}

/** The members of a valid JSON object, in order. */
export function membersOf(text: string): readonly Member[] {
  const members: Member[] = [];
  for (let at = text.indexOf('{') + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return members;
    const keyEnd = stringEnd(text, quote);
    let start = text.indexOf(':', keyEnd) + 1;
    while (/\s/.test(text[start] ?? '')) start++;
    at = valueEnd(text, start);
    members.push({ key: JSON.parse(text.slice(quote, keyEnd)), start, end: at });
  }
}

/** The end of the JSON value at `start`, or the end of the text if its brackets are unbalanced. */
export function valueEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; ) {
    const character = text[at];
    const isClosed = depth === 0 && (character === ',' || character === '}' || character === ']');
    if (isClosed || (depth === 0 && /\s/.test(character ?? ''))) return at;
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    at = character === '"' ? stringEnd(text, at) : at + 1;
    if (depth === 0 && (character === '"' || character === '}' || character === ']')) return at;
  }
  return text.length;
}

/** The index after the JSON string at `start`, or the end of the text if it is unterminated. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text[before] === '\\') before--;
    if ((quote - before) % 2 === 1) return quote + 1;
  }
  return text.length;
}
