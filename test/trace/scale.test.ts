import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scaleTrace } from '../../src/trace/scale.js';
import { aiperf, sentences } from '../commands/in-process.js';
import { rowsOf, sharedData, traceFolder } from './trace-files.js';

const { folder, path, write } = traceFolder();
const out = path('out.jsonl');

// 4 rows with times in 6 s: 2/3 requests/s. Gaps 1, 2 and 3 s: mean 2, deviation √(2/3), CV 0.408.
const trace = write(
  'trace.jsonl',
  { timestamp: 1000, input_length: 1, session_id: 'a', hash_ids: [0] },
  { timestamp: 2000, input_length: 2, hash_ids: [0, 1] },
  { delay: 50, input_length: 3, session_id: 'a' },
  { timestamp: 4000, input_length: 4 },
  { timestamp: 7000, input_length: 5 },
);

describe('a scaled trace', () => {
  it('has its time compressed or stretched by one factor; delays stay', async () => {
    const { code, stdout } = await aiperf('trace', 'scale', trace, out, '--rate', '2');
    expect(code).toBe(0);
    expect(rowsOf(out)).toEqual([
      { timestamp: 0, input_length: 1, session_id: 'a', hash_ids: [0] },
      { timestamp: 333.333333, input_length: 2, hash_ids: [0, 1] },
      { delay: 50, input_length: 3, session_id: 'a' },
      { timestamp: 1000, input_length: 4 },
      { timestamp: 2000, input_length: 5 },
    ]);
    expect(stdout).toBe(
      `Wrote 5 rows to ${out}.\n` +
        'Before: 0.67 requests/s over 6.00 s, inter-arrival CV 0.41\n' +
        'After:  2.00 requests/s over 2.00 s, inter-arrival CV 0.41\n',
    );
  });

  it('of copies keeps the time of each, with ids of their own', async () => {
    const { rows, copies } = await scaleTrace(trace, out, {
      ratePerSecond: 4 / 3,
      method: 'keep-time',
      shiftMs: 10,
      seed: 0,
    });
    expect([rows, copies]).toEqual([10, 2]);
    expect(
      rowsOf(out).map(({ timestamp, session_id, hash_ids }) => [timestamp, session_id, hash_ids]),
    ).toEqual([
      [0, '1:a', [0]],
      [10, '2:a', [1]],
      [1000, undefined, [0, 2]],
      [undefined, '1:a', undefined],
      [1010, undefined, [1, 3]],
      [undefined, '2:a', undefined],
      [3000, undefined, undefined],
      [3010, undefined, undefined],
      [6000, undefined, undefined],
      [6010, undefined, undefined],
    ]);
  });

  it('shifts copies by their share of the mean gap', async () => {
    // 2 requests/s are 3 copies; 1.5 s between requests, so 0.5 s between copies.
    expect((await aiperf('trace', 'scale', trace, out, '--rate', '2', '--keep-time')).code).toBe(0);
    const firsts = rowsOf(out).filter(({ input_length }) => input_length === 1);
    expect(firsts.map(({ timestamp }) => timestamp)).toEqual([0, 500, 1000]);
  });

  it('keeps CV and rate when time is scaled, whatever the gaps', async () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 2, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        gaps,
        fc.double({ min: 0.01, max: 1000, noNaN: true }),
        async (some, ratePerSecond) => {
          fc.pre(some.some((gap) => gap > 0));
          let timestamp = 0;
          const file = write(
            'random.jsonl',
            { timestamp, input_length: 1 },
            ...some.map((gap) => {
              timestamp += gap;
              return { timestamp, input_length: 1 };
            }),
          );
          const { before, after } = await scaleTrace(file, out, {
            ratePerSecond,
            method: 'stretch',
            shiftMs: undefined,
            seed: 0,
          });
          // Times are rounded to the nanosecond.
          expect(after.perSecond).toBeCloseTo(ratePerSecond, 3);
          expect(after.cv).toBeCloseTo(before.cv ?? Number.NaN, 3);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('of fewer sessions has exactly the number of rows, and sessions complete', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => ({
      timestamp: i * 10,
      session_id: `s${Math.floor(i / 30) * 10 + (i % 10)}`,
      input_length: 1,
    }));
    const file = write('sessions.jsonl', ...rows);
    const { before } = await scaleTrace(file, out, {
      ratePerSecond: 30,
      method: 'keep-time',
      shiftMs: undefined,
      seed: 1,
    });
    // 3,000 rows in 29.99 s; at 30/s 899.7, which is 300 sessions of 3.
    expect(before.perSecond).toBe(3000 / 29.99);
    const kept = rowsOf(out);
    expect(kept.length).toBe(900);
    const sizes = new Map<string, number>();
    for (const { session_id } of kept) sizes.set(session_id, (sizes.get(session_id) ?? 0) + 1);
    expect([sizes.size, new Set(sizes.values())]).toEqual([300, new Set([3])]);
  });
});

describe('a scale is refused, and no file left', () => {
  const flat = write('flat.jsonl', { timestamp: 5, input_length: 1 }, { timestamp: 5, input_length: 1 });
  const noTime = write('no-time.jsonl', { timestamp: 5, input_length: 1 }, { input_length: 1 });
  const back = write('back.jsonl', { timestamp: 5, input_length: 1 }, { timestamp: 4, input_length: 2 });
  it.each([
    [
      [flat, '--rate', '1'],
      `${flat} has no rate: all its rows are at the same time scale a trace with at least two times`,
    ],
    [
      [noTime, '--rate', '1'],
      `${noTime}:2: the row has no timestamp every row needs one, in ms, but the later ones of a session`,
    ],
    [
      [back, '--rate', '1'],
      `${back}:2: timestamps are not in order: 4 ms after 5 ms in line 1 sort the rows by their time first`,
    ],
    [
      [trace, '--rate', '1000', '--keep-time'],
      '--rate 1000 needs 1500 copies of the trace, 200 is the limit leave out --keep-time, or scale in two steps',
    ],
    [[trace], '--rate is required: give the requests/s to reach, e.g. --rate 20.'],
    [[trace, '--rate', '1', '--shift', '1s'], '--shift is only used with --keep-time.'],
    [
      [trace, '--rate', '0.01', '--keep-time'],
      `no session of ${trace} is left at 0.01 requests/s raise --rate`,
    ],
  ])('%j', async (words, message) => {
    const [file = '', ...rest] = words;
    const { code, stderr } = await aiperf('trace', 'scale', file, path('refused.jsonl'), ...rest);
    expect(code).toBe(1);
    expect(sentences(stderr).replaceAll(' ', '')).toBe(message.replaceAll(' ', ''));
    expect(readdirSync(folder).filter((name) => name.startsWith('refused'))).toEqual([]);
  });
});

it('the Mooncake conversation trace at 20 requests/s keeps its CV', async (context) => {
  const mooncake = sharedData('mooncake/conversation_trace.jsonl');
  if (mooncake === undefined) return context.skip('the Mooncake conversation trace is not there');
  const { stdout } = await aiperf('trace', 'scale', mooncake, out, '--rate', '20');
  expect(stdout).toContain('After:  20.00 requests/s over 601.55 s, inter-arrival CV 3.03');
});
