import type { Json, JsonObject } from '../../util/json.js';
import type { Answered } from '../traffic-log.js';

/** A request as a log holds it. */
export interface LoggedRequest {
  readonly body: JsonObject;
  /** Path or URL that it was sent to; undefined: not logged. */
  readonly target?: string | undefined;
  readonly atMs: number | undefined;
  readonly endMs?: number | undefined;
  readonly answer: LoggedAnswer;
}

/** What a log holds of an answer: the response as a body, facts of it, a failure, or nothing. */
export type LoggedAnswer =
  | { readonly kind: 'body'; readonly body: Json }
  | { readonly kind: 'facts'; readonly facts: Answered }
  | { readonly kind: 'failed' }
  | { readonly kind: 'unknown' };

/** A format of logs in JSON. */
export interface LogFormat {
  /** Whether a row is of this format. */
  marks(row: JsonObject): boolean;
  /** The requests of a row; none if it is about something else. */
  read(row: JsonObject): readonly LoggedRequest[];
}
