import { type Printable, prettyJson } from '../../util/python-json.js';

/** An answer to an HTTP request. */
export type Answer = TextAnswer | FileAnswer;

interface AnswerHead {
  readonly status: number;
  /** Content type. */
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface TextAnswer extends AnswerHead {
  readonly body: string;
}

/** An answer whose body is a file. */
interface FileAnswer extends AnswerHead {
  readonly file: string;
}

export function json(body: Printable, status = 200): Answer {
  return { status, type: 'application/json', body: prettyJson(body) };
}

/** An error in the form that AIPerf's server has. */
export function failure(status: number, detail: string): Answer {
  return json({ detail }, status);
}

export function text(body: string): Answer {
  return { status: 200, type: 'text/plain; charset=utf-8', body };
}
