import { describe, expect, it } from 'vitest';
import { Access, type Credentials } from '../../../src/views/web/access.js';

const token = 'abcdefghijklmnop';

function asked(more: Partial<Credentials> = {}): Credentials {
  return {
    ...{ host: 'localhost:8790', origin: undefined, authorization: undefined },
    ...{ token: undefined, stopToken: undefined, ...more },
  };
}

describe('who may see the page', () => {
  it.each([
    ['127.0.0.1', undefined, asked(), true],
    ['127.0.0.1', undefined, asked({ host: '127.0.0.1:80' }), true],
    ['127.0.0.1', undefined, asked({ host: '127.8.9.1' }), true],
    ['127.0.0.1', undefined, asked({ host: '[::1]:8790' }), true],
    ['localhost', undefined, asked({ host: 'a.localhost:8790' }), true],
    // DNS rebinding: the browser asks for a foreign name that leads here.
    ['127.0.0.1', undefined, asked({ host: 'evil.example:8790' }), false],
    ['127.0.0.1', undefined, asked({ host: '127.0.0.1.evil.example' }), false],
    ['127.0.0.1', undefined, asked({ host: 'localhost.evil.example' }), false],
    ['127.0.0.1', undefined, asked({ host: undefined }), false],
    ['127.0.0.1', token, asked(), false],
    ['127.0.0.1', token, asked({ token }), true],
    ['0.0.0.0', token, asked({ host: 'gpu01:8790' }), false],
    ['0.0.0.0', token, asked({ host: 'gpu01:8790', token: `${token}x` }), false],
    ['0.0.0.0', token, asked({ host: 'gpu01:8790', token: '' }), false],
    ['0.0.0.0', token, asked({ host: 'gpu01:8790', token }), true],
    ['0.0.0.0', token, asked({ host: 'gpu01:8790', authorization: `Bearer ${token}` }), true],
    ['0.0.0.0', token, asked({ host: 'gpu01:8790', authorization: `Basic ${token}` }), false],
  ])('on %s with the token %s: %o: %s', (host, of, credentials, expected) => {
    expect(new Access(host, of).mayView(credentials)).toBe(expected);
  });

  it('beyond loopback, a token is made that nobody can guess', () => {
    const [one, other] = [new Access('0.0.0.0', undefined), new Access('0.0.0.0', undefined)];
    expect(one.needsToken).toBe(true);
    expect(one.token).toMatch(/^[\w-]{22}$/);
    expect(one.token).not.toBe(other.token);
    expect(one.stopToken).not.toBe(one.token);
  });
});

describe('who may stop the run', () => {
  const local = new Access('127.0.0.1', undefined);
  const remote = new Access('0.0.0.0', token);
  it.each([
    ['no token', local, asked(), false],
    ['the page', local, asked({ stopToken: local.stopToken }), true],
    ['the page', local, asked({ stopToken: local.stopToken, origin: 'http://localhost:8790' }), true],
    ['another site', local, asked({ stopToken: local.stopToken, origin: 'https://evil.example' }), false],
    ['another port', local, asked({ stopToken: local.stopToken, origin: 'http://localhost:80' }), false],
    ['a sandboxed page', local, asked({ stopToken: local.stopToken, origin: 'null' }), false],
    ['another page', local, asked({ stopToken: remote.stopToken }), false],
    ['its unset token', local, asked({ authorization: `Bearer ${local.token}` }), false],
    ['a viewer', remote, asked({ token }), false],
    ['the page without a token', remote, asked({ stopToken: remote.stopToken }), false],
    ['the page', remote, asked({ token, stopToken: remote.stopToken }), true],
    ['a program', remote, asked({ authorization: `Bearer ${token}` }), true],
  ])('%s (%#)', (_, access, credentials, expected) => {
    expect(access.mayStop(credentials)).toBe(expected);
  });
});
