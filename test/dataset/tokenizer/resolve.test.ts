import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isPlaceholderModel, resolveTokenizer } from '../../../src/dataset/tokenizer/resolve.js';
import { UserError } from '../../../src/util/errors.js';
import { type Answers, type FakeHub, fakeHub } from './fake-hub.js';

const commit = '0123456789abcdef0123456789abcdef01234567';
const otherCommit = 'fedcba9876543210fedcba9876543210fedcba98';
const secret = 'hf_verySecretToken';
const tokenizerBody = '{"version":"1.0"}';

let folder: string;
let cache: string;
let logged: string[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'aiperf-hub-'));
  cache = path.join(folder, 'hub');
  logged = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const noFetch: typeof fetch = () => {
  throw new Error('the network was asked');
};

function resolve(name: string, more: { hub?: FakeHub; revision?: string; env?: NodeJS.ProcessEnv } = {}) {
  return resolveTokenizer({
    name,
    revision: more.revision ?? 'main',
    env: { HF_HOME: folder, ...(more.hub && { HF_ENDPOINT: more.hub.endpoint }), ...more.env },
    log: (level, logger, message) => logged.push(`${level} ${logger} ${message}`),
    ...(more.hub === undefined && { fetch: noFetch }),
  });
}

async function failure(promise: Promise<unknown>): Promise<UserError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof UserError)) throw new Error(`expected a UserError, got ${String(thrown)}`);
  for (const said of [thrown.message, thrown.hint ?? '', ...logged]) expect(said).not.toContain(secret);
  return thrown;
}

/** A model as the hub has it: tokenizer.json in the large-file store behind a redirect, small files at once. */
function model(id: string, revision = 'main'): Answers {
  const plain = (etag: string) => ({ 'X-Repo-Commit': commit, ETag: `"${etag}"` });
  return {
    [`/${id}/resolve/${revision}/tokenizer.json`]: {
      status: 302,
      headers: {
        ...plain('of-the-pointer'),
        'X-Linked-ETag': '"aaaa1111"',
        'X-Linked-Size': '17',
        Location: '/store/aaaa1111?signature=x',
      },
    },
    '/store/aaaa1111?signature=x': { headers: { ETag: '"of-the-store"' }, body: tokenizerBody },
    [`/${id}/resolve/${commit}/tokenizer_config.json`]: { headers: plain('bbbb2222'), body: '{}' },
    [`/${id}/resolve/${commit}/chat_template.jinja`]: {
      status: 404,
      headers: { 'X-Error-Code': 'EntryNotFound', 'X-Repo-Commit': commit },
    },
  };
}

function writeCached(id: string, revision: string, files = ['tokenizer.json']): string {
  const repository = path.join(cache, `models--${id.replace('/', '--')}`);
  const snapshot = path.join(repository, 'snapshots', otherCommit);
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(path.join(repository, 'refs'), { recursive: true });
  writeFileSync(path.join(repository, 'refs', revision), otherCommit);
  for (const file of files) writeFileSync(path.join(snapshot, file), '{}');
  return snapshot;
}

