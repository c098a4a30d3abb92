import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/util/errors.js';
import { planPublicly } from './plan.js';
import { type StandIn, type StandInHub, sendRange, standInHub } from './stand-in-hub.js';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'aiperf-public-'));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const questions = Array.from({ length: 200 }, (_, i) => JSON.stringify({ question: `Question ${i}?` })).join(
  '\n',
);
const sha256 = createHash('sha256').update(questions).digest('hex');
const dataset = { id: 'org/set' };
const set: StandIn = { files: { 'train.jsonl': questions } };

function env(hub: StandInHub, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { HF_ENDPOINT: hub.endpoint, HF_HOME: cache, ...more };
}

function repository(...path: string[]): string {
  return join(cache, 'hub', 'datasets--org--set', ...path);
}

async function failure(planned: Promise<unknown>): Promise<string> {
  const error = await planned.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) throw error ?? new Error('it did not fail');
  return `${error.message}\n${error.hint}`;
}

describe('the cache', () => {
  it('has the layout of Hugging Face, and states which data were read', async () => {
    await using hub = await standInHub({ 'org/set': set });
    const { dataset: planned, source } = await planPublicly({ dataset }, env(hub));
    expect(planned.size).toBe(200);
    const commit = source?.commit ?? '';
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
    expect(source?.files).toEqual([{ name: 'org/set/train.jsonl', bytes: questions.length, sha256 }]);
    expect(readFileSync(repository('refs', 'main'), 'utf8')).toBe(commit);
    expect(readlinkSync(repository('snapshots', commit, 'train.jsonl'))).toBe(
      join('..', '..', 'blobs', sha256),
    );
    expect(readFileSync(repository('blobs', sha256), 'utf8')).toBe(questions);
    expect(readdirSync(repository('blobs'))).toEqual([sha256]);
  });

  it('answers a second run, also offline', async () => {
    await using hub = await standInHub({ 'org/set': set });
    const first = await planPublicly({ dataset }, env(hub));
    const requests = hub.seen.length;
    const again = await planPublicly({ dataset }, env(hub));
    const offline = await planPublicly({ dataset }, env(hub, { HF_HUB_OFFLINE: '1' }));
    expect(hub.seen).toHaveLength(requests);
    expect([again.source, offline.source]).toEqual([first.source, first.source]);
  });

  it('may have been filled by another program', async () => {
    await using hub = await standInHub({});
    const commit = 'a'.repeat(40);
    mkdirSync(repository('snapshots', commit), { recursive: true });
    mkdirSync(repository('refs'));
    writeFileSync(repository('refs', 'main'), commit);
    writeFileSync(repository('snapshots', commit, 'train.jsonl'), questions);
    const { source } = await planPublicly({ dataset }, env(hub, { HF_HUB_OFFLINE: '1' }));
    expect(source).toEqual({
      commit,
      files: [{ name: 'org/set/train.jsonl', bytes: questions.length, sha256 }],
    });
  });

  it('is the only place to look at offline', async () => {
    await using hub = await standInHub({ 'org/set': set });
    expect(await failure(planPublicly({ dataset }, env(hub, { HF_HUB_OFFLINE: '1' })))).toMatch(
      /^Data set org\/set is not in the cache at revision main, and HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set\nUnset it once/,
    );
    expect(hub.seen).toEqual([]);
  });
});

