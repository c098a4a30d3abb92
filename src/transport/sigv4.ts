import { createHmac } from 'node:crypto';
import { sha256 } from '../util/byte-pieces.js';
import { epochMs } from '../util/clock.js';
import { hostHeader } from './request-head.js';
import type { Origin } from './transport.js';

/** What requests to AWS are signed with: plain data. */
export interface SigningOptions {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken: string | undefined;
  readonly region: string;
  /** Signing name of the service, such as `sagemaker` or `bedrock`. */
  readonly service: string;
}

/** A POST or GET that is about to be sent. */
interface Signable {
  readonly method: 'GET' | 'POST';
  readonly origin: Origin;
  /** Path and query, as in the request line. */
  readonly path: string;
  /** SHA-256 of the body, hexadecimal. */
  readonly bodySha256: string;
}

/** Appends the headers of the signature to those of a request: name, value, name, value … */
export type Signer = (request: Signable, headers: string[]) => void;

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * AWS Signature Version 4, in the `Authorization` header; signed are host, content type and the `x-amz-` headers.
 * Formulas: "Create a signed AWS API request" of the AWS IAM User Guide. Synchronous, because a request is stamped right
 * after it: a few HMACs, with the day's key kept.
 * @param nowMs wall clock, ms since 1970.
 */
export function openSigner(options: SigningOptions, nowMs: () => number = epochMs): Signer {
  const { accessKeyId, secretAccessKey, sessionToken, region, service } = options;
  let day = '';
  let key = Buffer.alloc(0);
  return ({ method, origin, path, bodySha256 }, headers) => {
    // 2015-08-30T12:36:00.000Z → 20150830T123600Z
    const time = new Date(nowMs()).toISOString().replace(/[-:]|\.\d{3}/g, '');
    if (time.slice(0, 8) !== day) {
      day = time.slice(0, 8);
      const steps = [day, region, service, 'aws4_request'];
      key = steps.reduce((previous, step) => hmac(previous, step), Buffer.from(`AWS4${secretAccessKey}`));
    }
    headers.push('X-Amz-Date', time);
    if (sessionToken !== undefined) headers.push('X-Amz-Security-Token', sessionToken);
    const signed: [string, string][] = [['host', hostHeader(origin)]];
    for (let i = 0; i + 1 < headers.length; i += 2) {
      const name = (headers[i] ?? '').toLowerCase();
      if (name === 'host') signed[0] = [name, headers[i + 1] ?? ''];
      else if (name === 'content-type' || name.startsWith('x-amz-'))
        signed.push([name, headers[i + 1] ?? '']);
    }
    signed.sort(([a], [b]) => (a < b ? -1 : 1));
    const names = signed.map(([name]) => name).join(';');
    const [resource = '', query = ''] = path.split(/\?(.*)/s);
    const canonical = [
      ...[method, resource.split('/').map(encoded).join('/'), canonicalQuery(query)],
      ...signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}`),
      ...['', names, bodySha256],
    ].join('\n');
    const scope = `${day}/${region}/${service}/aws4_request`;
    const signature = hmac(key, [ALGORITHM, time, scope, sha256(canonical)].join('\n')).toString('hex');
    const credential = `Credential=${accessKeyId}/${scope}`;
    headers.push(
      'Authorization',
      `${ALGORITHM} ${credential}, SignedHeaders=${names}, Signature=${signature}`,
    );
  };
}

function hmac(key: Buffer, text: string): Buffer<ArrayBuffer> {
  return createHmac('sha256', key).update(text).digest();
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s).map(decodeURIComponent);
    return `${encoded(name)}=${encoded(value)}`;
  });
  return pairs.sort().join('&');
}

/** Everything but letters, digits, `-`, `.`, `_` and `~`; what is encoded already is encoded again, as AWS asks. */
function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
