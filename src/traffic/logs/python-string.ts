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
  const form = quote === "'" ? /(?:[^'\\]|\\.)*/sy : /(?:[^"\\]|\\.)*/sy;
  form.lastIndex = start + 1;
  const inside = form.exec(text)?.[0] ?? '';
  const end = start + 1 + inside.length;
  if (text[end] !== quote) return undefined;
  const plain = inside.replace(
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
