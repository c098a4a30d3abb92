import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DatasetOptions } from '../../src/dataset/dataset-options.js';
import { openDataset, planDataset } from '../../src/dataset/plan.js';
import { turnTimings } from '../../src/dataset/turn-timings.js';
import { options } from './options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-timings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, ...rows: object[]): string {
  const path = join(folder, name);
  writeFileSync(path, `\n${rows.map((row) => `${JSON.stringify(row)}\n`).join('')}`);
  return path;
}

async function timingsOf(changes: Partial<DatasetOptions>) {
  const timings = turnTimings(await planDataset({ ...options, ...changes }, () => {}));
  return Array.from({ length: timings.size }, (_, conversation) => ({
    name: timings.nameOf(conversation),
    turns: timings
      .turns(conversation)
      .map(({ timestampMs, delayMs }) => [timestampMs ?? null, delayMs ?? null]),
  }));
}

describe('turn timings', () => {
  it('of a trace: rows of a session joined, named by session and line', async () => {
    const inputFile = file(
      'trace.jsonl',
      { session_id: 'a', timestamp: 5, input_length: 1000, output_length: 3, hash_ids: [1, 2] },
      { timestamp: 0.5, input_length: 10, output_length: 3 },
      { session_id: 'a', delay: 7, input_length: 10, output_length: 3 },
      { session_id: 'a', timestamp: 30, text_input: 'hello' },
    );
    expect(await timingsOf({ inputFile })).toEqual([
      {
        name: `session a (${inputFile}:2)`,
        turns: [
          [5, null],
          [null, 7],
          [30, null],
        ],
      },
      { name: `session session_000001 (${inputFile}:3)`, turns: [[0.5, null]] },
    ]);
  });

  it('of multi_turn: without the system turn that is no request', async () => {
    const inputFile = file('talk.jsonl', {
      session_id: 't',
      turns: [
        { role: 'system', text: 'Be brief.' },
        { text: 'one', timestamp: 100 },
        { text: 'two', delay: 20 },
        { text: 'three' },
      ],
    });
    expect((await timingsOf({ inputFile }))[0]?.turns).toEqual([
      [100, null],
      [null, 20],
      [null, null],
    ]);
  });

  it('of a pool: none', async () => {
    const inputFile = file('pool.jsonl', { text: 'one', timestamp: 5 }, { text: 'two' });
    const timings = await timingsOf({ inputFile, datasetType: 'random_pool', entries: 2 });
    expect(timings.map(({ turns }) => turns)).toEqual([[[null, null]], [[null, null]]]);
  });

  it('of synthetic conversations: the delays that are sent', async () => {
    const changes = { entries: 5, turnsMean: 3, turnsStddev: 1, delayMeanMs: 1000, delayStddevMs: 300 };
    const prompts = { prompt: () => 'text', blocks: () => 'text' };
    const dataset = openDataset(await planDataset({ ...options, ...changes }, () => {}), prompts);
    const timings = await timingsOf(changes);
    expect(timings.map(({ turns }) => turns)).toEqual(
      Array.from({ length: 5 }, (_, index) =>
        dataset.conversation(index).turns.map(({ delayMs }) => [null, delayMs ?? null]),
      ),
    );
    expect(timings.flatMap(({ turns }) => turns).some(([, delayMs]) => Number(delayMs) > 0)).toBe(true);
  });
});
