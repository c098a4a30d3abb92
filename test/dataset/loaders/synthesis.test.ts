import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mooncakeTrace } from '../../../src/dataset/loaders/mooncake-trace.js';
import { readRowFile, rowCount, rowText } from '../../../src/dataset/loaders/row-file.js';
import { type Synthesis, synthesised } from '../../../src/dataset/loaders/synthesis.js';
import { planDataset } from '../../../src/dataset/plan.js';
import { turnTimings } from '../../../src/dataset/turn-timings.js';
import { fixedSchedule } from '../../../src/schedule/fixed-schedule.js';
import { options } from '../options.js';

const path = join(mkdtempSync(join(tmpdir(), 'aiperf-synthesis-')), 'trace.jsonl');
const none: Synthesis = {
  speedupRatio: 1,
  prefixLenMultiplier: 1,
  prefixRootMultiplier: 1,
  promptLenMultiplier: 1,
  outputLenMultiplier: 1,
  maxIsl: undefined,
  maxOsl: undefined,
  window: { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY },
};

const context = { blockSize: 10, textName: '', warn: () => {} };

/** The rows that a synthesis makes of others, with blocks of 10 tokens. */
async function made(rows: readonly object[], synthesis: Partial<Synthesis>) {
  writeFileSync(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  const file = synthesised(await readRowFile(path), mooncakeTrace, context, { ...none, ...synthesis });
  return Array.from({ length: rowCount(file) }, (_, row) => JSON.parse(rowText(file, row)));
}

// Shared by all: the ids 1 and 2, 20 tokens. Behind them 5, 8 and 0 tokens.
const three = [
  { timestamp: 0, input_length: 25, output_length: 5, hash_ids: [1, 2, 3] },
  { timestamp: 101, input_length: 28, output_length: 7, hash_ids: [1, 2, 4], extra: { a: 'ü' } },
  { timestamp: 250, input_length: 20, output_length: 1, hash_ids: [1, 2] },
];

function prompts(rows: readonly { input_length: number; hash_ids: number[] }[]) {
  return rows.map(({ input_length, hash_ids }) => [input_length, ...hash_ids]);
}

describe('the synthesis of a trace', () => {
  it('divides times and drops fractions; what is not shared gets ids of its own', async () => {
    expect(await made(three, { speedupRatio: 2 })).toEqual([
      { timestamp: 0, input_length: 25, output_length: 5, hash_ids: [1, 2, 5] },
      { timestamp: 50, input_length: 28, output_length: 7, hash_ids: [1, 2, 6], extra: { a: 'ü' } },
      { timestamp: 125, input_length: 20, output_length: 1, hash_ids: [1, 2] },
    ]);
    expect((await made(three, { speedupRatio: 0 })).map(({ timestamp }) => timestamp)).toEqual([0, 101, 250]);
  });

  it.each<[string, Partial<Synthesis>, number[][]]>([
    // Each shared id becomes two.
    [
      'prefixes twice as long',
      { prefixLenMultiplier: 2 },
      [
        [45, 1, 5, 2, 6, 7],
        [48, 1, 5, 2, 6, 8],
        [40, 1, 5, 2, 6],
      ],
    ],
    // 2 × 1.5: a third block, which all share who share the two.
    [
      'prefixes half as long again',
      { prefixLenMultiplier: 1.5 },
      [
        [35, 1, 2, 5, 6],
        [38, 1, 2, 5, 7],
        [30, 1, 2, 5],
      ],
    ],
    [
      'prefixes half as long',
      { prefixLenMultiplier: 0.5 },
      [
        [15, 1, 5],
        [18, 1, 6],
        [10, 1],
      ],
    ],
    [
      'prefixes of at least a block',
      { prefixLenMultiplier: 0 },
      [
        [15, 1, 5],
        [18, 1, 6],
        [10, 1],
      ],
    ],
    // 5 × 3 and 8 × 3 tokens behind them.
    [
      'prompts three times as long',
      { promptLenMultiplier: 3 },
      [
        [35, 1, 2, 5, 6],
        [44, 1, 2, 7, 8, 9],
        [20, 1, 2],
      ],
    ],
    [
      'prompts without an end',
      { promptLenMultiplier: 0 },
      [
        [20, 1, 2],
        [20, 1, 2],
        [20, 1, 2],
      ],
    ],
    [
      'prompts cut to a length',
      { promptLenMultiplier: 3, maxIsl: 30 },
      [
        [30, 1, 2, 5],
        [30, 1, 2, 6],
        [20, 1, 2],
      ],
    ],
    // The largest id is 6, so the second tree stands 7 higher.
    [
      'two trees',
      { prefixRootMultiplier: 2 },
      [
        [25, 1, 2, 5],
        [28, 8, 9, 13],
        [20, 1, 2],
      ],
    ],
    [
      'long prompts dropped',
      { maxIsl: 25 },
      [
        [25, 1, 2, 3],
        [20, 1, 2],
      ],
    ],
  ])('%s', async (_, synthesis, expected) => {
    expect(prompts(await made(three, synthesis))).toEqual(expected);
  });

  it('keeps the size of a shared part block, where it stays the last one', async () => {
    const same = [1, 2].map(() => ({ input_length: 15, hash_ids: [1, 2] }));
    expect(prompts(await made(same, { speedupRatio: 5 }))[1]).toEqual([15, 1, 2]);
    // 4 blocks without the 5 tokens that the last one lacks.
    expect(prompts(await made(same, { prefixLenMultiplier: 2 }))[1]).toEqual([35, 1, 3, 2, 4]);
    expect(prompts(await made(same, { prefixLenMultiplier: 0.5 }))[1]).toEqual([10, 1]);
  });

  it('scales answers, half to even, at least 1, and cuts them last', async () => {
    const outputs = (rows: { output_length: number }[]) => rows.map(({ output_length }) => output_length);
    // 2.5, 3.5 and 0.5.
    expect(outputs(await made(three, { outputLenMultiplier: 0.5 }))).toEqual([2, 4, 1]);
    expect(outputs(await made(three, { outputLenMultiplier: 2, maxOsl: 9 }))).toEqual([9, 9, 2]);
    expect(outputs(await made(three, { maxOsl: 6 }))).toEqual([5, 6, 1]);
  });

  it('leaves prompts without ids alone', async () => {
    const bare = [
      { timestamp: 9, input_length: 25 },
      { text_input: 'x', delay: 7 },
    ];
    expect(await made(bare, { promptLenMultiplier: 3, prefixRootMultiplier: 2, speedupRatio: 2 })).toEqual([
      { timestamp: 4, input_length: 25 },
      { text_input: 'x', delay: 7 },
    ]);
  });

  it('looks at what the window leaves: a row without a time goes with its session', async () => {
    const rows = [
      { timestamp: 0, session_id: 'a', input_length: 25, hash_ids: [1, 2, 3] },
      { delay: 1, session_id: 'a', input_length: 25, hash_ids: [1, 2, 4] },
      { timestamp: 100, session_id: 'b', input_length: 12, hash_ids: [1, 2] },
      { delay: 1, session_id: 'b', input_length: 12, hash_ids: [1, 7] },
      { timestamp: 201, input_length: 12, hash_ids: [1, 7] },
    ];
    // Only 1 is there twice now: behind it 2 tokens each.
    expect(await made(rows, { window: { fromMs: 50, toMs: 200 }, promptLenMultiplier: 2 })).toEqual([
      { timestamp: 100, session_id: 'b', input_length: 14, hash_ids: [1, 8] },
      { delay: 1, session_id: 'b', input_length: 14, hash_ids: [1, 9] },
    ]);
  });

  it('is refused where it leaves nothing, and names the line of a malformed row', async () => {
    await expect(made(three, { maxIsl: 10 })).rejects.toThrow(`no row of ${path} is left`);
    const long = [{ input_length: 1_000_000, hash_ids: Array.from({ length: 100_000 }, (_, i) => i) }];
    await expect(made(long, { promptLenMultiplier: 11 })).rejects.toThrow(
      `${path}:1: --synthesis-* makes a prompt of 11000000 tokens: at most 10000000 are sent`,
    );
    await expect(made([...long, ...long], { prefixLenMultiplier: 1000 })).rejects.toThrow(
      `${path}:1: --synthesis-* makes a prompt of 1000000000 tokens: at most 10000000 are sent`,
    );
    await expect(made([...three, { input_length: 'x' }], {})).rejects.toThrow(
      `${path}:4: input_length must be a number, got "x"`,
    );
  });

  it('is what the run sends: lengths, caps and times', async () => {
    writeFileSync(path, three.map((row) => JSON.stringify(row)).join('\n\n'));
    const synthesis = { ...none, speedupRatio: 2, promptLenMultiplier: 3, maxIsl: 25 };
    const plan = await planDataset({ ...options, inputFile: path, blockSize: 10, synthesis }, () => {});
    const timings = turnTimings(plan);
    // 28 is dropped; the others have 20 shared tokens and 15 or 0 more, cut to 25.
    expect(plan.kind === 'rows' && plan.generatedTokens).toBe(45);
    expect(timings.nameOf(1)).toMatch(/trace\.jsonl:5\)$/);
    expect([...fixedSchedule(timings).dueNs]).toEqual([0, 125e6]);
  });
});
