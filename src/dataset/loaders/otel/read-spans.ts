import { messageOf, UserError } from '../../../util/errors.js';
import { isDeeperThan, isObject, type Json, type JsonObject, jsonFault, jsonIn } from '../../../util/json.js';
import { MAX_ROW_LEVELS } from '../../../util/limits.js';
import { fileChunks } from '../../../util/lines.js';
import { requireUtf8 } from '../../../util/text-file.js';
import { RowError } from '../format.js';
import { type Span, spansOf } from './span.js';

/** A span, and where it is written. */
export interface PlacedSpan {
  readonly span: Span;
  readonly path: string;
  readonly line: number;
}

/**
 * The spans of a file: one JSON value, or one on each line; decompressed if its name ends in `.gz`.
 * @throws UserError naming file and line for what is not JSON, and for spans without ids or times.
 */
export async function readSpans(path: string): Promise<PlacedSpan[]> {
  const text = await readText(path);
  const whole = jsonIn(text);
  if (whole !== undefined) return placed(path, text, 1, () => spansOfValue(whole));
  const spans: PlacedSpan[] = [];
  for (const [number, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    spans.push(...placed(path, line, number + 1, () => spansOfValue(JSON.parse(line))));
  }
  return spans;
}

function spansOfValue(value: Json): Span[] {
  if (isDeeperThan(value, MAX_ROW_LEVELS))
    throw new RowError(`it is nested in more than ${MAX_ROW_LEVELS} levels, the limit`);
  const objects: JsonObject[] = (Array.isArray(value) ? value : [value]).filter(isObject);
  return objects.flatMap(spansOf);
}

/** @param first line of the text in its file. */
function placed(path: string, text: string, first: number, read: () => Span[]): PlacedSpan[] {
  let spans: Span[];
  try {
    spans = read();
  } catch (error) {
    if (error instanceof RowError) {
      const [, spanId = ''] = /^span (\S+) /.exec(error.message) ?? [];
      const line = first + linesIn(text, 0, placeOf(spanId, text, 0));
      throw new UserError(`${path}:${line}: ${error.message}`, expected);
    }
    if (error instanceof SyntaxError)
      throw new UserError(`${path}:${first}: the line is not JSON (${jsonFault(error)})`, expected);
    throw error;
  }
  let at = 0;
  let line = first;
  return spans.map((span) => {
    const found = placeOf(span.spanId, text, at);
    line += linesIn(text, at, found);
    at = Math.max(at, found);
    return { span, path, line };
  });
}

/** Where a span has its id, from a place on; spans are in the order of the text. */
function placeOf(spanId: string, text: string, from: number): number {
  const quoted = JSON.stringify(spanId);
  let found = text.indexOf(quoted, from);
  // Not where it is named as a parent.
  while (found !== -1 && !/"span_?id"\s*:\s*$/i.test(text.slice(Math.max(0, found - 20), found))) {
    found = text.indexOf(quoted, found + 1);
  }
  return found;
}

function linesIn(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = from; at < to; at++) if (text.charCodeAt(at) === 0x0a) lines++;
  return lines;
}

const expected =
  'expected OpenTelemetry spans: OTLP JSON (resourceSpans), an object with a list of spans, or JSON lines of either';

async function readText(path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of fileChunks(path)) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    requireUtf8(path, bytes);
    return bytes.toString('utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${path} cannot be read: ${messageOf(error)}`,
      'check --input-file; large traces can be given as a folder of files',
    );
  }
}
