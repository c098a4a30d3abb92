import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { aiperf, sentences, wideAiperf } from '../commands/in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-privacy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function trace(rows: readonly object[]): string {
  const path = join(folder, `${files++}.jsonl`);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

async function check(path: string, ...argv: string[]) {
  const { code, stdout, stderr } = await wideAiperf('trace', 'check-privacy', path, ...argv);
  return { code, lines: (stdout + stderr).trimEnd().split('\n') };
}

const row = { timestamp: 0, input_length: 512, output_length: 64, hash_ids: [0] };
const five = Array.from({ length: 5 }, (_, index) => ({ ...row, timestamp: 1000 * index }));

describe('trace check-privacy', () => {
  it('passes a trace that reveals nothing', async () => {
    const path = trace(five);
    expect(await check(path)).toEqual({ code: 0, lines: [`${path}: 5 rows; passes.`] });
  });

  it.each([
    [{ ...row, text_input: 'hello' }, 'hold a prompt'],
    [{ ...row, comment: 'hello' }, 'have unknown fields, which may hold text (comment)'],
    [{ ...row, turn: 'hello' }, 'have unknown fields, which may hold text (turn)'],
    [{ ...row, turn: 4_155_552_671 }, 'have unknown fields, which may hold text (turn)'],
    [{ ...row, model: 'acme-ft' }, 'name a model other than by numbers in order of appearance'],
    [{ ...row, model: 'model-2' }, 'name a model other than by numbers in order of appearance'],
    [{ ...row, session_id: 'alice' }, 'name a session other than by numbers in order of appearance'],
    [{ ...row, session_id: 415_555_267 }, 'name a session other than by numbers in order of appearance'],
    [{ ...row, conversation: ['0'] }, 'name a session other than by numbers in order of appearance'],
    [{ ...row, hash_ids: [7] }, 'have hash ids that are not numbered in order of appearance'],
    [{ ...row, hash_ids: [0, 1] }, 'have more hash ids than their length allows'],
    [{ ...row, timestamp: 1_767_225_600_000 }, 'have the time of day'],
  ])('finds %j', async (bad, what) => {
    const { code, lines } = await check(trace([...five, bad]), '--threshold', '1');
    expect(code).toBe(1);
    expect(lines[1]).toContain(`1 row (16.7 %) ${what}`);
    expect(lines[1]).toContain(': line 6.');
  });

  it('finds text in the first of two fields of the same name', async () => {
    const path = trace([]);
    writeFileSync(path, '{"input_length":5,"turn":"hello","turn":1}\n');
    const { code, lines } = await check(path, '--threshold', '1');
    expect([code, lines[1]]).toEqual([
      1,
      '  1 row (100.0 %) have unknown fields, which may hold text (a field twice): line 1. Fix: --output drops them.',
    ]);
  });

  it('finds epochs in seconds, but no offset of days', async () => {
    const from = (origin: number) => five.map((one) => ({ ...one, timestamp: origin + one.timestamp }));
    expect((await check(trace(from(1_767_225_000)))).lines[1]).toContain(
      '5 rows (100.0 %) have the time of day',
    );
    expect((await check(trace(from(864_000_000)))).code).toBe(0);
  });

  it.each([
    '{"timestamp":"hunter2"}',
    '{"input_length":"hunter2"}',
    '{"hash_ids":["hunter2"]}',
    '["hunter2"]',
  ])('refuses %s without its value', async (text) => {
    const path = trace([]);
    writeFileSync(path, text);
    const { code, lines } = await check(path);
    expect(code).toBe(1);
    expect(lines.join('')).toContain(`${path}:1: `);
    expect(lines.join('')).not.toContain('hunter2');
  });

  it('finds rare lengths, rare conversations and exact times, up to a share of rows', async () => {
    const conversations = five.map((one, index) => ({ ...one, conversation: Math.max(0, index - 1) }));
    const path = trace([...conversations, { ...row, timestamp: 5001, input_length: 500, output_length: 3 }]);
    const { code, lines } = await check(path);
    expect(code).toBe(1);
    expect(lines.map((line) => line.split(': ')[0])).toEqual([
      path,
      '  1 row (16.7 %) have an input_length that fewer than 5 rows have',
      '  1 row (16.7 %) have an output_length that fewer than 5 rows have',
      // One conversation of two turns, three of one.
      '  5 rows (83.3 %) are of conversations with a number of turns that fewer than 5 have',
      '  1 row (16.7 %) have times exact to less than 1000 ms, which known events can be matched with',
    ]);
    expect((await check(path, '--threshold', '0.84')).code).toBe(0);
    expect((await check(path, '--min-rows', '1', '--time-step', '1')).code).toBe(0);
  });

  it('writes a trace that passes', async () => {
    const path = trace([
      ...five.map((one, index) => ({
        ...one,
        timestamp: one.timestamp + 7,
        input_length: 1000 + index,
        hash_ids: [9, 4],
      })),
      // Rounded down, it loses its third block.
      {
        timestamp: 6500,
        input_length: 1030,
        output_length: 67,
        hash_ids: [9, 4, 2],
        user: 'alice',
        model: 'acme',
      },
      { timestamp: 7000, input_length: 9000, output_length: 64, hash_ids: [1] },
    ]);
    const out = join(folder, 'clean.jsonl');
    const { code, lines } = await check(
      path,
      ...[
        '--output',
        out,
        '--round-lengths',
        '64',
        '--round-output-lengths',
        '8',
        '--round-times',
        '1000',
        '--drop-rare',
      ],
    );
    expect([code, lines]).toEqual([0, [`Wrote 6 of 7 rows to ${out}.`, `${out}: 6 rows; passes.`]]);
    const rows = readFileSync(out, 'utf8').trimEnd().split('\n');
    // 1000 to 1004 and 1030 are nearest to 16 * 64 = 1024, two blocks; the last row was the only one of its length.
    const clean = (timestamp: number) => ({
      timestamp,
      input_length: 1024,
      output_length: 64,
      hash_ids: [0, 1],
    });
    expect(rows.map((text) => JSON.parse(text))).toEqual([
      ...[0, 1000, 2000, 3000, 4000].map(clean),
      { ...clean(6000), model: 'model-1' },
    ]);
  });

  it('adds ids of the blocks that a rounded length has more, the same for the same prompts', async () => {
    const long = { ...row, input_length: 1500, hash_ids: [4, 5, 6] };
    const path = trace([long, { ...long, hash_ids: [4, 5, 7] }, long, { ...long, hash_ids: [] }]);
    const out = join(folder, 'longer.jsonl');
    await check(path, '-o', out, '--round-lengths', '2500');
    const rows = readFileSync(out, 'utf8').trimEnd().split('\n');
    // 2500 tokens are 4 blocks of 512 and a part of a fifth.
    expect(rows.map((text) => JSON.parse(text).hash_ids)).toEqual([
      [0, 1, 2, 3, 4],
      [0, 1, 5, 6, 7],
      [0, 1, 2, 3, 4],
      [],
    ]);
  });

  it('drops rows until none is rare, and conversations as a whole', async () => {
    const turns = (conversation: number, outputs: readonly number[]) =>
      outputs.map((output_length, index) => ({ ...row, output_length, conversation, turn: index + 1 }));
    // Conversation 0 holds a rare output; without it only one of two turns is left.
    const path = trace([turns(0, [64, 1]), turns(1, [64, 64]), turns(2, [64]), turns(3, [64])].flat());
    const out = join(folder, 'dropped.jsonl');
    const { lines } = await check(path, '--min-rows', '2', '-o', out, '--drop-rare', '--drop-fields', 'turn');
    expect(lines[0]).toBe(`Wrote 2 of 6 rows to ${out}.`);
    expect(JSON.parse(readFileSync(out, 'utf8').split('\n')[0] ?? '')).toEqual({ ...row, conversation: 0 });
  });

  it('refuses what it cannot clean', async () => {
    const out = join(folder, 'none.jsonl');
    const refused = async (path: string, ...argv: string[]) => {
      const { code, stderr } = await aiperf('trace', 'check-privacy', path, ...argv);
      expect(code).toBe(1);
      return sentences(stderr);
    };
    expect(await refused(trace(five), '--drop-rare')).toContain('name the file to write with --output');
    expect(await refused(trace([{ text_input: 'hello' }]), '-o', out)).toContain('the row holds a prompt');
    expect(await refused(trace([row]), '-o', out, '--drop-rare')).toContain('nothing is left of the 1 rows');
    expect(await refused(trace(five), '-o', out, '--drop-fields', 'x')).toContain(
      '--drop-fields must be names of fields',
    );
    expect(await refused(trace([]))).toContain('holds no rows');
  });
});
