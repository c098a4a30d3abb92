/** What `JSON.parse` returns. */
export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** True when arrays and objects are nested more than `levels` deep. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (isDeeperThan(item, levels - 1)) return true;
  return false;
}

// Each takes up to a hundred bytes of memory, where a byte of text is enough to name one.
const MOST_OPENED = 2 ** 22;

/** Refuses JSON of a peer whose value would take far more memory than its text. @throws Error that says so */
export function refuseHugeJson(text: string): void {
  if (text.length <= MOST_OPENED) return;
  let opened = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) opened++;
  }
  if (opened > MOST_OPENED) throw new Error(`it holds JSON of more than ${MOST_OPENED} arrays and objects`);
}

/** True for `{…}`, false for arrays, null and scalars. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What `JSON.parse` did not like, without the piece of the text that its message quotes: that may be half a secret. */
export function jsonFault(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.replace(/, (\.{3})?".*"(\.{3})? is not valid JSON$/s, ' is not valid JSON');
}
