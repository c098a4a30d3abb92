import { withoutSecrets } from './secrets.js';

/**
 * Formats a finite double as Python's json does: always with a decimal point or an exponent (`330.0`, `1e-07`,
 * `1e+16`), and the shortest digits that read back as the same value.
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
 * Formats a non-integer given in millionths. Times in ms are integer nanoseconds, and this takes half the time of
 * `${value}`. Decimals of at most 15 digits are distinct doubles, so the result is the shortest.
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

/** A number that is written as a float even if it is an integer. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Values that `prettyJson` writes; undefined members are omitted. A map keeps the order of keys that are integers. */
export type Printable =
  | string
  | number
  | bigint
  | boolean
  | null
  | Float
  | readonly Printable[]
  | ReadonlyMap<string, Printable>
  | { readonly [key: string]: Printable | undefined };

/**
 * JSON with two spaces of indentation and no final newline; bigints are exact integers. Strings have secrets masked and
 * terminal control characters escaped.
 */
export function prettyJson(value: Printable, indent = ''): string {
  if (value instanceof Float) return pythonFloat(value.value);
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value === 'string') return jsonText(withoutSecrets(value));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (isList(value)) {
    const items = value.map((item) => `${inner}${prettyJson(item, inner)}`);
    return items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n${indent}]`;
  }
  const entries: Iterable<readonly [string, Printable | undefined]> =
    value instanceof Map ? value : Object.entries(value);
  const members = [...entries].flatMap(([key, member]) =>
    member === undefined ? [] : [`${inner}${jsonText(key)}: ${prettyJson(member, inner)}`],
  );
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
}

/** A string as JSON that is safe to show and parses to the same text. */
function jsonText(text: string): string {
  const json = JSON.stringify(text);
  return json.replace(unseen, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// JSON only escapes control characters below a space; these reorder or hide text or control a terminal as well.
const unseen = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

function isList(value: object): value is readonly Printable[] {
  return Array.isArray(value);
}
