import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ColumnNames } from '../../../src/dataset/public/columns.js';
import { UserError } from '../../../src/util/errors.js';
import { planPublicly } from './plan.js';
import { parquet, type StandInHub, standInHub } from './stand-in-hub.js';

const cache = mkdtempSync(join(tmpdir(), 'aiperf-public-'));
let hub: StandInHub;

const lines = (...rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');
const png = Uint8Array.from(Buffer.from('89504e470d0a1a0a', 'hex'));

beforeAll(async () => {
  const shard = (from: number) => parquet({ question: [0, 1, 2, 3].map((i) => `q${from + i}`) }, 2);
  const qa = {
    question: ['Why?', '', 'How?'],
    answer: ['one two three', 'x', 'one'],
    level: [1n, 2n, 1n],
    image: [{ bytes: png, path: '' }, null, null],
  };
  hub = await standInHub({
    'org/shards': {
      files: { 'data/train-00000-of-00002.parquet': shard(0), 'data/train-00001-of-00002.parquet': shard(4) },
    },
    'org/qa': { files: { 'qa.parquet': parquet(qa) } },
    'org/chats': {
      files: {
        'train.json': JSON.stringify([
          { messages: [{ role: 'system', content: 'S' }, ...turns('a', 'b')] },
          { messages: [{ role: 'assistant', content: 'x' }] },
          { messages: turns('c') },
        ]),
      },
    },
    'org/csv': { files: { 'all.csv': 'prompt,max\r\n"a, b",5\r\nc,7\r\n' } },
    'org/splits': { files: { 'dev.jsonl': lines({ text: 'd' }), 'test.jsonl': lines({ text: 't' }) } },
    'org/script': [
      { files: { 'script.py': '' } },
      {
        revision: 'refs/convert/parquet',
        files: { 'en/test/0000.parquet': parquet({ text: ['converted'] }) },
      },
    ],
    'org/broken': { files: { 'a.parquet': parquet({ text: ['a'.repeat(50)] }).subarray(0, -20) } },
    'org/agents': {
      files: { 'a.jsonl': lines(agentTrace('a', 64), agentTrace('b', 64), agentTrace('c', 32)) },
    },
    'org/numbers': { files: { 'a.jsonl': lines({ id: 1, target: 2 }) } },
  });
});

afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  rmSync(cache, { recursive: true, force: true });
});

/** A trace of Weka's KV cache tester with a sub-agent. */
function agentTrace(id: string, block_size: number) {
  const request = { t: 0, type: 'n', in: 70, out: 5, hash_ids: [1, 2], api_time: 1 };
  const agent = {
    t: 1,
    type: 'subagent',
    agent_id: 'x',
    duration_ms: 2000,
    requests: [{ ...request, t: 1.5 }],
  };
  return { id, block_size, hash_id_scope: 'local', requests: [request, agent, { ...request, t: 4 }] };
}

function turns(...texts: readonly string[]) {
  return texts.flatMap((text) => [
    { role: 'user', content: text },
    { role: 'assistant', content: `re: ${text}` },
  ]);
}

type Request = Partial<Parameters<typeof planPublicly>[0]>;

async function planned(id: string, request: Request = {}, changed: Parameters<typeof planPublicly>[2] = {}) {
  return planPublicly(
    { dataset: { id }, ...request },
    { HF_ENDPOINT: hub.endpoint, HF_HOME: cache },
    changed,
  );
}

async function textsOf(id: string, request: Request = {}): Promise<(readonly string[])[]> {
  const { dataset } = await planned(id, request);
  return Array.from({ length: dataset.size }, (_, index) =>
    dataset.conversation(index).turns.map((turn) => turn.texts.flatMap(({ contents }) => contents).join('|')),
  );
}

async function failure(id: string, request: Request = {}): Promise<string> {
  const error: unknown = await planned(id, request).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`no UserError: ${String(error)}`);
  return `${error.message}\n${error.hint}`;
}

