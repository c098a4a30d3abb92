import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { signingOptionsOf } from '../../src/commands/profile/aws-credentials.js';
import { openSigner } from '../../src/transport/sigv4.js';
import { sha256 } from '../../src/util/byte-pieces.js';
import { UserError } from '../../src/util/errors.js';
import { startScriptedServer, streamTokens } from './scripted-server.js';
import { smallRun } from './small-run.js';

const base = {
  authType: 'sigv4',
  awsProfile: undefined,
  awsRegion: 'eu-west-1',
  awsService: 'sagemaker',
} as const;
const home = mkdtempSync(join(tmpdir(), 'aiperf-aws-'));
const file = join(home, 'credentials');
writeFileSync(
  file,
  '[default]\naws_access_key_id=D\naws_secret_access_key = d\n\n[team a]\naws_access_key_id = A\naws_secret_access_key=a=\naws_session_token=t\n',
);
const env = { HOME: home, AWS_SHARED_CREDENTIALS_FILE: file };
const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret-of-the-run-1234' };

it('takes keys from the environment, else of a profile; a named profile wins', () => {
  const common = { region: 'eu-west-1', service: 'sagemaker' };
  expect(signingOptionsOf(base, { ...env, ...keys })).toEqual({
    ...{ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-of-the-run-1234', sessionToken: undefined },
    ...common,
  });
  expect(signingOptionsOf(base, env)).toEqual({
    ...{ accessKeyId: 'D', secretAccessKey: 'd', sessionToken: undefined },
    ...common,
  });
  expect(signingOptionsOf({ ...base, awsProfile: 'team a' }, { ...env, ...keys })).toEqual({
    ...{ accessKeyId: 'A', secretAccessKey: 'a=', sessionToken: 't' },
    ...common,
  });
});

it.each([
  [{ ...base, awsRegion: undefined }, env, '--auth-type sigv4 needs a region'],
  [{ ...base, awsProfile: 'none' }, env, 'finds no keys of the profile none in the shared credentials file'],
  [base, { ...env, AWS_ACCESS_KEY_ID: 'x' }, 'needs AWS_SECRET_ACCESS_KEY beside AWS_ACCESS_KEY_ID'],
])('names what is missing', (config, given, message) => {
  const read = () => signingOptionsOf(config, given);
  expect(read).toThrow(UserError);
  expect(read).toThrow(message);
});

it('signs each request of a run; the key is in no file', async () => {
  const server = await startScriptedServer((_request, response) => streamTokens(response, ['x', ' y']));
  onTestFinished(() => server.close());
  const { code, folder } = await smallRun(
    {
      ...{ url: server.url, 'request-count': 3, streaming: true, 'export-level': 'raw' },
      ...{ 'auth-type': 'sigv4', 'aws-region': 'eu-west-1' },
    },
    keys,
  );
  expect(code).toBe(0);
  expect(server.seen).toHaveLength(3);
  for (const { headers, path, body } of server.seen) {
    const time = String(headers['x-amz-date']);
    const at = Date.parse(time.replace(/^(....)(..)(..T..)(..)(..)/, '$1-$2-$3:$4:$5'));
    const again = ['Content-Type', String(headers['content-type'])];
    const signer = openSigner(
      {
        ...{ accessKeyId: keys.AWS_ACCESS_KEY_ID, secretAccessKey: keys.AWS_SECRET_ACCESS_KEY },
        ...{ sessionToken: undefined, region: 'eu-west-1', service: 'sagemaker' },
      },
      () => at,
    );
    const origin = { protocol: 'http:', host: '127.0.0.1', port: server.port } as const;
    signer({ method: 'POST', origin, path, bodySha256: sha256(body) }, again);
    expect(headers.authorization).toBe(again.at(-1));
  }
  const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
  expect(texts.some((text) => text.includes('secret-of-the-run-1234'))).toBe(false);
  expect(texts.some((text) => text.includes('Signature='))).toBe(false);
});
