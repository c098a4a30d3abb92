import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { planDataset } from '../../src/dataset/plan.js';
import { turnTimings } from '../../src/dataset/turn-timings.js';
import { fixedSchedule } from '../../src/schedule/fixed-schedule.js';
import { aiperf, sentences } from '../commands/in-process.js';
import { options } from '../dataset/options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-cut-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const out = join(folder, 'out.jsonl');

function trace(name: string, ...rows: readonly (object | string)[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join(''));
  return path;
}

async function cut(file: string, ...words: string[]) {
  const { code, stdout, stderr } = await aiperf('trace', 'cut', file, out, ...words);
  expect([code, stderr]).toEqual([0, '']);
  return { stdout, rows: rowsOf(readFileSync(out, 'utf8')) };
}

function rowsOf(text: string) {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

// Times count from the first row, which is not at 0.
const times = [1000, 31_000, 61_001, 91_000, 121_000];
const lengths = [100, 5000, 200, 300, 400];
const five = trace(
  'five.jsonl',
  ...times.map((timestamp, i) => ({
    timestamp,
    input_length: lengths[i],
    output_length: 9,
    hash_ids: [0, i],
    extra: { a: [1] },
  })),
);

describe('a cut', () => {
  it('keeps the rows from the start to before the end; its first is at 0, the rest of a row as it was', async () => {
    const { stdout, rows } = await cut(five, '--start', '30s', '--end', '2m', '--speedup', '5');
    expect(rows).toEqual([
      { timestamp: 0, input_length: 5000, output_length: 9, hash_ids: [0, 1], extra: { a: [1] } },
      // 30,001 / 5 and 60,000 / 5.
      { timestamp: 6000.2, input_length: 200, output_length: 9, hash_ids: [0, 2], extra: { a: [1] } },
      { timestamp: 12_000, input_length: 300, output_length: 9, hash_ids: [0, 3], extra: { a: [1] } },
    ]);
    expect(stdout).toBe(`Wrote 3 of 5 rows to ${out}, from 0 to 12.00 s.\n`);
  });

  it('leaves all but the time as it is written: spaces, digits, and ids of 64 bits', async () => {
    const ids = '[18446744073709551615, 9007199254740993]';
    const file = trace(
      'u64.jsonl',
      `{"timestamp": 5, "input_length":1024,"output_length":8.0 ,"hash_ids":${ids} }`,
      `{"session_id":"\\u0061\\"timestamp\\":7","x":{"timestamp":3},"input_length":1024,"timestamp":15}`,
    );
    await cut(file, '--speedup', '4');
    expect(readFileSync(out, 'utf8')).toBe(
      `{"timestamp": 0, "input_length":1024,"output_length":8.0 ,"hash_ids":${ids} }\n` +
        `{"session_id":"\\u0061\\"timestamp\\":7","x":{"timestamp":3},"input_length":1024,"timestamp":2.5}\n`,
    );
  });

  it('of everything changes nothing but where time begins', async () => {
    const { rows } = await cut(five);
    expect(rows.map(({ timestamp }) => timestamp)).toEqual([0, 30_000, 60_001, 90_000, 120_000]);
  });

  it.each([
    ['31s', 2],
    ['30001ms', 2],
    ['1m', 2],
    ['1.5min', 3],
    ['.03h', 4],
  ])('until %s keeps %d rows', async (end, kept) => {
    // Rows are at 0, 30, 60.001, 90 and 120 s.
    expect((await cut(five, '--end', end)).rows).toHaveLength(kept);
  });

  it('leaves prompts out that are too long', async () => {
    const { stdout, rows } = await cut(five, '--max-isl', '300');
    expect(rows.map(({ input_length }) => input_length)).toEqual([100, 200, 300]);
    expect(stdout).toContain('2 are skipped: longer than 300 tokens.');
  });

  it('keeps a row without a time with the one before it in its session', async () => {
    const sessions = trace(
      'sessions.jsonl',
      { timestamp: 0, session_id: 'a', input_length: 1 },
      { timestamp: 5000, session_id: 'b', input_length: 2 },
      { delay: 700, session_id: 'a', input_length: 3 },
      { delay: 800, session_id: 'b', input_length: 4 },
      { timestamp: 9000, session_id: 'a', input_length: 5 },
    );
    const { rows } = await cut(sessions, '--start', '4000ms', '--end', '9s', '--speedup', '2');
    expect(rows).toEqual([
      { timestamp: 0, session_id: 'b', input_length: 2 },
      { delay: 800, session_id: 'b', input_length: 4 },
    ]);
  });

  it('draws the same sample again, whatever the window, and sessions as wholes', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({
      timestamp: i,
      input_length: i + 1,
      session_id: `s${i % 500}`,
    }));
    const file = trace('many.jsonl', ...many);
    const drawn = async (...words: string[]) =>
      (await cut(file, '--sample', '0.25', ...words)).rows.map(({ input_length }) => input_length);
    const first = await drawn();
    // 500 sessions at 0.25: 125 expected, standard deviation 9.7; four of them each way.
    expect(first.length / 2).toBeGreaterThan(86);
    expect(first.length / 2).toBeLessThan(164);
    const half = first.length / 2;
    expect(first.slice(half)).toEqual(first.slice(0, half).map((length: number) => length + 500));
    expect(await drawn('--start', '500ms')).toEqual(first.slice(half));
    expect(await drawn('--random-seed', '1')).not.toEqual(first);
  });

  it('is written in gzip where its name says so', async () => {
    const path = join(folder, 'out.jsonl.gz');
    expect((await aiperf('trace', 'cut', five, path, '--end', '1s')).code).toBe(0);
    expect(rowsOf(gunzipSync(readFileSync(path)).toString())).toEqual([
      { timestamp: 0, input_length: 100, output_length: 9, hash_ids: [0, 0], extra: { a: [1] } },
    ]);
  });
});

