import type { Json, JsonObject } from '../../util/json.js';

/**
 * A time in ms since 1970: ISO 8601 (UTC unless it has a zone), or a number of s, ms, µs or ns, whichever makes it later
 * than 1973 and earlier than 5138. A number too small for that is in ms since any origin. Undefined for anything else.
 */
export function timeOf(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? epochOf(value) : undefined;
  if (typeof value !== 'string') return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return epochOf(Number(value));
  const [, date, time, fraction = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)([.,]\d+)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i.exec(value) ?? [];
  if (date === undefined) return undefined;
  const offset = /^[+-]\d\d$/.test(zone)
    ? `${zone}:00`
    : zone.replace(/UTC/i, 'Z').replace(/^(...)(\d\d)$/, '$1:$2');
  const ms = Date.parse(`${date}T${time}${offset}`);
  return Number.isNaN(ms) ? undefined : ms + Number(`0${fraction.replace(',', '.')}`) * 1000;
}

/** The time under the first of these keys that holds one. */
export function timeAt(row: JsonObject, keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const time = timeOf(row[key]);
    if (time !== undefined) return time;
  }
  return undefined;
}

function epochOf(value: number): number {
  if (value >= 1e17) return value / 1e6;
  if (value >= 1e14) return value / 1e3;
  if (value >= 1e11) return value;
  return value >= 1e8 ? value * 1000 : value;
}
