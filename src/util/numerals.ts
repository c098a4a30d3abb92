// Numbers as people write them. A single underscore between two digits is a separator, as in Python: `100_000`.

const digits = String.raw`\d+(?:_\d+)*`;
const integer = new RegExp(`^[+-]?${digits}$`);
const decimal = new RegExp(String.raw`^[+-]?(?:${digits}\.?(?:${digits})?|\.${digits})(?:e[+-]?\d+)?$`, 'i');

/** The integer in a text, possibly beyond 2^53; undefined if it is not an integer. */
export function integerIn(text: string): number | undefined {
  return integer.test(text) ? Number(text.replaceAll('_', '')) : undefined;
}

/** The number in a text: digits with at most one dot, and an exponent; undefined if it is not a number. */
export function decimalIn(text: string): number | undefined {
  return decimal.test(text) ? Number(text.replaceAll('_', '')) : undefined;
}
