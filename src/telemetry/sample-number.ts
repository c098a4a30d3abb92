const ZERO = 0x30;
const NINE = 0x39;
const DOT = 0x2e;
const MINUS = 0x2d;
const PLUS = 0x2b;

/** Mantissas up to this are exact, and so is one division by a power of ten up to 1e22. */
const EXACT_DIGITS = 15;
const powers = Array.from({ length: EXACT_DIGITS + 1 }, (_, digits) => 10 ** digits);

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * The number in `bytes[start, end)`, correctly rounded: decimal, `NaN`, `+Inf` and their spellings.
 * @returns undefined for anything else; NaN for the number NaN.
 */
export function numberAt(bytes: Uint8Array, start: number, end: number): number | undefined {
  let at = start;
  const sign = bytes[at];
  if (sign === MINUS || sign === PLUS) at++;
  const digitsFrom = at;
  let mantissa = 0;
  let pointAt = -1;
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= ZERO && byte <= NINE) mantissa = mantissa * 10 + (byte - ZERO);
    else if (byte === DOT && pointAt === -1) pointAt = at;
    else return numberIn(bytes, start, end);
  }
  const digits = end - digitsFrom - (pointAt === -1 ? 0 : 1);
  if (digits === 0 || digits > EXACT_DIGITS) return numberIn(bytes, start, end);
  const value = pointAt === -1 ? mantissa : mantissa / (powers[end - pointAt - 1] as number);
  return sign === MINUS ? -value : value;
}

function numberIn(bytes: Uint8Array, start: number, end: number): number | undefined {
  let text = '';
  // The longest double in full has some 770 digits; longer texts are no numbers that a program writes.
  if (end - start > 1100) return undefined;
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] as number);
  if (decimal.test(text)) return Number(text);
  const [, minus, word] = /^([+-]?)(nan|inf|infinity)$/i.exec(text) ?? [];
  if (word === undefined) return undefined;
  if (/^nan$/i.test(word)) return Number.NaN;
  return minus === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
