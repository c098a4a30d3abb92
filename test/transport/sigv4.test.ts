import { expect, it } from 'vitest';
import { openSigner } from '../../src/transport/sigv4.js';
import { sha256 } from '../../src/util/byte-pieces.js';

const options = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: undefined,
  region: 'us-east-1',
  service: 'service',
};
const now = () => Date.UTC(2015, 7, 30, 12, 36);
const origin = { protocol: 'https:', host: 'example.amazonaws.com', port: 443 } as const;

function signatureOf(authorization: string | undefined): string | undefined {
  return /Signature=([0-9a-f]{64})$/.exec(authorization ?? '')?.[1];
}

// The worked example of the AWS General Reference, and of its Signature Version 4 test suite.
it('signs the example of the documentation', () => {
  const headers = ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'];
  openSigner({ ...options, service: 'iam' }, now)(
    {
      method: 'GET',
      origin: { ...origin, host: 'iam.amazonaws.com' },
      path: '/?Action=ListUsers&Version=2010-05-08',
      bodySha256: sha256(''),
    },
    headers,
  );
  expect(headers).toEqual([
    ...['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'],
    ...['X-Amz-Date', '20150830T123600Z'],
    'Authorization',
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, ' +
      'SignedHeaders=content-type;host;x-amz-date, ' +
      'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  ]);
});

it.each([
  ['get-vanilla', 'GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['post-vanilla', 'POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
] as const)('%s of the test suite', (_, method, path, signature) => {
  const headers: string[] = [];
  openSigner(options, now)({ method, origin, path, bodySha256: sha256('') }, headers);
  expect(signatureOf(headers.at(-1))).toBe(signature);
});

it('signs the token of temporary credentials; headers of the run stay outside the signature', () => {
  const headers = ['X-Request-ID', 'r', 'content-type', 'application/json'];
  const sign = openSigner({ ...options, sessionToken: 'token' }, now);
  sign({ method: 'POST', origin, path: '/a', bodySha256: sha256('{}') }, headers);
  expect(headers.slice(4, 8)).toEqual(['X-Amz-Date', '20150830T123600Z', 'X-Amz-Security-Token', 'token']);
  expect(headers.at(-1)).toContain('SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,');
});

it('the key changes with the day', () => {
  let time = now();
  const sign = openSigner(options, () => time);
  const signed = () => {
    const headers: string[] = [];
    sign({ method: 'GET', origin, path: '/', bodySha256: sha256('') }, headers);
    return headers.at(-1) ?? '';
  };
  const first = signed();
  time += 86_400_000;
  expect(signed()).toContain('20150831/us-east-1/service/aws4_request');
  time -= 86_400_000;
  expect(signed()).toBe(first);
});
