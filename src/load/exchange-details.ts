import type { AnswerUnit } from '../endpoint/answer.js';
import { redactedHeaders } from '../endpoint/headers.js';
import type { HttpTrace, RawExchange } from '../records/record.js';
import { safeRaw } from '../records/safe-record.js';
import { hostHeader } from '../transport/request-head.js';
import type { ConnectionEnds, Origin, ResponseHead } from '../transport/transport.js';
import type { JsonObject } from '../util/json.js';
import { withoutSecrets } from '../util/secrets.js';

/** The raw export's part of a record, secrets replaced. */
export function rawExchange(
  headers: readonly string[],
  payload: JsonObject,
  head: ResponseHead | undefined,
  units: readonly AnswerUnit[],
): RawExchange {
  return safeRaw({
    ...(head === undefined ? {} : { status: head.status }),
    requestHeaders: redactedHeaders(headers),
    payload,
    units,
  });
}

/** The HTTP trace's part of a record. @param secrets of this request only. */
export function httpTrace(
  server: Origin,
  headers: readonly string[],
  head: ResponseHead | undefined,
  ends: ConnectionEnds | undefined,
  secrets: readonly string[],
): HttpTrace {
  return {
    host: server.host,
    requestHeaders: { Host: hostHeader(server), ...redactedHeaders(headers) },
    ...(head && {
      response: {
        status: head.status,
        reason: withoutSecrets(head.reason, secrets),
        headers: redactedHeaders(head.headers().flat(), secrets),
      },
    }),
    ...(ends && { ends }),
  };
}
