import { randomBytes } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import type { EncodedBody } from './endpoint.js';

/** A file of a multipart body, as files and records show it. */
export interface FormFile extends JsonObject {
  readonly b64_data: string;
  readonly filename: string;
  readonly content_type: string;
}

/** Encodes a body as `multipart/form-data`: a part for each key, files decoded. */
export function encodeForm(body: JsonObject): EncodedBody {
  const boundary = randomBytes(16).toString('hex');
  const parts = Object.entries(body).flatMap(([name, value]) => [
    Buffer.from(`--${boundary}\r\n${headOf(name, value)}\r\n\r\n`),
    isFile(value) ? Buffer.from(value.b64_data, 'base64') : Buffer.from(textOf(value)),
    Buffer.from('\r\n'),
  ]);
  return {
    data: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}

function headOf(name: string, value: Json): string {
  const [type, file] = isFile(value)
    ? [value.content_type, `; filename="${value.filename}"`]
    : ['text/plain; charset=utf-8', ''];
  return `Content-Type: ${type}\r\nContent-Disposition: form-data; name="${quotable(name)}"${file}`;
}

/** Names may be extra inputs of the user; a quote or a line end would end the header. */
function quotable(name: string): string {
  return name.replace(/["\r\n]/g, encodeURIComponent);
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isFile(value: Json): value is FormFile {
  return isObject(value) && typeof value.b64_data === 'string';
}
