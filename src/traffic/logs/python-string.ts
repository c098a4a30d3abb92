const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/**
 * The string that Python's `repr` wrote at `text[start]`, and where it ends; undefined if there is none, or its end is
 * missing.
 */
export function pythonString(
  text: string,
  start: number,
): { readonly text: string; readonly end: number } | undefined {
  const quote = text[start];
  if (quote !== "'" && quote !== '"') return undefined;
  let end = start + 1;
  // A regular expression runs out of stack in a long prompt.
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1;
  if (end >= text.length) return undefined;
  const plain = text
    .slice(start + 1, end)
    .replace(
      /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|(.))/gis,
      (_, byte?: string, short?: string, long?: string, other = '') => {
        const code = byte ?? short ?? long;
        return code === undefined ? (escapes[other] ?? `\\${other}`) : codePoint(Number.parseInt(code, 16));
      },
    );
  return { text: plain, end: end + 1 };
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\uFFFD';
}
