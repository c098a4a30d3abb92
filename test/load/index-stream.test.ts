import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import type { DatasetOptions } from '../../src/dataset/dataset-options.js';
import { openDataset, planDataset } from '../../src/dataset/plan.js';
import type { PromptSource } from '../../src/dataset/prompts.js';
import { allocateRing, RingReader } from '../../src/dataset/stream/conversation-ring.js';
import type { StreamPlan } from '../../src/dataset/stream/stream-plan.js';
import { turnTimings } from '../../src/dataset/turn-timings.js';
import { type IndexOptions, indexStream } from '../../src/load/index-stream.js';
import { openReplay } from '../../src/load/replay-sessions.js';
import { StreamedSessions } from '../../src/load/streamed-sessions.js';
import { fixedSchedule } from '../../src/schedule/fixed-schedule.js';
import { options } from '../dataset/options.js';

const folder = mkdtempSync(join(tmpdir(), 'index-stream-'));
afterAll(() => rmSync(folder, { recursive: true }));

const prompts: PromptSource = {
  prompt: (tokens, random) => `${tokens} tokens from ${random.integer(1000)}`,
  blocks: (ids, tokens, blockSize) => `${Array.from(ids).join('-')} of ${blockSize} in ${tokens}`,
};

const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');

async function planned(content: string | Buffer, changes: Partial<DatasetOptions> = {}, name = 'rows.jsonl') {
  const path = join(folder, name);
  writeFileSync(path, content);
  const all = { ...options, models: ['m', 'n'], osl: 50, oslStddev: 10, inputFile: path, ...changes };
  const whole = await planDataset(all, () => {});
  const notices: string[] = [];
  const plan = await planDataset({ ...all, streamAbove: 0 }, (_, __, text) => notices.push(text));
  if (plan.kind !== 'stream') throw new Error(`not streamed: ${notices}`);
  return { path, whole, plan, notices };
}

const index = (plan: StreamPlan, changes: Partial<IndexOptions> = {}) =>
  indexStream(plan, {
    checkTurn: () => [],
    canGenerate: true,
    threads: 1,
    firstSession: 0,
    schedule: undefined,
    repeats: false,
    onReady: () => {},
    pause: () => Promise.reject(new Error('the ring is full')),
    ...changes,
  });

const trace = [
  { session_id: 'a', input_length: 20, output_length: 3, timestamp: 10 },
  { input_length: 600, hash_ids: [1, 2], timestamp: 12 },
  { session_id: 'b', input_length: 30, timestamp: 8 },
  { session_id: 'a', input_length: 40, delay: 5 },
  { session_id: 'b', input_length: 40, timestamp: 30 },
  { session_id: 'a', input_length: 50, timestamp: 40 },
];
const burst = `Timestamp,Model,Request tokens,Response tokens\r\n0.5,a,20,3\r\n2,b,x,4\r\n7.25,"c,d",30,0\r\n`;
const azure = `TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,20,3
2023-11-16 18:17:04.0319600,30,4
`;
/** Two row groups of a baseten_trace. */
const baseten = () => {
  const column = (name: string, data: unknown[], type: 'INT64' | 'STRING') => ({ name, data, type });
  const columnData = [
    column('timestamp_start_unix_ms', [1_700_000_000_000n, 1_700_000_000_250n, 1_700_000_000_300n], 'INT64'),
    column('prompt', ['a', 'b', 'é'], 'STRING'),
    column('input_tokens', [1n, 1n, 1n], 'INT64'),
    column('output_tokens', [3n, 4n, 0n], 'INT64'),
    column('provided_session_id', ['s', 't', 's'], 'STRING'),
  ];
  return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 2 }));
};
const turns = [
  { session_id: 'a', turns: [{ role: 'system', text: 's' }, { text: '1' }] },
  { session_id: 'b', turns: [{ text: '2' }, { text: '3', delay: 2 }] },
  { session_id: 'a', turns: [{ text: '4', output_length: 9 }] },
];

