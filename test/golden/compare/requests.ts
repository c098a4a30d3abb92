import { listDifferences, setDifferences, valueDifference } from './lists.js';
import { withoutBytes, withoutWords } from './texts.js';

/** A request as it came over the wire. */
export interface WireRequest {
  /** Like `POST /v1/embeddings HTTP/1.1`. */
  readonly line: string;
  /** Names as they were spelt, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** Everything of a request that does not differ from run to run, a line each. */
interface RequestForm {
  readonly headers: readonly string[];
  readonly body: readonly string[];
}

/**
 * Request lines in their order, and of each the headers and members in theirs. A recording holds the first requests.
 * @param areSynthetic the words of prompts were made up, by each program its own
 */
export function requestDifferences(
  recording: string,
  ours: readonly WireRequest[],
  areSynthetic: boolean,
): string[] {
  if (recording === '') return [];
  const theirs = recording.split('\n====================\n').map(parsedRequest);
  const formOf = (request: WireRequest) => formOfRequest(request, areSynthetic);
  const targets = [...new Set(theirs.map(targetOf))];
  return [
    ...setDifferences('request', targets, [...new Set(ours.map(targetOf))]),
    ...orderDifference(theirs.map(targetOf), ours.map(targetOf)),
    ...targets.flatMap((target) => {
      const [a, b] = [theirs, ours].map((list) =>
        list.filter((request) => targetOf(request) === target).map(formOf),
      );
      return b?.length ? [...new Set(a?.flatMap((form) => nearestDifferences(target, form, b)))] : [];
    }),
  ];
}

function parsedRequest(text: string): WireRequest {
  const [head = '', ...body] = text.split('\n\n');
  const [line = '', ...headers] = head.split('\n');
  return {
    line,
    headers: headers.map((header) => {
      const [name = '', ...value] = header.split(': ');
      return [name, value.join(': ')];
    }),
    body: Buffer.from(body.join('\n\n').trimEnd()),
  };
}

/** Method and path, with ids masked. */
function targetOf({ line }: WireRequest): string {
  return line.replace(/(\/v1\/videos\/)[^/ ]+/, '$1ID').replace(' HTTP/1.1', '');
}

/** Whether requests of different kinds followed each other in the same way; a poll and a post may overtake each other. */
function orderDifference(theirs: readonly string[], ours: readonly string[]): string[] {
  const [a, b] = [theirs, ours].map((list) => list.filter((target, i) => target !== list[i - 1]));
  if (a === undefined || b === undefined || a.some((target) => target.includes('ID'))) return [];
  return valueDifference('order of requests', a.join(', '), b.slice(0, a.length).join(', '));
}

/** How a request differs from that of ours that is most like it. */
function nearestDifferences(target: string, theirs: RequestForm, ours: readonly RequestForm[]): string[] {
  const all = ours.map((own) => [
    ...listDifferences(`${target} header`, theirs.headers, own.headers),
    ...listDifferences(`${target} member`, theirs.body, own.body),
  ]);
  return all.reduce((least, next) => (next.length < least.length ? next : least));
}

function formOfRequest({ headers, body }: WireRequest, areSynthetic: boolean): RequestForm {
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  const boundary = /boundary=(.*)/.exec(type)?.[1];
  const forms = headers.map(([name, value]) => `${name}: ${headerForm(name, value)}`);
  if (boundary !== undefined) return { headers: forms, body: partForms(body, boundary, areSynthetic) };
  const text = body.toString();
  return { headers: forms, body: text === '' ? [] : memberForms(JSON.parse(text), areSynthetic) };
}

function headerForm(name: string, value: string): string {
  if (/^[0-9a-f-]{36}$/.test(value)) return 'UUID';
  if (name === 'Host') return 'HOST';
  if (name === 'Content-Length' && value !== '0') return 'LENGTH';
  return value.replace(/boundary=.*/, 'boundary=B').replace(/^aiperf\/[\d.]+$/, 'aiperf/VERSION');
}

/** Path and value of each leaf of a body, empty objects and lists too. */
function memberForms(value: unknown, areSynthetic: boolean, path: readonly string[] = []): string[] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  // What the server said is another text here.
  const isAnswer =
    typeof value === 'object' && value !== null && 'role' in value && value.role === 'assistant';
  if (entries.length > 0) {
    return entries.flatMap(([key, inner]) => memberForms(inner, areSynthetic || isAnswer, [...path, key]));
  }
  if (path.at(-1) === 'previous_response_id') return ['previous_response_id: ID'];
  const key = path.findLast((part) => !/^\d+$/.test(part)) ?? '';
  const text =
    typeof value === 'string' ? (areSynthetic ? withoutWords(key, value) : withoutBytes(value)) : value;
  return [`${path.join('.')}: ${JSON.stringify(text)}`];
}

/** Headers and content of each part of a form. */
function partForms(body: Buffer, boundary: string, areSynthetic: boolean): string[] {
  const text = body.toString('latin1').replaceAll('\r\n', '\n');
  const mark = text.includes(`--${boundary}`) ? boundary : 'BOUNDARY';
  return text
    .split(`--${mark}`)
    .slice(1, -1)
    .map((part) => {
      const [head = '', ...rest] = part.trimStart().split('\n\n');
      const content = rest.join('\n\n').trimEnd();
      const name = / name="(\w+)"/.exec(head)?.[1] ?? '';
      const isFile = head.includes('filename=');
      const value = isFile ? 'BYTES' : areSynthetic ? withoutWords(name, content) : content;
      return `${head.replaceAll('\n', '; ')}: ${value}`;
    });
}
