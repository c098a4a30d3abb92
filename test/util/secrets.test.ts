import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { isSecretHeader, isSecretKey, secretsIn, secretsInUrl } from '../../src/util/secret-names.js';
import {
  forgetSecrets,
  holdsSecret,
  jsonWithoutSecrets,
  learnSecrets,
  withoutSecrets,
  withoutUnmistakable,
} from '../../src/util/secrets.js';

beforeEach(forgetSecrets);
afterEach(forgetSecrets);

const KEY = 'sk-Ab/9"é+42 zQ';

describe('a secret is replaced in every spelling', () => {
  it.each([
    ['as it is', KEY],
    ['in JSON', JSON.stringify(KEY).slice(1, -1)],
    ['in JSON within JSON', JSON.stringify(JSON.stringify(KEY).slice(1, -1)).slice(1, -1)],
    ['in ASCII JSON', 'sk-Ab/9\\"\\u00e9+42 zQ'],
    ['in JSON with escaped slashes', 'sk-Ab\\/9\\"é+42 zQ'],
    ['in a URL', encodeURIComponent(KEY)],
    ['in a URL, lower case', 'sk-Ab%2f9%22%c3%a9%2b42%20zQ'],
    ['in a form', 'sk-Ab%2F9%22%C3%A9%2B42+zQ'],
    ['in HTML', 'sk-Ab/9&quot;é+42 zQ'],
    ['in base64', Buffer.from(KEY).toString('base64')],
    ['in base64 for URLs', Buffer.from(KEY).toString('base64url')],
    ['in hexadecimal', Buffer.from(KEY).toString('hex')],
    ['in hexadecimal, upper case', Buffer.from(KEY).toString('hex').toUpperCase()],
  ])('%s', (_how, spelled) => {
    learnSecrets([KEY]);
    expect(withoutSecrets(`before ${spelled}, after`)).toBe('before <redacted>, after');
    expect([holdsSecret(`before ${spelled}, after`), holdsSecret('before and after')]).toEqual([true, false]);
  });

  it.each([0, 1, 2])('in base64 behind %d other bytes', (before) => {
    learnSecrets(['a-long-secret-key']);
    const text = Buffer.from(`${'x'.repeat(before)}a-long-secret-key and more`).toString('base64');
    const clean = withoutSecrets(text);
    expect(clean).toContain('<redacted>');
    const rest = clean.split('<redacted>').map((part) => Buffer.from(part, 'base64').toString());
    expect(rest.join('')).not.toMatch(/secret|long/);
  });
});

describe('the parts of a secret are secret', () => {
  it.each([
    ['Bearer sk-12345678', 'Incorrect API key: sk-12345678', 'Incorrect API key: <redacted>'],
    [`Basic ${btoa('me:pass-word')}`, 'user me:pass-word', 'user <redacted>'],
    [`Basic ${btoa('me:pass-word')}`, 'pass-word is wrong', '<redacted> is wrong'],
    ['sid=0123456789abcdef; lang=en', 'session 0123456789abcdef', 'session <redacted>'],
  ])('%s', (secret, text, clean) => {
    learnSecrets([secret]);
    expect(withoutSecrets(text)).toBe(clean);
  });
});

describe('short secrets', () => {
  it.each([
    ['s3cret', 'the key s3cret is wrong', 'the key <redacted> is wrong'],
    ['s3cret', 's3crets, no-s3cret, s3cret-1', 's3crets, no-s3cret, s3cret-1'],
    // A word of letters may mean anything else: only where it is given is it known to be the key.
    ['test', 'a test of it', 'a test of it'],
    ['none', '--ui none', '--ui none'],
    ['EMPTY', 'EMPTY', 'EMPTY'],
    ['a1', 'a1 a1', 'a1 a1'],
    ['x', 'xxx', 'xxx'],
    // With its scheme it is long enough to be no chance.
    ['Bearer test', 'got Bearer test', 'got <redacted>'],
  ])('%s in %s', (secret, text, clean) => {
    learnSecrets([secret]);
    expect(withoutSecrets(text)).toBe(clean);
  });
});

test('a key that is an ordinary word changes no text that is counted', () => {
  learnSecrets(['anything', 'anything-7', 'averylongwordofletters']);
  const text = 'anything anything-7 averylongwordofletters';
  expect(withoutSecrets(text)).toBe('<redacted> <redacted> <redacted>');
  expect(withoutUnmistakable(text)).toBe('anything <redacted> <redacted>');
  expect([holdsSecret('nothing'), holdsSecret(JSON.stringify({ a: 'anything' }))]).toEqual([false, true]);
});

