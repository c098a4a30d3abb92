import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { aiperf, sentences } from '../commands/in-process.js';
import { rowsOf, traceFolder } from './trace-files.js';

const { folder, path, write } = traceFolder();

const row = (timestamp: number, session: string | undefined, isl: number, osl: number, more = {}) => ({
  timestamp,
  ...(session === undefined ? {} : { session_id: session }),
  input_length: isl,
  output_length: osl,
  ...more,
});
const trace = write(
  'trace.jsonl',
  row(1000, 'a', 100, 10, { model: 'small', user: 'u' }),
  row(2000, 'b', 200, 20),
  row(3000, undefined, 300, 30, { model: 'large' }),
  row(4000, 'a', 400, 40, { model: 'small', user: 'u' }),
  '{"session_id": "a", "delay": 5,  "input_length":500,"output_length":50,"hash_ids":[18446744073709551615]}',
  row(6000, 'b', 600, 60),
  row(7000, 'c', 700, 70),
);

/** Input lengths in hundreds of the rows that are kept. */
async function kept(...words: string[]) {
  const out = path('out.jsonl');
  const { code, stdout, stderr } = await aiperf('trace', 'filter', trace, out, ...words);
  expect([code, stderr]).toEqual([0, '']);
  return { stdout, rows: rowsOf(out).map(({ input_length }) => input_length / 100) };
}

describe('a filtered trace', () => {
  it.each([
    ['--max-isl 450', [3]], // Sessions a, b and c have longer prompts.
    ['--max-isl 450 --by-row', [1, 2, 3, 4]],
    ['--min-isl 300 --max-isl 600 --by-row', [3, 4, 5, 6]],
    ['--min-osl 20 --max-osl 60', [2, 3, 6]],
    // The range starts at the first row, at 1,000 ms: session b starts at 1 s, and ends beyond the range.
    ['--start 1s --end 3s', [2, 3, 6]],
    ['--start 1s --end 3s --by-row', [2, 3]],
    // The row without a timestamp is at the time of the row before it.
    ['--start 3s --end 4s --by-row', [4, 5]],
    ['--session a,c', [1, 4, 5, 7]],
    ['--multi-turn', [1, 2, 4, 5, 6]],
    ['--model large', [3]],
    ['--model small --by-row', [1, 4]],
    ['--drop-user u', [2, 3, 6, 7]],
    ['--drop-user u --by-row', [2, 3, 5, 6, 7]],
    ['--multi-turn --min-isl 200', [2, 6]],
  ])('%s', async (words, rows) => {
    expect((await kept(...words.split(' '))).rows).toEqual(rows);
  });

  it('has its rows as they are written, and says what is left', async () => {
    const { stdout } = await kept('--session', 'a');
    const lines = readFileSync(trace, 'utf8').split('\n');
    expect(readFileSync(path('out.jsonl'), 'utf8')).toBe(`${lines[0]}\n${lines[3]}\n${lines[4]}\n`);
    expect(stdout).toBe(`Wrote 3 of 7 rows (1 of 4 sessions) to ${path('out.jsonl')}.\n`);
  });

  it('is the same sample again for a seed, of complete sessions', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => row(i, `s${i % 500}`, 1, 1));
    const file = write('many.jsonl', ...many);
    const sample = async (seed: string) => {
      const out = path('sample.jsonl');
      expect((await aiperf('trace', 'filter', file, out, '--sample', '0.25', '--seed', seed)).code).toBe(0);
      return rowsOf(out).map(({ session_id }) => session_id);
    };
    const first = await sample('7');
    const sessions = new Set(first);
    // 500 sessions at 0.25: 125 expected, standard deviation 9.7; four of them each way.
    expect(sessions.size).toBeGreaterThan(86);
    expect(sessions.size).toBeLessThan(164);
    expect(first.length).toBe(4 * sessions.size);
    expect(await sample('7')).toEqual(first);
    expect(await sample('8')).not.toEqual(first);
  });
});

describe('a filter is refused, and no file left', () => {
  const noTime = write('no-time.jsonl', { input_length: 2 });
  const texts = write('texts.jsonl', { timestamp: 0, text_input: 'a' });
  const negative = write('negative.jsonl', row(0, 'a', 1, 1), row(1, 'a', 1, -1));
  it.each([
    [
      [noTime, '--end', '1s'],
      `${noTime}:1: the row has no timestamp a time range needs one, in ms, on every row but the later ones of a session`,
    ],
    [
      [texts, '--max-isl', '9'],
      `${texts}:1: the row has no input_length add the length, or leave its bounds out`,
    ],
    [[negative], `${negative}:2: output_length must be at least 0, got -1`],
    [[trace, '--max-osl', '5'], `none of the 7 rows of ${trace} is left choose wider conditions`],
    [[trace, '--start', '2s', '--end', '1s'], '--end must be after --start, 2 s, got 1 s.'],
  ])('%j', async (words, message) => {
    const [file = '', ...rest] = words;
    const { code, stderr } = await aiperf('trace', 'filter', file, path('refused.jsonl'), ...rest);
    expect(code).toBe(1);
    expect(sentences(stderr).replaceAll(' ', '')).toBe(message.replaceAll(' ', ''));
    expect(readdirSync(folder).filter((name) => name.startsWith('refused'))).toEqual([]);
  });
});