describe('a cut is refused, and no file left', () => {
  const noTime = trace('no-time.jsonl', { timestamp: 0, input_length: 1 }, { input_length: 2 });
  const back = trace('back.jsonl', { timestamp: 5, input_length: 1 }, { timestamp: 4, input_length: 2 });
  const broken = trace('broken.jsonl', { timestamp: 5, input_length: 1 }, '', '{"timestamp": 6');
  const wrong = trace('wrong.jsonl', { timestamp: '5', input_length: 1 });
  const csv = trace('other.csv', 'TIME,ContextTokensX');
  const negative = trace(
    'negative.jsonl',
    '{"timestamp":5,"input_length":1}',
    '{"timestamp":6,"input_length":-5}',
  );
  const texts = trace('texts.jsonl', { timestamp: 0, text_input: 'a' });
  it.each([
    [
      [noTime],
      `${noTime}:2: the row has no timestamp a cut needs one, in ms, on every row but the later ones of a session`,
    ],
    [
      [back],
      `${back}:2: timestamps are not in order: 4 ms after 5 ms in line 1 sort the rows by their time first`,
    ],
    [[wrong], `${wrong}:1: timestamp must be a number, got "5"`],
    [
      [five, '--start', '200s'],
      `the cut is empty: the 5 rows of ${five} run from 0 to 120 s after the first choose --start, --end, --max-isl and --sample so that some are left`,
    ],
    [
      [five, '--max-isl', '10'],
      `the cut is empty: the 5 rows of ${five} run from 0 to 120 s after the first; 5 are longer than --max-isl choose --start, --end, --max-isl and --sample so that some are left`,
    ],
    [
      [texts, '--max-isl', '10'],
      `${texts}:1: the row has no input_length leave --max-isl out, or add the length of the prompt`,
    ],
    [[five, '--start', '9s', '--end', '9000ms'], '--end must be after --start, 9 s, got 9 s.'],
    [[five, '--end', '300'], "--end must be a time with its unit, such as 300s, 5m, 1h or 250ms, got '300'."],
    [[five, '--speedup', '0'], '--speedup must be a number above 0, got 0.'],
  ])('%j', async (words, message) => {
    const path = join(folder, 'refused.jsonl');
    const [file = '', ...rest] = words;
    const { code, stdout, stderr } = await aiperf('trace', 'cut', file, path, ...rest);
    expect([code, stdout]).toEqual([1, '']);
    // The panel breaks long words.
    expect(sentences(stderr).replaceAll(' ', '')).toBe(message.replaceAll(' ', ''));
    expect(readdirSync(folder).filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  it.each([
    ['broken JSON', [broken], `${broken}:3: the line is not JSON (`],
    ['CSV', [csv], `${csv}:1: the columns TIME, ContextTokensX are of no known trace`],
    ['a negative length', [negative], `${negative}:2: input_length must be at least 0, got -5`],
    ['no file to write', [five], '<out> is required: name the file to write.'],
    ['the file itself', [five, five], `${five} would be overwritten while it is read`],
    ['a folder that is not there', [five, join(folder, 'no', 'out')], 'cannot be written: ENOENT'],
  ])('%s', async (name, words, part) => {
    const path = ['broken JSON', 'CSV', 'a negative length'].includes(name)
      ? [join(folder, 'refused.jsonl')]
      : [];
    const { code, stderr } = await aiperf('trace', 'cut', ...words, ...path);
    expect(code).toBe(1);
    expect(sentences(stderr).replaceAll(' ', '')).toContain(part.replaceAll(' ', ''));
    expect(readdirSync(folder).filter((file) => file.startsWith('refused'))).toEqual([]);
  });
});

const mooncake = fileURLToPath(
  new URL('../../../shared/data/mooncake/conversation_trace.jsonl', import.meta.url),
);

it('five minutes of the Mooncake conversation trace at five times the speed are a schedule of a minute', async (context) => {
  if (!existsSync(mooncake)) return context.skip('the Mooncake conversation trace is not there');
  const { stdout, rows } = await cut(mooncake, '--start', '0', '--end', '300s', '--speedup', '5');
  expect(stdout).toBe(`Wrote 918 of 12,031 rows to ${out}, from 0 to 59.40 s.\n`);
  const originals = rowsOf(readFileSync(mooncake, 'utf8')).slice(0, 918);
  expect(rows.map(({ timestamp, ...rest }) => ({ ...rest, timestamp: timestamp * 5 }))).toEqual(originals);
  const plan = await planDataset({ ...options, inputFile: out }, () => {});
  const { dueNs } = fixedSchedule(turnTimings(plan));
  expect([dueNs.length, dueNs[0], dueNs.at(-1)]).toEqual([918, 0, 59_400e6]);
});
