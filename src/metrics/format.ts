/**
 * `value` with `digits` decimals, at least one: rounded by its exact binary value, ties to even, all digits
 * written out, as Python's `format(value, '.2f')` prints it.
 */
export function fixed(value: number, digits: number): string {
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (size >= 1e21) return `${sign}${BigInt(size)}.${'0'.repeat(digits)}`;
  // Half-way between two results lie just the odd multiples of 2 ** -(digits + 1); there toFixed rounds up.
  const isTie = (size * 2 ** (digits + 1)) % 2 === 1;
  if (!isTie) return sign + size.toFixed(digits);
  const whole = Math.trunc(size);
  const low = Math.floor((size - whole) * 10 ** digits);
  return `${sign}${whole}.${String(low % 2 === 0 ? low : low + 1).padStart(digits, '0')}`;
}

/** A share as `12.3 %`. */
export function percent(share: number, digits = 1): string {
  return `${fixed(100 * share, digits)} %`;
}

/** Two decimals and commas between thousands: `1,234.50`. */
export function withCommas(value: number): string {
  const [whole = '', decimals = ''] = fixed(value, 2).split('.');
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${decimals}`;
}