describe('rows', () => {
  it('are read only as far as they are needed', async () => {
    expect(await textsOf('org/shards', { limit: 3 })).toEqual([['q0'], ['q1'], ['q2']]);
    expect(hub.seen.filter(({ url }) => url.includes('00001-of'))).toEqual([]);
    expect(await textsOf('org/shards', { limit: 5 })).toEqual([['q0'], ['q1'], ['q2'], ['q3'], ['q4']]);
  });

  it('with the columns of Weka traces are sessions of agents; without a limit of the run all are read', async () => {
    expect(await textsOf('org/agents', { limit: 1, limitOfTrace: 2 })).toEqual([
      ['0.1/70/64', '0.1/70/64'],
      ['2.3/70/64', '2.3/70/64'],
    ]);
    const { dataset, source } = await planned('org/agents', { limitOfTrace: 1 });
    expect(dataset.conversation(0).agents?.[0]).toMatchObject({
      ...{ sessionId: 'a/x', parent: 0 },
      turns: [{ waitsFor: [0], delayMs: 500, maxTokens: 5 }],
    });
    expect(source?.files.map(({ name }) => name)).toEqual(['org/agents/a.jsonl']);
    expect(await failure('org/agents', { limit: 1 })).toBe(
      'hf://org/agents:3: block_size is 32, and 64 in the traces before it\nsend them one after the other, or set --isl-block-size',
    );
  });

  it('become conversations, whose recorded answers are not sent', async () => {
    const { dataset, logs } = await planned('org/chats');
    expect(await textsOf('org/chats')).toEqual([['a', 'b'], ['c']]);
    expect(dataset.conversation(0)).toMatchObject({ systemMessage: 'S', history: 'live-answers' });
    expect(logs).toContain('WARNING hf://org/chats: no message of a user: skipped (1 rows)');
  });

  it.each<[string, string, ColumnNames, (readonly string[])[]]>([
    ['found by their names', 'org/qa', {}, [['Why?'], ['How?']]],
    ['named', 'org/qa', { prompt: 'answer' }, [['one two three'], ['x'], ['one']]],
    ['put into a text', 'org/qa', { prompt: '{level}: {question}' }, [['1: Why?'], ['2: '], ['1: How?']]],
    ['in CSV', 'org/csv', {}, [['a, b'], ['c']]],
  ])('have prompts %s', async (_, id, columns, expected) => {
    expect(await textsOf(id, { columns })).toEqual(expected);
  });

  it('have maximum lengths', async () => {
    const caps = async (id: string, columns: ColumnNames) => {
      const { dataset } = await planned(id, { columns });
      return Array.from({ length: dataset.size }, (_, i) => dataset.conversation(i).turns[0]?.maxTokens);
    };
    expect(await caps('org/qa', { prompt: 'question', output: 'answer' })).toEqual([3, 1]);
    expect(await caps('org/csv', { prompt: 'prompt', outputLength: 'max' })).toEqual([5, 7]);
  });

  it('have pictures, where the endpoint takes them', async () => {
    const media = async (endpointMedia: readonly 'image'[]) => {
      const { dataset } = await planned('org/qa', {}, { endpointMedia });
      return dataset.conversation(0).turns[0]?.media?.map((item) => item.value());
    };
    expect(await media(['image'])).toEqual(['data:image/png;base64,iVBORw0KGgo=']);
    expect(await media([])).toBeUndefined();
  });

  it('are filtered', async () => {
    expect(await textsOf('org/qa', { filters: { level: '1' } })).toEqual([['Why?'], ['How?']]);
    expect(await failure('org/qa', { filters: { level: '7' } })).toBe(
      'no row passes --dataset-filter level=7\nValues found: level: 1, 2',
    );
    expect(await failure('org/qa', { filters: { depth: '7' } })).toContain(
      'there is no column depth; the data set has question, answer, level, image\n',
    );
  });
});

describe('subsets and splits', () => {
  it('are chosen', async () => {
    expect(await textsOf('org/splits', { split: 'test' })).toEqual([['t']]);
    expect(await textsOf('org/splits', { dataset: { id: 'org/splits', path: 'dev.jsonl' } })).toEqual([
      ['d'],
    ]);
    expect(await failure('org/splits')).toBe(
      'org/splits has several splits\nChoose one with --hf-split: validation, test',
    );
    expect(await failure('org/splits', { split: 'train' })).toContain('org/splits has no split train\n');
    expect(await failure('org/splits', { subset: 'en' })).toBe(
      'org/splits has no subset en\nChoose one with --hf-subset: default',
    );
  });

  it('are taken from the Parquet branch of the hub, where the data set is a script', async () => {
    expect(await textsOf('org/script')).toEqual([['converted']]);
    expect(await textsOf('org/script', { subset: 'en', split: 'test' })).toEqual([['converted']]);
    expect(await failure('org/script', { subset: 'de' })).toContain(
      'no subset de\nChoose one with --hf-subset: en',
    );
  });
});

describe('errors', () => {
  it('name columns that are there', async () => {
    expect(await failure('org/qa', { columns: { prompt: 'query' } })).toBe(
      'there is no column query; the data set has question, answer, level, image\n' +
        'Name the right one with --dataset-columns, e.g. prompt=question.',
    );
    expect(await failure('org/numbers')).toBe(
      'none of the columns has the usual name of a prompt or a conversation; the data set has id, target\n' +
        'Name one: --dataset-columns prompt=id',
    );
  });

  it('name a Parquet file that is cut', async () => {
    expect(await failure('org/broken')).toMatch(/^org\/broken\/a\.parquet is not a complete Parquet file: /);
  });
});
