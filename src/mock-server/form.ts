import type { JsonObject } from '../util/json.js';

/**
 * The fields of a `multipart/form-data` body by name: texts, and of files their name and length.
 * @param type the `Content-Type` header. @throws Error for a malformed body.
 */
export function readForm(body: Buffer, type: string): JsonObject {
  const boundary = /boundary="?([^";]+)/.exec(type)?.[1];
  if (boundary === undefined) throw new Error('the form has no boundary');
  const fields: JsonObject = {};
  const mark = Buffer.from(`--${boundary}`);
  for (let at = body.indexOf(mark); at >= 0; ) {
    const next = body.indexOf(mark, at + mark.length);
    if (next < 0) return fields;
    // Between the marks: a line end, the head, an empty line, the content and a line end.
    const headEnd = body.indexOf('\r\n\r\n', at);
    if (headEnd < 0 || headEnd > next) throw new Error('a part of the form has no content');
    const head = body.toString('utf8', at + mark.length, headEnd);
    const content = body.subarray(headEnd + 4, next - 2);
    const name = /[; ]name="([^"]*)"/.exec(head)?.[1];
    const file = /filename="([^"]*)"/.exec(head)?.[1];
    if (name !== undefined)
      fields[name] = file === undefined ? content.toString() : { filename: file, bytes: content.length };
    at = next;
  }
  throw new Error('the form is empty');
}
