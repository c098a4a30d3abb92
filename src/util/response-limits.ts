/** Limits for one response, bytes each. */
export interface ResponseLimits {
  /** Status line and headers, including interim (1xx) responses; also a trailer or chunk extension. */
  readonly headerBytes: number;
  /** Data parsed in one piece: a message of an event stream, or the complete body of any other response. */
  readonly messageBytes: number;
  /** The body after transfer decoding. */
  readonly bodyBytes: number;
}

/** Environment variable and default of each limit, far above legitimate responses. */
export const responseLimits = {
  headerBytes: { env: 'AIPERF_HTTP_MAX_HEADER_BYTES', default: 65_536, what: 'its headers are' },
  messageBytes: {
    env: 'AIPERF_HTTP_MAX_MESSAGE_BYTES',
    default: 64 * 2 ** 20,
    what: 'one event of it (or the whole body, if it is not an event stream) is',
  },
  bodyBytes: { env: 'AIPERF_HTTP_MAX_BODY_BYTES', default: 256 * 2 ** 20, what: 'its body is' },
} as const satisfies Record<keyof ResponseLimits, { env: string; default: number; what: string }>;

/** A response exceeds a limit. `message` names the limit and how to raise it. */
export class ResponseTooLarge extends Error {
  override readonly name = 'ResponseTooLarge';
  constructor(part: keyof ResponseLimits, limit: number) {
    const { env, what } = responseLimits[part];
    super(`${what} larger than ${limit} bytes; set ${env} to raise this limit`);
  }
}
