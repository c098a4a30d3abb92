/** What `JSON.parse` returns. */
export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** The value of a JSON text; undefined if it is none. */
export function jsonIn(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The object of a JSON text; undefined if it is none. */
export function objectIn(text: string): JsonObject | undefined {
  const json = jsonIn(text);
  return isObject(json) ? json : undefined;
}

/** Whether arrays and objects are nested more than `levels` deep. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (isDeeperThan(item, levels - 1)) return true;
  return false;
}

/** Whether a value holds more than `most` keys and items; its nesting must be limited already. */
export function holdsMoreThan(value: unknown, most: number): boolean {
  let left = most;
  return isBeyond(value);

  function isBeyond(inner: unknown): boolean {
    if (typeof inner !== 'object' || inner === null) return false;
    for (const item of Object.values(inner)) if (--left < 0 || isBeyond(item)) return true;
    return false;
  }
}

// Each takes up to a hundred bytes of memory, but only one byte of text.
const MOST_OPENED = 2 ** 22;
// Each is entered in a table of the engine, which takes microseconds. Log probabilities by token can have as many keys
// as a vocabulary.
const MOST_NAMES = 500_000;
/** Strings up to this length are entered in that table even if they are not keys. */
const LONGEST_NAME = 10;
const NAME_BITS = 22;
/** Random, so that nobody can construct texts with equal hashes. */
const HASH_SEED = Math.floor(Math.random() * 2 ** 32);

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** Rejects JSON whose value would take far more memory or time than its text. @throws Error that says so */
export function refuseHugeJson(text: string): void {
  if (text.length <= MOST_OPENED) return;
  let opened = 0;
  let names = 0;
  // One bit per hash of a name: collisions count once, so up to a seventh more names are accepted.
  const seen = new Uint8Array(2 ** (NAME_BITS - 3));
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) {
      if (++opened > MOST_OPENED)
        throw new Error(`it holds JSON of more than ${MOST_OPENED} arrays and objects`);
    } else if (code === QUOTE) {
      const start = at + 1;
      let hash = HASH_SEED;
      for (at = start; at < text.length; at++) {
        const inside = text.charCodeAt(at);
        if (inside === QUOTE) break;
        hash = Math.imul(hash ^ inside, 0x01000193);
        if (inside === BACKSLASH) at++;
      }
      if (at - start > LONGEST_NAME && !isColonNext(text, at + 1)) continue;
      const bit = Math.imul(hash, 0x9e3779b1) >>> (32 - NAME_BITS);
      const mask = 1 << (bit & 7);
      const byte = seen[bit >> 3] ?? 0;
      if ((byte & mask) !== 0) continue;
      seen[bit >> 3] = byte | mask;
      if (++names > MOST_NAMES)
        throw new Error(`it holds JSON of more than ${MOST_NAMES} different keys and short texts`);
    }
  }
}

function isColonNext(text: string, from: number): boolean {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at++;
  return text.charCodeAt(at) === COLON;
}

/** True for `{…}`, false for arrays, null and scalars. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `JSON.parse`'s complaint without the quoted piece of the text, which may be half of a secret. */
export function jsonFault(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.replace(/, (\.{3})?".*"(\.{3})? is not valid JSON$/s, ' is not valid JSON');
}
