import type { Answer } from '../endpoint/answer.js';
import type { RecordError } from '../records/record.js';
import { unreadable } from '../transport/failures.js';
import type { ResponseHead, TransportError } from '../transport/transport.js';
import { cutAndCounted } from '../util/cut.js';
import { holdsMoreThan, isDeeperThan } from '../util/json.js';

// A message is kept in every record, in the summary and on the screen; a longer one is cut.
const MAX_MESSAGE_LENGTH = 65_536;

// Real usage objects and tool calls have about five levels.
const MAX_JSON_LEVELS = 200;
const MAX_JSON_VALUES = 100_000;

/** A response whose status is not 2xx. @param text its body. */
export function statusError(head: ResponseHead, text: string): RecordError {
  const location = head.header('location');
  const isRedirect = head.status >= 300 && head.status <= 399 && location !== undefined;
  const message = isRedirect ? `Redirect to ${location} was not followed` : text;
  return { code: head.status, type: head.reason, message };
}

/** A transport failure, as the record file names it. */
export function wireError({ type, message, innerMessage }: TransportError): RecordError {
  return {
    type,
    message,
    ...(innerMessage === undefined ? {} : { cause: innerMessage, causeChain: [type] }),
  };
}

/** The error of a request whose response could not be read. */
export function unreadableResponse(thrown: unknown): RecordError {
  return {
    code: 502,
    type: 'UnreadableResponseError',
    message: `The response could not be read: ${unreadable(thrown)}`,
  };
}

/** Why JSON of an answer is too large to be written into records and later requests; undefined if it is not. */
export function excessOf(json: unknown): string | undefined {
  if (isDeeperThan(json, MAX_JSON_LEVELS))
    return `it holds JSON nested more than ${MAX_JSON_LEVELS} levels deep`;
  return holdsMoreThan(json, MAX_JSON_VALUES)
    ? `its usage or tool calls hold more than ${MAX_JSON_VALUES} values`
    : undefined;
}

export function shortened(error: RecordError): RecordError {
  return { ...error, message: cutAndCounted(error.message, MAX_MESSAGE_LENGTH) };
}

/** The error of an answer whose usage or tool calls cannot be put into records and later requests, or not cheaply. */
export function unrecordable({ usage, message }: Pick<Answer, 'usage' | 'message'>): RecordError | undefined {
  for (const kept of [usage, message?.toolCalls]) {
    const excess = excessOf(kept);
    if (excess !== undefined) return unreadableResponse(new Error(excess));
  }
  return undefined;
}