test('the longest secret goes first, and each command line has its own', () => {
  learnSecrets(['abcdefgh', 'abcdefgh-ijklmnop']);
  expect(withoutSecrets('abcdefgh-ijklmnop abcdefgh')).toBe('<redacted> <redacted>');
  forgetSecrets();
  expect(withoutSecrets('abcdefgh')).toBe('abcdefgh');
});

describe('URLs lose their credentials, whoever wrote them', () => {
  it.each([
    ['http://me:hush@host/v1', 'http://me:<redacted>@host/v1'],
    ['see https://token-only@host now', 'see https://<redacted>@host now'],
    ['http://me:p@ss@host', 'http://me:<redacted>@host'],
    ['me:hush@host:8000', 'me:<redacted>@host:8000'],
    ['/login?next=1&access_token=abc&x=2', '/login?next=1&access_token=<redacted>&x=2'],
    ['https://h/f?code=abc#part', 'https://h/f?code=<redacted>#part'],
    ['https://h/?X-Amz-Signature=f00&X-Amz-Date=1', 'https://h/?X-Amz-Signature=<redacted>&X-Amz-Date=1'],
    ['https://h/?max_tokens=3&model=a@b', 'https://h/?max_tokens=3&model=a@b'],
    ['registry/aiperf:0.1.0@sha256:0123', 'registry/aiperf:0.1.0@sha256:0123'],
    ['write to me@example.com', 'write to me@example.com'],
  ])('%s', (text, clean) => {
    expect(withoutSecrets(text)).toBe(clean);
  });

  it.each([
    ['https://me:p%40ss@h', ['me:p%40ss', 'me:p@ss', 'p%40ss', 'p@ss']],
    ['me:hush@h:1', ['me:hush', 'hush']],
    // No URL, and about to stand in the error that says so.
    ['http://me:pa/ss@h', ['me:pa/ss', 'pa/ss']],
    ['http://h:8000/v1@2', []],
    ['http://h/?key=k1&a=b', ['k1']],
  ])('the secrets of %s', (url, secrets) => {
    expect(secretsInUrl(url)).toEqual(secrets);
  });

  it('in a time that is linear in the length of the text', () => {
    for (const piece of ['://', 'a', '?a=', '://a', '@', ':']) {
      expect(withoutSecrets(piece.repeat(300_000 / piece.length))).toHaveLength(
        300_000 - (300_000 % piece.length),
      );
    }
  });
});

describe('names', () => {
  it.each([
    ...[
      'api_key',
      'apiKey',
      'API-KEY',
      'x-api-key',
      'password',
      'client_secret',
      'access_token',
      'authToken',
    ],
    ...[
      'token',
      'Authorization',
      'session_cookie',
      'HF_TOKEN',
      'AWS_SECRET_ACCESS_KEY',
      'ocp-apim-subscription-key',
    ],
  ])('%s is secret in a body', (key) => expect(isSecretKey(key)).toBe(true));

  it.each([
    ...[
      'max_tokens',
      'max_token',
      'eos_token',
      'stop_token_ids',
      'tokenizer',
      'key',
      'author',
      'top_k',
      'bos_token',
    ],
    ...['min_tokens', 'monkey', 'prompt_cache_key', 'authored', 'think_end_token'],
  ])('%s is not', (key) => expect(isSecretKey(key)).toBe(false));

  it('a header is secret unless it is known to be harmless', () => {
    const names = [
      'Content-Type',
      'X-Request-ID',
      'X-RateLimit-Limit-Requests',
      'X-My-Header',
      'Authorization',
      'api-key',
    ];
    expect(names.filter(isSecretHeader)).toEqual(['X-My-Header', 'Authorization', 'api-key']);
  });
});

describe('bodies', () => {
  const body = {
    model: 'm',
    nested: [{ api_key: 'hush-1' }, { credentials: { user: 'hush-2', pins: [1234] } }],
    tools: [{ parameters: { properties: { password: { type: 'string' }, token: 'hush-3' } } }],
    messages: [{ content: 'http://me:pw@h is a URL of the prompt' }],
  };

  it('hold their secrets under secret keys, however deep', () => {
    expect(secretsIn(body)).toEqual(['hush-1', 'hush-2', '1234', 'hush-3']);
  });

  it('are written without them, and otherwise as they are', () => {
    expect(jsonWithoutSecrets({ ...body, note: 'hush-1 again' }, secretsIn(body))).toEqual({
      model: 'm',
      nested: [{ api_key: '<redacted>' }, { credentials: { user: '<redacted>', pins: ['<redacted>'] } }],
      tools: [{ parameters: { properties: { password: { type: 'string' }, token: '<redacted>' } } }],
      messages: body.messages,
      note: '<redacted> again',
    });
  });

  it('may be nested as deep as they like', () => {
    let deep: unknown = 'hush';
    for (let i = 0; i < 50_000; i++) deep = [deep];
    expect(secretsIn({ deep })).toEqual(['']);
  });
});
