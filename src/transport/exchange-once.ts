import type { HttpRequest, Transport } from './transport.js';

/** A complete response. */
export interface Reply {
  readonly status: number;
  /** The body, cut at the limit. */
  readonly text: string;
}

/** Sends one request that is not measured. @param maxBytes of the body that are kept. @throws TransportError */
export function exchangeOnce(transport: Transport, request: HttpRequest, maxBytes: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let left = maxBytes;
    let status = 0;
    transport.send(request, {
      onSent: () => {},
      onHead: (head) => {
        status = head.status;
      },
      onBody: (bytes, start, end) => {
        const kept = Buffer.from(bytes.subarray(start, Math.min(end, start + left)));
        left -= kept.length;
        parts.push(kept);
      },
      onEnd: () => resolve({ status, text: Buffer.concat(parts).toString('utf8') }),
      onError: reject,
    });
  });
}
