import { messageOf } from '../util/errors.js';
import { ResponseTooLarge } from '../util/response-limits.js';
import { MalformedResponse } from './response-head.js';
import { TransportError } from './transport.js';

/** The connection could not be made: DNS, TCP or TLS. `at` is `host:port`. */
export function connectFailure(at: string, cause: Error): TransportError {
  const code = codeOf(cause);
  const text = textOf(cause);
  const message = `Cannot connect to host ${at} [${text}]`;
  if (dnsFailure(cause)) return new TransportError('ClientConnectorDNSError', message, text);
  if (certificateCode.test(code)) return new TransportError('ClientConnectorCertificateError', message, text);
  if (tlsCode.test(code)) return new TransportError('ClientConnectorSSLError', message, text);
  return new TransportError('ClientConnectorError', message, text);
}

/** The connection broke with a request on it. */
export function brokenConnection(at: string, cause: Error): TransportError {
  const text = textOf(cause);
  const type = tlsCode.test(codeOf(cause)) ? 'ClientConnectorSSLError' : 'ClientOSError';
  return new TransportError(type, `The connection to ${at} broke [${text}]`, text);
}

/** The server closed the connection in order, but before the response was complete. */
export function cutShort(at: string, hasHead: boolean, started: boolean): TransportError {
  if (hasHead) {
    return new TransportError(
      'ClientPayloadError',
      `The response of ${at} is not complete: the server closed the connection within the body`,
    );
  }
  const when = started ? 'within the head of its response' : 'before it answered';
  return new TransportError('ServerDisconnectedError', `The server ${at} closed the connection ${when}`);
}

/** Reading the response threw `thrown`, whose type decides between the cases. */
export function refusedResponse(at: string, thrown: unknown): TransportError {
  const text = messageOf(thrown);
  if (thrown instanceof MalformedResponse) return malformedResponse(at, text);
  if (thrown instanceof ResponseTooLarge)
    return new TransportError('ResponseTooLargeError', `The response of ${at} is too large: ${text}`);
  return new TransportError(
    'UnreadableResponseError',
    `The response of ${at} could not be read: ${unreadable(thrown)}`,
    text,
  );
}

/** Why a response could not be read, from what reading it threw: V8's own words speak of the stack. */
export function unreadable(thrown: unknown): string {
  const text = messageOf(thrown);
  if (!(thrown instanceof RangeError)) return text;
  if (text.includes('call stack')) return 'it holds JSON that is nested too deeply';
  return text.includes('string length') ? 'it holds a text that is too long' : text;
}

/** The response breaks the protocol. */
export function malformedResponse(at: string, text: string): TransportError {
  return new TransportError('ClientResponseError', `The response of ${at} is not valid HTTP: ${text}`, text);
}

/** `what`: `The request to`, `Connecting to`. */
export function tookTooLong(what: string, at: string, timeoutMs: number): TransportError {
  return new TransportError('TimeoutError', `${what} ${at} took longer than ${timeoutMs / 1000} s`);
}

const tlsCode = /^(ERR_SSL_|ERR_TLS_|EPROTO$)/;
// Names of OpenSSL's X509_V_ERR_* as node gives them, and node's own check of the host name.
const certificateCode =
  /^(ERR_TLS_CERT_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_|HOSTNAME_|CRL_)/;

function dnsFailure(cause: Error): boolean {
  return 'syscall' in cause && (cause.syscall === 'getaddrinfo' || cause.syscall === 'queryA');
}

function codeOf(cause: Error): string {
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}

/** The system's text; for several addresses tried, each one's. */
function textOf(cause: Error): string {
  if (cause instanceof AggregateError) return cause.errors.map((error: Error) => error.message).join('; ');
  // OpenSSL's message names a thread by its address, which would make one row of the error summary many.
  if ('library' in cause && 'reason' in cause) return `${cause.library}: ${cause.reason}`;
  return cause.message;
}
