import { Answer } from '../../src/endpoint/answer.js';
import type { Endpoint } from '../../src/endpoint/endpoint.js';
import { EventStreamParser } from '../../src/transport/event-stream.js';

interface Event {
  readonly event?: string;
  readonly data: unknown;
}

/** What is read from a whole body: JSON, or text as it is. */
export function readWhole(endpoint: Endpoint, body: unknown): Answer {
  const answer = new Answer({ endpoint, streamEnd: 'marked', keepUnits: false });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  if (!answer.onShortenedBody(Buffer.from(text), 5))
    answer.onWholeBody(text, 'application/json', 5, 'it is no JSON');
  return answer;
}

/** What is read from a stream whose events arrive at 1, 2, 3 … ns. */
export function readStream(endpoint: Endpoint, events: readonly Event[]): Answer {
  const answer = new Answer({ endpoint, streamEnd: 'marked', keepUnits: false });
  const parser = new EventStreamParser(answer);
  events.forEach(({ event, data }, place) => {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    const bytes = Buffer.from(`${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`);
    parser.feed(bytes, 0, bytes.length, place + 1);
  });
  parser.end();
  return answer;
}

/** What of an answer is not empty. */
export function summaryOf(answer: Answer) {
  const { output, reasoning, usage, counts, finishReason, error } = answer;
  const all = {
    output,
    reasoning,
    usage,
    counts,
    finishReason,
    error: error && `${error.code}: ${error.message}`,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
