/**
 * A finite double as Python's json writes it: always with a decimal point or an exponent (`330.0`, `1e-07`,
 * `1e+16`), the shortest digits that read back as the same value.
 */
export function pythonFloat(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  if (Object.is(value, -0)) return '-0.0';
  if (Number.isInteger(value)) return `${value}.0`;
  const millionths = Math.round(value * 1e6);
  return millionths / 1e6 === value && millionths > 0 && millionths < 1e15
    ? millionthsText(millionths)
    : `${value}`;
}

/**
 * A number of millionths as its decimal; not whole. Times in ms are whole nanoseconds, and this takes half the time
 * of `${value}`. No two decimals of at most 15 digits are the same double, so it is the shortest that reads back.
 */
function millionthsText(millionths: number): string {
  const whole = Math.floor(millionths / 1e6);
  let rest = millionths - whole * 1e6;
  let ten = 1e6;
  while (rest % 10 === 0) {
    rest /= 10;
    ten /= 10;
  }
  return `${whole}.${`${ten + rest}`.slice(1)}`;
}

/** A number that is written as a float even when it is whole. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** What `prettyJson` writes; undefined members are left out. */
export type Printable =
  | string
  | number
  | bigint
  | boolean
  | null
  | Float
  | readonly Printable[]
  | { readonly [key: string]: Printable | undefined };

/** JSON with two spaces of indentation and no final newline; bigints are exact integers. */
export function prettyJson(value: Printable, indent = ''): string {
  if (value instanceof Float) return pythonFloat(value.value);
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (isList(value)) {
    const items = value.map((item) => `${inner}${prettyJson(item, inner)}`);
    return items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n${indent}]`;
  }
  const members = Object.entries(value).flatMap(([key, member]) =>
    member === undefined ? [] : [`${inner}${JSON.stringify(key)}: ${prettyJson(member, inner)}`],
  );
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}

function isList(value: object): value is readonly Printable[] {
  return Array.isArray(value);
}