describe('a streamed file', () => {
  it.each([
    ['a trace', lines(trace), 'a.jsonl'],
    ['a trace as an array', JSON.stringify(trace, null, 2), 'a.json'],
    ['a compressed trace', gzipSync(lines(trace)), 'a.jsonl.gz'],
    ['conversations', lines(turns), 'b.jsonl'],
    ['prompts', lines([{ text: 'a' }, { texts: ['b', 'c'] }]), 'c.jsonl'],
    ['lengths', burst, 'e.csv'],
    ['lengths with times of the wall clock', azure, 'f.csv'],
    ['compressed lengths', gzipSync(burst), 'e.csv.gz'],
    ['a table of prompts', baseten(), 'g.parquet'],
    ['a batch', lines([{ custom_id: 'r', body: { prompt: 'x' } }]), 'h.jsonl'],
    ['bodies', lines([{ messages: [{ role: 'user', content: 'x' }], seed: 1 }]), 'd.jsonl'],
  ])('has the same conversations as one in memory: %s', async (_, content, name) => {
    const { whole, plan, notices, path } = await planned(content, {}, name);
    expect(notices.at(-1)).toBe(
      `${path} is streamed: only its first 0 MB are checked before the first request; check all rows with: aiperf validate ${path}`,
    );
    await index(plan);
    const expected = openDataset(whole, prompts);
    const streamed = openDataset(structuredClone(plan), prompts);
    const all = Array.from({ length: expected.size }, (_, at) => expected.conversation(at));
    const ring = new RingReader(plan.ring);
    expect([ring.published, ring.size]).toEqual([all.length, all.length]);
    expect(all.map((_, at) => streamed.conversation(at))).toEqual(all);
  });

  it.each([{}, { startOffsetMs: 9, endOffsetMs: 35 }, { autoOffset: false }])(
    'has the same schedule as one in memory: %j',
    async (window) => {
      const { whole, plan } = await planned(lines(trace));
      await index(plan, { schedule: window });
      const expected = openReplay(fixedSchedule(turnTimings(whole), window), undefined);
      const stream = new StreamedSessions(plan.ring, 0);
      const streamed = openReplay({ window }, stream);
      const of = (sessions: typeof expected, limit: number) =>
        Array.from({ length: sessions.size }, (_, at) => [
          sessions.dueNs(at),
          ...Array.from(sessions.turns(at, limit)),
        ]);
      for (const limit of [2, 100]) expect(of(streamed, limit)).toEqual(of(expected, limit));
      expect(streamed.zeroMs).toBe(expected.zeroMs);
    },
  );

  it('repeats, one conversation at a time in memory, from the session where the run begins', async () => {
    const rows = [{ text: 'a' }, { text: 'b' }, { text: 'c' }];
    const { plan } = await planned(lines(rows));
    const small = { ...plan, ring: allocateRing(100, 1) };
    const dataset = openDataset(small, prompts);
    const sessions = new StreamedSessions(small.ring, 0);
    sessions.noteOpened();
    const found: unknown[] = [];
    let next = 4;
    const pause = async () => {
      const taken = sessions.take((known) => (next < known ? next++ : undefined), 0);
      if (taken === undefined) return;
      found.push(dataset.conversation(taken).turns[0]?.texts[0]?.contents[0]);
      sessions.noteOpened();
      if (found.length === 4) throw new Error('enough');
    };
    await expect(index(small, { repeats: true, firstSession: 4, pause })).rejects.toThrow('enough');
    expect(found).toEqual(['b', 'c', 'a', 'b']);
    expect(new RingReader(small.ring).size).toBe(3);
  });

  it('that is malformed, too short or without anything to send is refused with its line', async () => {
    const { plan, path } = await planned(lines(trace));
    writeFileSync(path, `${lines(trace)}\n{"input_length":-1}`);
    await expect(index(plan)).rejects.toThrow(`${path}:7: input_length must be at least 0, got -1`);
    await expect(index(plan, { canGenerate: false })).rejects.toThrow(
      `${path}:1: the prompt is to be generated, and no earlier one was`,
    );
    const refuse = () => {
      throw new Error('refused');
    };
    await expect(index(plan, { checkTurn: refuse })).rejects.toThrow('refused');
    writeFileSync(path, lines(trace));
    await expect(index(plan, { schedule: { startOffsetMs: 50 } })).rejects.toThrow(
      `no turn of ${path} has a timestamp within the schedule`,
    );
    truncateSync(path, lines(trace.slice(0, 2)).length);
    await expect(index(plan)).rejects.toThrow(
      `${path} was shortened while it was read, from ${lines(trace).length} to ${lines(trace.slice(0, 2)).length} bytes`,
    );
  });

  it('is read into memory where all of it is needed', async () => {
    const path = join(folder, 'pool.jsonl');
    writeFileSync(path, '{"text":"a"}');
    const notices: string[] = [];
    const changes = { inputFile: path, streamAbove: 0, needsWholeFile: 'an option needs all of it' };
    const plan = await planDataset({ ...options, ...changes }, (_, __, text) => notices.push(text));
    expect([plan.kind, notices]).toEqual([
      'rows',
      [`${path} is read into memory instead of streamed: an option needs all of it`],
    ]);
  });
});