describe('without the hub', () => {
  test('an existing folder is taken as it is', async () => {
    expect(await resolve(folder)).toEqual({ kind: 'files', name: folder, folder });
    const file = path.join(folder, 'tokenizer.json');
    writeFileSync(file, '{}');
    expect(await resolve(file)).toEqual({ kind: 'files', name: file, folder });
  });

  test.each([
    './nowhere',
    '../nowhere',
    '/nowhere/at/all',
    'a/b/c',
    'a\\b',
    'C:\\models\\x',
    '~/no-such-dir-here',
  ])('%s looks like a path, and is not there', async (name) => {
    const error = await failure(resolve(name));
    expect(error.message).toBe(`Tokenizer ${name}: no such folder`);
    expect(error.hint).toContain('--tokenizer builtin');
  });

  test('a file is no folder', async () => {
    const file = path.join(folder, 'vocab.txt');
    writeFileSync(file, '');
    expect((await failure(resolve(file))).message).toBe(
      `Tokenizer ${file}: a file, where a folder was expected`,
    );
  });

  test.each(['builtin', 'Qwen/Qwen3-0.6B', 'qwen3-0.6b', 'Qwen/Qwen3-30B-A3B'])('%s ships', async (name) => {
    expect(await resolve(name)).toEqual({ kind: 'shipped', name });
  });

  test('the cache goes before what ships', async () => {
    const snapshot = writeCached('Qwen/Qwen3-0.6B', 'main');
    expect(await resolve('Qwen/Qwen3-0.6B')).toEqual({
      kind: 'files',
      name: 'Qwen/Qwen3-0.6B',
      folder: snapshot,
    });
  });

  test('a cached model without a tokenizer is not a tokenizer', async () => {
    writeCached('Qwen/Qwen3-0.6B', 'main', ['config.json']);
    expect((await resolve('Qwen/Qwen3-0.6B')).kind).toBe('shipped');
  });

  test.each(['main', 'v1.0', otherCommit])('revision %s is found in the cache', async (revision) => {
    const snapshot = writeCached('org/model', 'main');
    writeCached('org/model', 'v1.0');
    expect(await resolve('org/model', { revision })).toEqual({
      kind: 'files',
      name: 'org/model',
      folder: snapshot,
    });
  });

  test.each<[string, (folder: string) => NodeJS.ProcessEnv]>([
    ['HF_HUB_CACHE', (at) => ({ HF_HOME: '/elsewhere', HF_HUB_CACHE: path.join(at, 'hub') })],
    ['HF_HOME', (at) => ({ HF_HOME: at, XDG_CACHE_HOME: '/elsewhere' })],
    ['XDG_CACHE_HOME', (at) => ({ HF_HOME: '', XDG_CACHE_HOME: path.join(at, 'xdg') })],
  ])('the cache is where %s says', async (_, env) => {
    if (env(folder).XDG_CACHE_HOME?.startsWith(folder))
      cache = path.join(folder, 'xdg', 'huggingface', 'hub');
    const snapshot = writeCached('org/model', 'main');
    expect(await resolve('org/model', { env: env(folder) })).toMatchObject({ folder: snapshot });
  });

  test.each([{ HF_HUB_OFFLINE: '1' }, { TRANSFORMERS_OFFLINE: 'True' }])('%j', async (env) => {
    const error = await failure(resolve('org/model', { env }));
    expect(error.message).toContain(`Tokenizer org/model: not in the cache ${cache} at revision main`);
    expect(error.message).toContain('OFFLINE');
    expect(error.hint).toContain('--tokenizer builtin');
  });

  test('another revision of a model that ships is not what ships', async () => {
    const error = await failure(resolve('Qwen/Qwen3-0.6B', { revision: 'v2', env: { HF_HUB_OFFLINE: '1' } }));
    expect(error.message).toContain('at revision v2');
  });

  test.each(['a b', 'org/', 'x?y', '-x'])('%j is nobody', async (name) => {
    expect((await failure(resolve(name))).message).toContain(`Tokenizer`);
  });

  test('a revision cannot leave the cache', async () => {
    const error = await failure(resolve('org/model', { revision: '../../../x' }));
    expect(error.message).toContain("Tokenizer revision '../../../x'");
  });
});

