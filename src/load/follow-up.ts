import type { RecordError } from '../records/record.js';
import type { HttpRequest } from '../transport/transport.js';
import type { Session } from './session.js';

/** Where the rest of a request's answer is, and the time left for it. */
interface FollowUpTarget {
  readonly session: Session;
  /** Headers of the request: name, value, name, value … */
  readonly headers: readonly string[];
  /** Appended to its path, before the query. */
  readonly path: string;
  /** 0: no limit. */
  readonly timeoutMs: number;
}

/** The `GET` that asks for the rest of an answer, with the ids of its request. */
export function followUpRequest({ session, headers, path, timeoutMs }: FollowUpTarget): HttpRequest {
  const { target, correlationId, isLastTurn } = session;
  const query = target.path.indexOf('?');
  const [base, rest] =
    query === -1 ? [target.path, ''] : [target.path.slice(0, query), target.path.slice(query)];
  return {
    method: 'GET',
    origin: target,
    path: base + path + rest,
    headers: headers.filter((_, place) => headers[place - (place % 2)]?.toLowerCase() !== 'content-type'),
    body: '',
    timeoutMs,
    connectionKey: correlationId,
    lastOfKey: isLastTurn,
  };
}

/** The error of a job that takes longer than its request may. */
export function jobTimeout(message: string): RecordError {
  return { code: 504, type: 'TimeoutError', message };
}
