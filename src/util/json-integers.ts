/** An integer in a JSON text that a double does not hold exactly. */
export interface InexactInteger {
  /** As written, e.g. `18446744073709551615`. */
  readonly digits: string;
  /** Where it starts in the text, in UTF-16 units. */
  readonly index: number;
}

/**
 * The integers of a JSON text, outside its strings, that `JSON.parse` would round: those beyond 2^53 - 1. Numbers with
 * a fraction or an exponent are doubles and never among them.
 */
export function inexactIntegers(text: string): readonly InexactInteger[] {
  if (!/\d{16}/.test(text)) return [];
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

/** The index behind the JSON string that starts at `start`; that of the text's end where the string has none. */
export function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let before = quote - 1;
    while (text[before] === '\\') before--;
    if ((quote - before) % 2 === 1) return quote + 1;
  }
  return text.length;
}
