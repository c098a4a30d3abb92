import { readFileSync } from 'node:fs';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import type { Replay } from '../../../src/dataset/loaders/replay.js';
import { asRecorded, type Pace } from '../../../src/dataset/pace.js';
import { hasTimestamps, isTrace } from '../../../src/dataset/plan.js';
import { lines, load, refusal, sessions, write } from './load-files.js';

const start = 1_700_000_000_000;

/** Two sessions and a row without one; not in the order of their times. */
function columns(): ColumnSource[] {
  return [
    {
      name: 'timestamp_start_unix_ms',
      data: [0, 9000, 4000, 500].map((ms) => BigInt(start + ms)),
      type: 'INT64',
    },
    { name: 'prompt', data: ['a1', 'a2', 'b1', 'alone'], type: 'STRING' },
    { name: 'input_tokens', data: [3, 4, 5, 6].map(BigInt), type: 'INT64' },
    { name: 'output_tokens', data: [10, 20, 0, 40].map(BigInt), type: 'INT64' },
    { name: 'provided_session_id', data: ['a', 'a', 'b', null], type: 'STRING' },
    { name: 'total_hashes', data: [[7, 8], [7, 8, 9], [], []], type: 'JSON' },
    { name: 'block_size', data: [64, 64, 64, 64].map(BigInt), type: 'INT64' },
    { name: 'duration_e2e_ms', data: [2000, 1000, 1000, 1000].map(BigInt), type: 'INT64' },
    { name: 'cached_tokens_reference', data: [0, 0, 0, 0].map(BigInt), type: 'INT64' },
  ];
}

function parquet(columnData = columns(), options: object = {}): Buffer {
  return Buffer.from(parquetWriteBuffer({ columnData, ...options }));
}

const recorded: Replay = {
  closedLoop: false,
  strict: false,
  omitsMinTokens: false,
  omitsHints: false,
};

