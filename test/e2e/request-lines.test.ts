import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificates } from '../transport/certificates.js';
import { aiperf, type Options, panelText, profileWords, readRecords, temporaryFolder } from './aiperf.js';
import { type ScriptedServer, startScriptedServer, streamTokens } from './scripted-server.js';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

let server: ScriptedServer;
beforeAll(async () => {
  server = await startScriptedServer((_, response) => streamTokens(response, ['x', ' y']));
});
afterAll(() => server.close());
beforeEach(() => server.forget());

const base: Options = { model: 'm', tokenizer: 'builtin', streaming: true };

async function play(options: Options, more: readonly string[] = []) {
  const folder = temporaryFolder();
  const ended = await aiperf([
    ...profileWords({ ...base, url: server.url, 'artifact-dir': folder, ...options }),
    ...more,
  ]);
  return { folder, ended };
}

/** Header values are bytes; node reads them as Latin-1. */
const utf8 = (value: unknown) => Buffer.from(String(value), 'latin1').toString();

describe.each(['http', 'undici'])('over %s', (transport) => {
  const one: Options = { isl: 10, 'request-count': 1, transport };

  it.each([
    ['?k=1', '/v1/x?mode=a', '/v1/x?k=1&mode=a'],
    ['/base?api-version=2024-02-01', '/v1/x y?q=a b#part', '/base/v1/x%20y?api-version=2024-02-01&q=a%20b'],
    ['', '/v1/ünï\tcode', '/v1/%C3%BCn%C3%AF%09code'],
    ['/v1?k=1', '/v1/chat/completions', '/v1/chat/completions?k=1'],
    ['?k=1', '', '/?k=1'],
  ])('the query %j and the endpoint %j make one request target', async (suffix, endpoint, path) => {
    const { ended } = await play({ ...one, url: server.url + suffix }, [`--custom-endpoint=${endpoint}`]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(server.seen.map((request) => request.path)).toEqual([path]);
  });

  it('header values and the key go out as UTF-8', async () => {
    const { ended } = await play({ ...one, header: 'X-User: José ☃', 'api-key': 'clé' });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const headers = server.seen[0]?.headers ?? {};
    expect([utf8(headers['x-user']), utf8(headers.authorization)]).toEqual(['José ☃', 'Bearer clé']);
  });

  it('a session id of the dataset cannot end its header', async () => {
    const file = join(temporaryFolder(), 'rows.jsonl');
    const id = 'a\r\nX-Injected: yes\u0000ü';
    writeFileSync(file, `${JSON.stringify({ session_id: id, turns: [{ text: 'hi', timestamp: 0 }] })}\n`);
    const { ended, folder } = await play({ transport, 'input-file': file, 'fixed-schedule': true });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const headers = server.seen[0]?.headers ?? {};
    expect(headers['x-injected']).toBeUndefined();
    const sent = 'fixed-schedule-a%0D%0AX-Injected: yes%00ü';
    expect(utf8(headers['x-correlation-id'])).toBe(sent);
    expect(readRecords(join(folder, 'profile_export.jsonl'))[0]?.metadata.x_correlation_id).toBe(sent);
  });
});

describe('refused before anything is sent', () => {
  it.each<[string, Options, RegExp]>([
    ['a control character in a header', { header: 'X-A: a\u0001b' }, /--header must be HTTP headers/],
    ['a line end in a header', { header: 'X-A: a\r\nX-B: b' }, /--header must be HTTP headers/],
    ['a space in a header name', { header: 'X A: a' }, /--header must be HTTP headers/],
    ['a line end behind the key', { 'api-key': 'secret\n' }, /--api-key must be text without control char/],
    ['a space behind the key', { 'api-key': 'secret ' }, /--api-key must be text without control characters/],
    [
      'a line end in the endpoint',
      { 'custom-endpoint': '/v1\r\nX: y' },
      /--custom-endpoint must be one line/,
    ],
    ['a space in the URL', { url: 'http://127.0.0.1:1/a b' }, /--url must be URLs/],
    ['a space in the session header', { 'session-header': 'X A' }, /--session-header must be the name/],
  ])('%s', async (_name, options, message) => {
    const { ended } = await play({ isl: 10, 'request-count': 1, ...options });
    expect(ended.code).toBe(1);
    expect(panelText(ended.stderr)).toMatch(message);
    expect(ended.stderr).not.toContain('secret');
    expect(server.seen).toEqual([]);
  });

  it.each([
    ['authority', (bad: string, _good: Options): Options => ({ 'tls-ca-file': bad })],
    ['certificate', (bad: string, good: Options): Options => ({ ...good, 'tls-cert-file': bad })],
    ['key', (bad: string, good: Options): Options => ({ ...good, 'tls-key-file': bad })],
  ])('an unusable %s', async (_name, tls) => {
    const folder = temporaryFolder();
    const { client } = makeCertificates();
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const good = {
      'tls-cert-file': write('cert', client.cert),
      'tls-key-file': write('key', client.key),
    };
    for (const pem of ['', 'not PEM', client.cert.slice(0, 200), client.key.slice(0, 100)]) {
      const { ended } = await play({ isl: 10, 'request-count': 1, ...tls(write('bad', pem), good) });
      expect(ended.code).toBe(1);
      expect(panelText(ended.stderr)).toMatch(/^The TLS files cannot be used: .* PEM texts/);
      expect(server.seen).toEqual([]);
    }
    const { ended } = await play({ isl: 10, 'request-count': 1, ...tls('/dev/zero', good) });
    expect(ended.code).toBe(1);
    expect(panelText(ended.stderr)).toBe('/dev/zero holds more than 16 MiB, the limit');
    expect(server.seen).toEqual([]);
  });

  /** In a process that may open so many files. */
  const withFiles = async (files: number, options: Options) => {
    const folder = temporaryFolder();
    const words = profileWords({ ...base, url: server.url, isl: 10, ...options, 'artifact-dir': folder });
    const child = spawn(
      'sh',
      ['-c', `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, cli, ...words, '--request-count', '1'],
      { env: { PATH: process.env.PATH, HF_HUB_OFFLINE: '1' }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const stderr = text(child.stderr);
    const [status] = await once(child, 'exit');
    return { status, stderr: await stderr };
  };

  it('too few file descriptors for the program itself, in one line', async () => {
    const { status, stderr } = await withFiles(25, {});
    expect(stderr).toBe(
      "Too few file descriptors: this process may open no more files. Raise the limit with 'ulimit -n 4096'.\n",
    );
    expect(status).toBe(1);
  });

  it('too few file descriptors for the load threads, or for the requests', async () => {
    const threads = await withFiles(150, { 'load-threads': 12, concurrency: 12 });
    expect(panelText(threads.stderr)).toBe(
      "12 load threads need about 440 open files to start, and this process may open 150 raise the limit with 'ulimit -n 440', or lower --load-threads",
    );
    const requests = await withFiles(140, { concurrency: 50 });
    expect(panelText(requests.stderr)).toBe(
      "50 requests in flight need about 150 open files, and this process may open 140 raise the limit with 'ulimit -n 150', or lower --concurrency",
    );
    expect([threads.status, requests.status]).toEqual([1, 1]);
    expect(server.seen).toEqual([]);
  });

  it('no more load threads are started than there is room for', async () => {
    const { status, stderr } = await withFiles(200, { concurrency: 100 });
    expect([status, stderr]).toEqual([0, '']);
  });
});
