import { describe, expect, it } from 'vitest';
import { isTrace } from '../../../src/dataset/plan.js';
import { lines, load, refusal, sessions, write } from './load-files.js';

// The rows of the recorded run.
const rows = [
  { chat_id: 159, parent_chat_id: -1, timestamp: 0.1, input_length: 32, output_length: 5, hash_ids: [1, 2] },
  {
    chat_id: 160,
    parent_chat_id: 159,
    timestamp: 0.6,
    input_length: 40,
    output_length: 6,
    hash_ids: [1, 2, 3],
  },
  { chat_id: 161, parent_chat_id: -1, timestamp: 0.3, input_length: 18, output_length: 4, hash_ids: [1, 5] },
];
const none = {
  speedupRatio: 1,
  prefixLenMultiplier: 1,
  prefixRootMultiplier: 1,
  promptLenMultiplier: 1,
  outputLenMultiplier: 1,
  maxIsl: undefined,
  maxOsl: undefined,
  window: { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY },
};

describe('bailian_trace', () => {
  it('has sessions of linked rows, each row complete, times in ms and blocks of 16 tokens', async () => {
    const loaded = await load(write(lines(...rows)));
    expect(isTrace(loaded.plan)).toBe(true);
    expect(sessions(loaded)).toEqual([
      {
        sessionId: '159',
        history: 'self-contained',
        turns: [
          ['1-2 of 16 in 32', 5, 100],
          ['1-2-3 of 16 in 40', 6, 600],
        ],
      },
      { sessionId: '161', history: 'self-contained', turns: [['1-5 of 16 in 18', 4, 300]] },
    ]);
  });

  it('begins a session where the row before is not in the file, and joins branches', async () => {
    const chat = (chat_id: number, parent_chat_id: number) => ({
      ...{ chat_id, parent_chat_id, timestamp: chat_id, input_length: 5, output_length: 1 },
    });
    const { conversations } = await load(
      write(lines(chat(5, 4), chat(6, 5), chat(7, 5), chat(8, 7), chat(9, 9))),
    );
    expect(conversations.map(({ sessionId, turns }) => [sessionId, turns.length])).toEqual([
      ['5', 4],
      ['9', 1],
    ]);
    expect(await refusal(write(lines(chat(5, 4), chat(4, -1))))).toBe(
      'FILE:2: row 4 comes after a row that continues it: sort the file by time',
    );
  });

  it('is changed like any trace', async () => {
    const path = write(lines(...rows));
    const loaded = await load(path, { synthesis: { ...none, speedupRatio: 2, outputLenMultiplier: 3 } });
    // Ids 2, 3 and 5 follow a shared 1; what is not shared gets ids of its own.
    expect(sessions(loaded)).toEqual([
      {
        sessionId: '159',
        history: 'self-contained',
        turns: [
          ['1-2 of 16 in 32', 15, 50],
          ['1-2-6 of 16 in 40', 18, 300],
        ],
      },
      { sessionId: '161', history: 'self-contained', turns: [['1-7 of 16 in 18', 12, 150]] },
    ]);
  });

  it('refuses lengths that do not fit the ids, and names the sizes of blocks that would', async () => {
    const trace = write(lines({ ...rows[1], input_length: 40 }));
    expect(await refusal(trace, { blockSize: 512 })).toBe(
      'FILE:1: input_length 40 does not fit 3 hash_ids of 512 tokens: the last block would have -984 tokens. ' +
        'Blocks of 14 to 19 tokens would fit: set --isl-block-size',
    );
    expect(await refusal(write(lines({ ...rows[1], input_length: 2 })))).toBe(
      'FILE:1: input_length 2 does not fit 3 hash_ids of 16 tokens: the last block would have -30 tokens. ' +
        'No block size fits them: correct the row',
    );
  });

  it.each([
    [{ timestamp: undefined }, 'the row has no timestamp'],
    [{ input_length: -5 }, 'input_length must be at least 0, got -5'],
    [{ output_length: undefined }, 'the row has no output_length'],
    [{ parent_chat_id: 'x' }, 'parent_chat_id must be a number, got "x"'],
    [{ hash_ids: [1.5] }, 'hash_ids[0] must be an integer of at most 64 bits, got 1.5'],
  ])('refuses %j', async (change, problem) => {
    expect(await refusal(write(lines({ ...rows[0], ...change })))).toBe(`FILE:1: ${problem}`);
  });
});
