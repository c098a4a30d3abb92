import type { RecordError } from '../records/record.js';
import { unreadable } from '../transport/failures.js';
import type { ResponseHead, TransportError } from '../transport/transport.js';
import { cutAndCounted } from '../util/cut.js';
import { holdsMoreThan, isDeeperThan } from '../util/json.js';

// A message is kept in every record, in the summary and on the screen; beyond this it is a page.
const LONGEST_MESSAGE = 65_536;

// Honest usage objects and tool calls have some five levels.
const DEEPEST_JSON = 200;
const MOST_JSON = 100_000;

/** A response whose status is not 2xx. @param text its body. */
export function statusError(head: ResponseHead, text: string): RecordError {
  const location = head.header('location');
  const isRedirect = head.status >= 300 && head.status <= 399 && location !== undefined;
  const message = isRedirect ? `Redirect to ${location} was not followed` : text;
  return { code: head.status, type: head.reason, message };
}

/** A failure of the wire, in the words of the record file. */
export function wireError({ type, message, innerMessage }: TransportError): RecordError {
  return {
    type,
    message,
    ...(innerMessage === undefined ? {} : { cause: innerMessage, causeChain: [type] }),
  };
}

/** Reading a response threw: that request fails, and nothing else. */
export function unreadableResponse(thrown: unknown): RecordError {
  return {
    code: 502,
    type: 'UnreadableResponseError',
    message: `The response could not be read: ${unreadable(thrown)}`,
  };
}

/** Why JSON of an answer is too much to be written into records and later requests; undefined where it is not. */
export function excessOf(json: unknown): string | undefined {
  if (isDeeperThan(json, DEEPEST_JSON)) return `it holds JSON nested more than ${DEEPEST_JSON} levels deep`;
  return holdsMoreThan(json, MOST_JSON)
    ? `its usage or tool calls hold more than ${MOST_JSON} values`
    : undefined;
}

export function shortened(error: RecordError): RecordError {
  return { ...error, message: cutAndCounted(error.message, LONGEST_MESSAGE) };
}