describe('baseten_trace', () => {
  it.each([
    ['uncompressed', { codec: 'UNCOMPRESSED' }],
    ['snappy', { codec: 'SNAPPY' }],
    ['in row groups of 3', { rowGroupSize: 3 }],
  ])('%s: recorded prompts at their times, sessions by id, with hints for routers', async (_, options) => {
    const loaded = await load(write(parquet(columns(), options), 'trace.parquet'));
    expect([isTrace(loaded.plan), hasTimestamps(loaded.plan)]).toEqual([true, true]);
    expect(sessions(loaded)).toEqual([
      {
        sessionId: 'a',
        history: 'self-contained',
        turns: [
          ['a1', 10, 0],
          ['a2', 20, 9000],
        ],
      },
      { sessionId: 'session_000001', history: 'self-contained', turns: [['alone', 40, 500]] },
      { sessionId: 'b', history: 'self-contained', turns: [['b1', 1, 4000]] },
    ]);
    expect(loaded.conversations.map(({ turns }) => turns.map(({ extra }) => extra))).toEqual([
      [
        { min_tokens: 10, hash_ids: [7, 8], block_size: 64 },
        { min_tokens: 20, hash_ids: [7, 8, 9], block_size: 64 },
      ],
      [{ min_tokens: 40, block_size: 64 }],
      [{ min_tokens: 1, block_size: 64 }],
    ]);
  });

  const turnsOf = async (pace: Partial<Pace>, replay: Partial<Replay> = {}) =>
    sessions(
      await load(write(parquet(), 'trace.parquet'), {
        replay: { ...recorded, ...replay },
        pace: { ...asRecorded, maxDelayMs: 6000, ...pace },
      }),
    );

  it('leaves hints out, and makes every row a session', async () => {
    const { conversations } = await load(write(parquet(), 'a.parquet'), {
      replay: { ...recorded, strict: true, omitsHints: true, omitsMinTokens: true },
    });
    expect(
      conversations.map(({ turns }) => turns.map(({ extra, timestampMs }) => [extra, timestampMs])),
    ).toEqual([[[{}, 0]], [[{}, 500]], [[{}, 4000]], [[{}, 9000]]]);
  });

  it('changes times: faster, without long gaps, or after responses', async () => {
    // At twice the speed: 0, 250, 2000, 4500; gaps of at most 1 s: 0, 250, 1250, 2250.
    expect(await turnsOf({ speedup: 2, maxIdleMs: 1000 })).toMatchObject([
      {
        turns: [
          ['a1', 10, 0],
          ['a2', 20, 2250],
        ],
      },
      { turns: [['alone', 40, 250]] },
      { turns: [['b1', 1, 1250]] },
    ]);
    // 9 s after the start of a1, which took 2 s: 7 s to think, capped to 6.
    expect(await turnsOf({}, { closedLoop: true })).toMatchObject([
      {
        turns: [
          ['a1', 10, 0],
          ['a2', 20, undefined, 6000],
        ],
      },
      { turns: [['alone', 40, 500]] },
      { turns: [['b1', 1, 4000]] },
    ]);
    // All of it at twice the speed: 3.5 s; gaps between first turns of at most 1 s.
    expect(await turnsOf({ speedup: 2, maxIdleMs: 1000 }, { closedLoop: true })).toMatchObject([
      {
        turns: [
          ['a1', 10, 0],
          ['a2', 20, undefined, 3500],
        ],
      },
      { turns: [['alone', 40, 250]] },
      { turns: [['b1', 1, 1250]] },
    ]);
  });

  it('reads what pyarrow writes', async () => {
    // Two rows, zstd, int64, a list of uint64: see the file beside.
    const bytes = readFileSync(new URL('./baseten.parquet', import.meta.url));
    const loaded = await load(write(bytes, 'trace.parquet'));
    expect(sessions(loaded)).toEqual([
      {
        sessionId: '5',
        history: 'self-contained',
        turns: [
          ['def f():', 3, 0],
          ['def g():', 4, 1500],
        ],
      },
    ]);
    expect(loaded.conversations[0]?.turns[1]?.extra).toEqual({
      min_tokens: 4,
      hash_ids: [1, 2],
      block_size: 64,
    });
  });

  it('refuses what is cut, of other columns, or cannot be sent', async () => {
    const whole = parquet();
    const cut = write(whole.subarray(0, whole.length - 20), 'trace.parquet');
    expect(await refusal(cut)).toMatch(/^FILE is not a complete Parquet file: /);
    const broken = Buffer.from(whole);
    broken.fill(0xff, 4, 60);
    expect(await refusal(write(broken, 'trace.parquet'))).toMatch(/^FILE is not a complete Parquet file: /);
    const without = (name: string) => columns().filter((column) => column.name !== name);
    expect(await refusal(write(parquet(without('prompt')), 'trace.parquet'))).toMatch(
      /^FILE: the column prompt of baseten_trace is missing; there are timestamp_start_unix_ms, input_tokens, /,
    );
    const changed = (name: string, data: ColumnSource['data']) =>
      parquet(columns().map((column) => (column.name === name ? { ...column, data } : column)));
    expect(await refusal(write(changed('output_tokens', [1n, 2n, -3n, 4n]), 'trace.parquet'))).toBe(
      'FILE:3: output_tokens must be at least 0, got -3',
    );
    expect(await refusal(write(changed('prompt', ['a', '', 'c', 'd']), 'trace.parquet'))).toBe(
      'FILE:2: the row has no prompt',
    );
    const path = write('ARROW1\0\0', 'trace.arrow');
    expect(await refusal(path)).toBe('FILE is an Arrow file, which cannot be read');
    expect(await refusal(write(lines({ text: 'x' })), { datasetType: 'baseten_trace' })).toMatch(
      /^FILE is not Parquet with the columns timestamp_start_unix_ms, prompt, input_tokens, output_tokens, as/,
    );
  });
});
