import type { HttpRequest, ResponseHead, Transport } from './transport.js';

/** A complete response. */
export interface Reply {
  readonly status: number;
  /** The body, cut at the limit. */
  readonly text: string;
  /** Value of a header by lower-case name. */
  readonly header: (name: string) => string | undefined;
}

/** Sends one request that is not measured. @param maxBytes of the body that are kept. @throws TransportError */
export function exchangeOnce(transport: Transport, request: HttpRequest, maxBytes: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let left = maxBytes;
    let head: ResponseHead | undefined;
    transport.send(request, {
      onSent: () => {},
      onHead: (received) => {
        head = received;
      },
      onBody: (bytes, start, end) => {
        const kept = Buffer.from(bytes.subarray(start, Math.min(end, start + left)));
        left -= kept.length;
        parts.push(kept);
      },
      onEnd: () =>
        resolve({
          status: head?.status ?? 0,
          text: Buffer.concat(parts).toString('utf8'),
          header: (name) => head?.header(name),
        }),
      onError: reject,
    });
  });
}
