/**
 * `value` with `digits` decimals, rounded by its exact binary value, ties to even, all digits written out:
 * what Python's `format(value, '.2f')` prints.
 */
export function fixed(value: number, digits: number): string {
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (size >= 1e21) return `${sign}${BigInt(size)}.${'0'.repeat(digits)}`;
  // A tie is a multiple of 5 ** -1 * 10 ** -digits that a double can hold: an odd multiple of 2 ** -(digits + 1).
  // There toFixed rounds up.
  const isTie = (size * 2 ** (digits + 1)) % 2 === 1;
  if (!isTie) return sign + size.toFixed(digits);
  const scale = 10 ** digits;
  const low = Math.floor(size * scale);
  return sign + ((low % 2 === 0 ? low : low + 1) / scale).toFixed(digits);
}

/** Two decimals and commas between thousands: `1,234.50`. */
export function withCommas(value: number): string {
  const [whole = '', decimals = ''] = fixed(value, 2).split('.');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${decimals}`;
}