describe('a download', () => {
  it('goes on where it broke off', async () => {
    await using hub = await standInHub({ 'org/set': set });
    let isBroken = false;
    hub.onFile = (_, response, bytes) => {
      if (isBroken) return false;
      isBroken = true;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1000), () => response.destroy());
      return true;
    };
    const { dataset: planned, logs } = await planPublicly({ dataset }, env(hub));
    expect(planned.size).toBe(200);
    expect(hub.seen.at(-1)?.range).toBe(`bytes=1000-${questions.length - 1}`);
    expect(logs.filter((line) => line.startsWith('WARNING'))).toHaveLength(1);
  });

  it('goes on with what an interrupted process has left', async () => {
    await using hub = await standInHub({ 'org/set': set });
    leaveUnfinished(questions.slice(0, 2000));
    await planPublicly({ dataset }, env(hub));
    expect(hub.seen.at(-1)?.range).toBe(`bytes=2000-${questions.length - 1}`);
    expect(readdirSync(repository('blobs'))).toEqual([sha256]);
  });

  it('starts again if that part was wrong, or the server sends no parts', async () => {
    await using hub = await standInHub({ 'org/set': set });
    leaveUnfinished('x'.repeat(2000));
    hub.onFile = (_, response, bytes) => {
      sendRange(response, bytes, undefined);
      return true;
    };
    await planPublicly({ dataset }, env(hub));
    expect(readFileSync(repository('blobs', sha256), 'utf8')).toBe(questions);
  });

  it('is refused if the content is not what the hub lists', async () => {
    await using hub = await standInHub({ 'org/set': set });
    hub.onFile = (_, response, bytes) => {
      sendRange(response, Buffer.from(bytes.toString().replace('Question 7', 'Question 8')), undefined);
      return true;
    };
    expect(await failure(planPublicly({ dataset }, env(hub)))).toContain(
      `train.jsonl was downloaded, but its digest is not ${sha256}`,
    );
    expect(readdirSync(repository('blobs'))).toEqual([]);
  });

  it('is made once by two at the same time', async () => {
    await using hub = await standInHub({ 'org/set': set });
    const both = await Promise.all([
      planPublicly({ dataset }, env(hub)),
      planPublicly({ dataset }, env(hub)),
    ]);
    expect(hub.seen.filter(({ url }) => url.startsWith('/storage'))).toHaveLength(1);
    expect(both.map(({ source }) => source?.files[0]?.sha256)).toEqual([sha256, sha256]);
    expect(readdirSync(repository('blobs'))).toEqual([sha256]);
  });

  function leaveUnfinished(content: string): void {
    mkdirSync(repository('blobs'), { recursive: true });
    const part = repository('blobs', `${sha256}.0a0b0c0d.incomplete`);
    writeFileSync(part, content);
    utimesSync(part, 1, 1);
  }
});

describe('a token', () => {
  it('is sent to the hub, but not to its storage', async () => {
    await using hub = await standInHub({ 'org/set': { ...set, token: 'custom-token-1' } });
    await planPublicly({ dataset }, env(hub, { HF_TOKEN: 'custom-token-1' }));
    const tokens = hub.seen.map(({ url, token }) => [url.startsWith('/storage'), token]);
    expect(tokens.filter(([isStorage]) => isStorage)).toEqual([[true, undefined]]);
    expect(new Set(tokens.filter(([isStorage]) => !isStorage).map(([, token]) => token))).toEqual(
      new Set(['custom-token-1']),
    );
  });

  it('is asked for where the data set is gated', async () => {
    await using hub = await standInHub({ 'org/set': { ...set, token: 'custom-token-1' } });
    expect(await failure(planPublicly({ dataset }, env(hub)))).toBe(
      'Data set org/set: the hub refused access (401): the data set is gated or private, or does not exist, and no token was sent\n' +
        `Accept its conditions on ${hub.endpoint}/datasets/org/set and set HF_TOKEN.`,
    );
    const wrong = await failure(planPublicly({ dataset }, env(hub, { HF_TOKEN: 'wrong-token-22' })));
    expect(wrong).toContain('the token does not give access');
    expect(wrong).not.toContain('wrong-token-22');
  });
});

describe('errors', () => {
  it('name a data set or revision that is not there', async () => {
    await using hub = await standInHub({ 'org/set': set });
    expect(await failure(planPublicly({ dataset: { id: 'org/other' } }, env(hub)))).toContain(
      `Data set org/other: not found on ${hub.endpoint} (404)`,
    );
    expect(await failure(planPublicly({ dataset: { ...dataset, revision: 'v9' } }, env(hub)))).toContain(
      'Data set org/set: no revision v9 (404)',
    );
    expect(await failure(planPublicly({ dataset: { ...dataset, path: 'x.jsonl' } }, env(hub)))).toBe(
      'org/set has no data file x.jsonl\nIts data files: train.jsonl',
    );
  });

  it('name a hub that cannot be reached, and one that is none', async () => {
    const unreachable = { HF_ENDPOINT: 'http://127.0.0.1:9', HF_HOME: cache };
    expect(await failure(planPublicly({ dataset }, unreachable))).toMatch(
      /^Data set org\/set: not in the cache, and cannot fetch http:\/\/127\.0\.0\.1:9\/api\/datasets\/org\/set\S*: .*\nCheck the network, HF_ENDPOINT and HTTPS_PROXY\.$/,
    );
    const login = async () => new Response('<html>', { headers: { 'content-type': 'text/html' } });
    expect(await failure(planPublicly({ dataset, fetch: login }, unreachable))).toContain(
      'Check HF_ENDPOINT, and whether a proxy or a login page answered instead.',
    );
  });
});
