import { messageOf } from '../util/errors.js';
import { ResponseTooLarge } from '../util/response-limits.js';
import { MalformedResponse } from './response-head.js';
import { TransportError } from './transport.js';

/** The connection failed: DNS, TCP or TLS. `at` is `host:port`. */
export function connectFailure(at: string, cause: Error): TransportError {
  const code = codeOf(cause);
  const text = textOf(cause);
  const message = `Cannot connect to host ${at} [${text}]`;
  if (dnsFailure(cause)) return new TransportError('ClientConnectorDNSError', message, text);
  if (certificateCode.test(code)) return new TransportError('ClientConnectorCertificateError', message, text);
  if (tlsCode.test(code)) return new TransportError('ClientConnectorSSLError', message, text);
  return new TransportError('ClientConnectorError', message, text);
}

/** The connection broke during a request. */
export function brokenConnection(at: string, cause: Error): TransportError {
  const text = textOf(cause);
  const type = tlsCode.test(codeOf(cause)) ? 'ClientConnectorSSLError' : 'ClientOSError';
  return new TransportError(type, `The connection to ${at} broke [${text}]`, text);
}

/** The server closed the connection cleanly before the response was complete. */
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

/** Reading the response threw `thrown`, whose type selects the error. */
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

/** Why reading a response threw; V8's own message for deep nesting only mentions the stack. */
export function unreadable(thrown: unknown): string {
  const text = messageOf(thrown);
  if (!(thrown instanceof RangeError)) return text;
  if (text.includes('call stack')) return 'it holds JSON that is nested too deeply';
  return text.includes('string length') ? 'it holds a text that is too long' : text;
}

/** The response violates the protocol. */
export function malformedResponse(at: string, text: string): TransportError {
  return new TransportError('ClientResponseError', `The response of ${at} is not valid HTTP: ${text}`, text);
}

/** `what`: `The request to`, `Connecting to`. */
export function tookTooLong(what: string, at: string, timeoutMs: number): TransportError {
  return new TransportError('TimeoutError', `${what} ${at} took longer than ${timeoutMs / 1000} s`);
}

const tlsCode = /^(ERR_SSL_|ERR_TLS_|EPROTO$)/;
// OpenSSL's X509_V_ERR_* names as Node reports them, and Node's own host name check.
const certificateCode =
  /^(ERR_TLS_CERT_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_(CA|PURPOSE)$|PATH_LENGTH_|HOSTNAME_|CRL_)/;

function dnsFailure(cause: Error): boolean {
  return 'syscall' in cause && (cause.syscall === 'getaddrinfo' || cause.syscall === 'queryA');
}

function codeOf(cause: Error): string {
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}

/** The system's message; if several addresses were tried, that of each. */
function textOf(cause: Error): string {
  if (cause instanceof AggregateError) return cause.errors.map((error: Error) => error.message).join('; ');
  // OpenSSL's message contains a thread address, which would split one row of the error summary into many.
  if ('library' in cause && 'reason' in cause) return `${cause.library}: ${cause.reason}`;
  return cause.message;
}