describe('from the hub', () => {
  test('fetches tokenizer files only, into the standard layout, and then needs no hub', async () => {
    const stdout = vi.spyOn(process.stdout, 'write');
    let source: unknown;
    {
      await using hub = await fakeHub(model('org/model'));
      source = await resolve('org/model', { hub, env: { HF_TOKEN: secret } });
      expect(hub.seen).toEqual(
        [
          '/org/model/resolve/main/tokenizer.json',
          '/store/aaaa1111?signature=x',
          `/org/model/resolve/${commit}/tokenizer_config.json`,
          `/org/model/resolve/${commit}/chat_template.jinja`,
        ].map((url) => ({ url, authorization: `Bearer ${secret}` })),
      );
    }
    expect(stdout).not.toHaveBeenCalled();
    expect(logged.join()).not.toContain(secret);

    const repository = path.join(cache, 'models--org--model');
    const snapshot = path.join(repository, 'snapshots', commit);
    expect(source).toEqual({ kind: 'files', name: 'org/model', folder: snapshot });
    expect(readFileSync(path.join(repository, 'refs', 'main'), 'utf8')).toBe(commit);
    expect(readdirSync(path.join(repository, 'blobs')).sort()).toEqual(['aaaa1111', 'bbbb2222']);
    expect(readdirSync(snapshot).sort()).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    const file = path.join(snapshot, 'tokenizer.json');
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readlinkSync(file)).toBe('../../blobs/aaaa1111');
    expect(readFileSync(file, 'utf8')).toBe(tokenizerBody);

    // No hub any more: `fetch` throws.
    expect(await resolve('org/model')).toEqual(source);
    expect(await resolve('org/model', { revision: commit })).toEqual(source);
  });

  test('another revision, with a slash in it', async () => {
    await using hub = await fakeHub(model('org/model', 'refs%2Fpr%2F1'));
    await resolve('org/model', { hub, revision: 'refs/pr/1' });
    expect(hub.seen[0]?.url).toBe('/org/model/resolve/refs%2Fpr%2F1/tokenizer.json');
    expect(readFileSync(path.join(cache, 'models--org--model/refs/refs/pr/1'), 'utf8')).toBe(commit);
  });

  test('the token of the token file', async () => {
    writeFileSync(path.join(folder, 'token'), `${secret}\n`);
    await using hub = await fakeHub(model('org/model'));
    await resolve('org/model', { hub });
    expect(hub.seen[0]?.authorization).toBe(`Bearer ${secret}`);
  });

  test('no token, none sent', async () => {
    await using hub = await fakeHub(model('org/model'));
    await resolve('org/model', { hub });
    expect(hub.seen.map((request) => request.authorization)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('the token stays with the hub when the file is elsewhere', async () => {
    await using store = await fakeHub({ '/blob': { body: tokenizerBody } });
    await using hub = await fakeHub({
      ...model('org/model'),
      '/org/model/resolve/main/tokenizer.json': {
        status: 307,
        headers: {
          'X-Repo-Commit': commit,
          'X-Linked-ETag': '"aaaa1111"',
          Location: `${store.endpoint}/blob`,
        },
      },
    });
    await resolve('org/model', { hub, env: { HF_TOKEN: secret } });
    expect(hub.seen[0]?.authorization).toBe(`Bearer ${secret}`);
    expect(store.seen).toEqual([{ url: '/blob', authorization: undefined }]);
  });

  describe('a part of a name is searched for', () => {
    const found = (ids: [string, number][]) => ({
      '/api/models?search=my-llm&limit=50': {
        body: JSON.stringify(ids.map(([id, downloads]) => ({ id, downloads }))),
      },
    });

    test.each<[string, [string, number][], string]>([
      [
        'the same in another case first',
        [
          ['big/my-llm', 900],
          ['My-LLM', 1],
        ],
        'My-LLM',
      ],
      [
        'else the most downloaded that ends in it',
        [
          ['a/my-llm', 5],
          ['b/My-LLM', 70],
          ['c/my-llm-2', 900],
        ],
        'b/My-LLM',
      ],
    ])('%s', async (_, ids, expected) => {
      await using hub = await fakeHub({ ...model(expected), ...found(ids) });
      const source = await resolve('my-llm', { hub });
      expect(source).toEqual({
        kind: 'files',
        name: 'my-llm',
        folder: path.join(cache, `models--${expected.replace('/', '--')}`, 'snapshots', commit),
      });
      expect(logged.at(-1)).toContain(`using the tokenizer of ${expected}`);
    });

    test('else suggestions, most downloaded first', async () => {
      await using hub = await fakeHub(
        found([
          ['a/my-llm-1', 5],
          ['b/my-llm-2', 70],
        ]),
      );
      const error = await failure(resolve('my-llm', { hub }));
      expect(error.message).toContain('Tokenizer my-llm: not found (404)');
      expect(error.message).toContain('Did you mean one of: b/my-llm-2, a/my-llm-1?');
    });

    test('else nothing', async () => {
      await using hub = await fakeHub(found([]));
      const error = await failure(resolve('my-llm', { hub, env: { HF_TOKEN: secret } }));
      expect(error.message).toContain(`Tried: a local folder, the cache, ${hub.endpoint}, its search.`);
      expect(error.hint).toContain('--tokenizer builtin');
    });
  });

  test.each<[string, number, string | undefined, string]>([
    ['gated', 401, 'GatedRepo', 'refused access (401)'],
    ['gated', 403, 'GatedRepo', 'refused access (403)'],
    ['private', 401, undefined, 'refused access (401)'],
    ['an absent model to the anonymous', 401, 'RepoNotFound', 'not found (401)'],
    ['an absent model', 404, 'RepoNotFound', 'not found (404)'],
    ['an absent model on a mirror', 404, undefined, 'not found (404)'],
    ['an absent revision', 404, 'RevisionNotFound', 'no revision main (404)'],
    ['no tokenizer.json', 404, 'EntryNotFound', 'the model has no tokenizer.json (404)'],
    ['a broken hub', 503, undefined, 'the hub answered 503'],
  ])('%s: %d %s', async (_, status, code, expected) => {
    await using hub = await fakeHub({
      '/org/model/resolve/main/tokenizer.json': { status, headers: code ? { 'X-Error-Code': code } : {} },
    });
    const error = await failure(resolve('org/model', { hub, env: { HF_TOKEN: secret } }));
    expect(error.message).toContain(`Tokenizer org/model: `);
    expect(error.message).toContain(expected);
    expect(error.message).toContain(hub.endpoint);
    expect(error.hint).toContain('--tokenizer builtin');
  });

  test('says whether a token was sent', async () => {
    await using hub = await fakeHub({ '/org/model/resolve/main/tokenizer.json': { status: 401 } });
    expect((await failure(resolve('org/model', { hub }))).message).toContain('no token was sent');
    const error = await failure(resolve('org/model', { hub, env: { HF_TOKEN: secret } }));
    expect(error.message).toContain('the token does not give access');
  });

  test('a page that is no hub', async () => {
    await using hub = await fakeHub({
      '/org/model/resolve/main/tokenizer.json': { body: '<html>Please log in</html>' },
    });
    expect((await failure(resolve('org/model', { hub }))).message).toContain('X-Repo-Commit is missing');
  });

  test('redirects without end', async () => {
    await using hub = await fakeHub({
      '/org/model/resolve/main/tokenizer.json': {
        status: 302,
        headers: { Location: '/org/model/resolve/main/tokenizer.json' },
      },
    });
    expect((await failure(resolve('org/model', { hub }))).message).toContain('redirected more than 5 times');
    expect(hub.seen).toHaveLength(6);
  });

  test('no hub at all', async () => {
    const hub = await fakeHub({});
    await hub[Symbol.asyncDispose]();
    const error = await failure(resolve('org/model', { hub, env: { HF_TOKEN: secret } }));
    expect(error.message).toContain(`cannot fetch ${hub.endpoint}/org/model/resolve/main/tokenizer.json: `);
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.hint).toContain('--tokenizer builtin');
  });

  test('an endpoint with a password in it is refused, and not repeated', async () => {
    const env = { HF_ENDPOINT: `http://user:${secret}@127.0.0.1:1` };
    expect((await failure(resolve('org/model', { env }))).message).toContain('HF_ENDPOINT must be');
  });

  test('a token that cannot be one is refused, and not repeated', async () => {
    const env = { HF_TOKEN: `${secret}\nmore` };
    expect((await failure(resolve('org/model', { env }))).message).toContain('HF_TOKEN');
  });

  // The superuser may write anywhere.
  test.skipIf(process.getuid?.() === 0)('a cache that cannot be written', async () => {
    chmodSync(folder, 0o500);
    await using hub = await fakeHub(model('org/model'));
    const error = await failure(resolve('org/model', { hub }));
    chmodSync(folder, 0o700);
    expect(error.message).toContain(`cannot write into the cache ${cache}`);
    expect(error.hint).toContain('HF_HUB_CACHE');
  });

  test('a cache that is a file', async () => {
    writeFileSync(cache, '');
    await using hub = await fakeHub(model('org/model'));
    const error = await failure(resolve('org/model', { hub }));
    expect(error.message).toContain(`Tokenizer org/model: cannot write into the cache ${cache}`);
    expect(error.hint).toContain('HF_HUB_CACHE');
  });
});

test.each([
  ['test', true],
  ['MOCK', true],
  ['placeholder', true],
  ['mock-llm', true],
  ['my_model', true],
  ['Your-Model-7b', true],
  ['the-model-name', true],
  ['llm-fake', true],
  ['mockingbird', false],
  ['testing', false],
  ['qwen3-0.6b', false],
  ['org/mock-model', false],
  ['org\\test-model', false],
])('%s is a placeholder: %s', (name, is) => {
  expect(isPlaceholderModel(name)).toBe(is);
});
