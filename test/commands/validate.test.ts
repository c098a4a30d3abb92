import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { aiperf } from './in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-validate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let written = 0;
function write(content: string | Buffer, name = 'rows.jsonl'): string {
  const path = join(folder, String(written++), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}
const lines = (...rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** The code and the lines that are printed, with FILE for the path. */
async function validate(path: string, ...options: string[]) {
  const { code, stdout, stderr } = await aiperf('validate', path, ...options);
  return { code, stderr, lines: stdout.replaceAll(path, 'FILE').trimEnd().split('\n') };
}

describe('aiperf validate', () => {
  it('says what a trace is', async () => {
    const path = write(
      lines(
        { timestamp: 500, input_length: 700, output_length: 10, hash_ids: [1, 2], session_id: 's' },
        { delay: 20, input_length: 1024, output_length: 20, hash_ids: [1, 2], session_id: 's' },
        { timestamp: 4000, input_length: 300, output_length: 30 },
      ),
    );
    expect(await validate(path)).toEqual({
      code: 0,
      stderr: '',
      lines: [
        'FILE: mooncake_trace, 3 rows',
        '',
        '  Sessions        2',
        '  Requests        3 (1.5 per session)',
        '  Input tokens    2,024',
        '  Output tokens   at most 60',
        '  Hash ids        512 tokens each, which is 100.0 % of the tokens of their rows',
        '  Time span       4 s',
        '  Fixed schedule  yes',
        '',
        'Notes:',
        '  FILE:2: a hash id stands for a whole block in one row and for a part of it in another',
        '',
        'Every row can be sent.',
      ],
    });
  });

  it('names every bad row in one pass, and what only shows between rows', async () => {
    const path = write(
      Buffer.concat([
        Buffer.from('{"cut\n'),
        Buffer.from(lines({ session_id: 's', input_length: 5, timestamp: 9 }, { input_length: -1 })),
        Buffer.from('{"text_input":"caf\xe9"}\n', 'latin1'),
        Buffer.from(
          lines(
            { session_id: 's', messages: [{ role: 'user', content: 'x' }] },
            { session_id: 's', input_length: 7, timestamp: 4 },
            { input_length: 40, hash_ids: [1, 2, 3] },
            { session_id: 't', text_input: 'four' },
          ),
        ),
      ]),
    );
    const { code, lines: shown } = await validate(path);
    expect(code).toBe(1);
    expect(shown.map((line) => line.replace(/(is not JSON).*/, '$1'))).toEqual([
      'FILE: mooncake_trace, 3 rows',
      '',
      '  Sessions        2',
      '  Requests        3 (1.5 per session)',
      '  Input tokens    12',
      '  Text            4 characters',
      '  Time span       0 s',
      '  Fixed schedule  no: the first turn of the session at FILE:8 has no timestamp',
      '',
      'Notes:',
      '  FILE:6: the time is before that of the turn before it in its session: it is sent after it',
      '  FILE:6: the time is before that of an earlier row',
      '',
      '5 problems:',
      '  FILE:1: the line is not JSON',
      '  FILE:3: input_length must be at least 0, got -1',
      '  FILE:4: the line is not valid UTF-8',
      '  FILE:5: the session s has rows with generated or literal text, and this one has messages',
      '  FILE:7: input_length 40 does not fit 3 hash_ids of 512 tokens: the last block would have -984 tokens. Blocks of 14 to 19 tokens would fit: set --isl-block-size',
    ]);
    const fitting = await validate(path, '--isl-block-size', '12');
    // 36 of 40 tokens.
    expect(fitting.lines).toContain(
      '  Hash ids        12 tokens each, which is 90.0 % of the tokens of their rows; all of them with --isl-block-size 16',
    );
  });

  it('shows the first 100 problems, and all with --all', async () => {
    const path = write(`${lines({ text: 'x' })}${'{}\n'.repeat(103)}`);
    const { lines: some } = await validate(path);
    expect([some.length, some.at(-1)]).toEqual([109, '  3 more: --all shows them']);
    expect((await validate(path, '--all')).lines.at(-1)).toMatch(/^ {2}FILE:104: /);
  });

  it('goes on behind bad rows of a CSV, and refuses wrong columns', async () => {
    const head = 'Timestamp,Request tokens,Response tokens';
    const { lines: shown } = await validate(write(`${head}\n1,5,2\n2,6\n3,-7,1\n4,x,1\n5,8,9`, 'b.csv'));
    expect(shown.slice(-6)).toEqual([
      'Notes:',
      '  FILE:5: Request tokens is no number: the row is skipped',
      '',
      '2 problems:',
      '  FILE:3: Invalid Record Length: columns length is 3, got 2',
      '  FILE:4: Request tokens must be a whole number of tokens from 0 to 10000000, got "-7"',
    ]);
    const wrong = await validate(write('Timestamp,Request tokens\n1,5', 'b.csv'));
    expect([wrong.code, wrong.stderr.includes('the column Response tokens of burst_gpt_trace is')]).toEqual([
      1,
      true,
    ]);
  });

  it('reads lists, graphs and folders', async () => {
    const body = { messages: [{ role: 'user', content: 'x' }] };
    const list = write(
      JSON.stringify(
        {
          data: [
            { session_id: 'a', payloads: [body] },
            { session_id: 'a', payloads: [body] },
          ],
        },
        null,
        1,
      ),
      'inputs.json',
    );
    expect((await validate(list)).lines.slice(-2)).toEqual([
      '1 problem:',
      '  FILE:16: the session_id a is used already at FILE:3',
    ]);
    const cut = write('{"data":[{"session_id":"a","payloads":[{"m":1}]},\n{"ses', 'inputs.json');
    expect((await validate(cut)).lines.slice(-1)).toEqual(['  FILE:2: the array is not closed']);
    const graph = write(lines({ session_id: 'a', turns: [{ ...body, forks: ['b'] }] }));
    expect((await validate(graph)).lines.at(-2)).toBe('1 problem:');
    const files = dirname(write(lines(body, body), 'a.jsonl'));
    writeFileSync(join(files, 'b.jsonl'), lines(body, { type: 'raw_payload' }));
    expect((await validate(files)).lines).toEqual([
      'FILE: raw_payload, 3 rows, 2 files',
      '',
      '  Sessions        2',
      '  Requests        3 (1.5 per session)',
      '  Text            132 characters',
      '  Fixed schedule  no: there are no timestamps',
      '',
      '1 problem:',
      '  FILE/b.jsonl:2: the body has no messages: other bodies are sent as inputs_json',
    ]);
  });
});

describe('what validate says is what a run refuses', () => {
  const refused = async (path: string) => (await validate(path)).stderr.replaceAll(path, 'FILE');

  it('names a broken file once, with what to do', async () => {
    const parquet = readFileSync(new URL('../dataset/loaders/baseten.parquet', import.meta.url));
    const cut = await refused(write(parquet.subarray(0, -9), 'p'));
    expect(cut).toMatch(/│ FILE is not a complete Parquet file: .*copy it again, or export it anew/s);
    const pages = Buffer.concat([parquet.subarray(0, 4), parquet.subarray(30)]);
    expect((await validate(write(pages, 'p'))).lines.at(-1)).toMatch(
      /^ {2}FILE:1: the file is not a complete Parquet file: /,
    );
    expect(await refused(write(gzipSync(parquet), 'p.gz'))).toMatch(/│ FILE is a compressed Parquet file/);
    expect(await refused(write('Timestamp,Request tokens\n1,5', 'c.csv'))).toContain('rename the columns');
    expect(await refused(write('{"data":[{"session_id":"a"', 'j'))).toContain('expected a JSON array');
  });

  it('names the file of a folder of spans', async () => {
    const spans = dirname(write('{"spans":[{}]}', 'a.json'));
    expect((await validate(spans, '--custom-dataset-type', 'otel_spans')).lines.at(-1)).toBe(
      '  FILE/a.json:1: a span has no span_id',
    );
  });

  it('needs the time of an agent only where no other starts it', async () => {
    const turn = { messages: [{ role: 'user', content: 'x' }] };
    const agents = (timestamp?: number) =>
      write(
        lines(
          { session_id: 'b', turns: [turn] },
          { session_id: 'a', turns: [{ ...turn, timestamp: 5, forks: ['b'] }] },
          { session_id: 'c', turns: [{ ...turn, timestamp }] },
        ),
      );
    const schedule = async (path: string) =>
      (await validate(path, '--custom-dataset-type', 'dag_jsonl')).lines.find((line) =>
        line.includes('schedule'),
      );
    expect(await schedule(agents(7))).toBe('  Fixed schedule  yes');
    expect(await schedule(agents())).toBe(
      '  Fixed schedule  no: the first turn of the session at FILE:3 has no timestamp',
    );
  });
});

describe('aiperf validate mooncake-trace', () => {
  const trace = async (...words: string[]) => {
    const { code, stdout } = await aiperf('validate', 'mooncake-trace', ...words);
    return [code, stdout.replace(/ \(.*\)$/m, '')];
  };

  it("has AIPerf's words", async () => {
    expect(await trace(write(lines({ text_input: 'x' })))).toEqual([
      0,
      'Validation passed: 1 rows are Mooncake-compatible.\n',
    ]);
    expect(await trace('nofile.jsonl')).toEqual([1, 'Validation failed: nofile.jsonl is not a file.\n']);
    const bad = write(`${lines({ input_length: 5 })}\n${lines({ input_length: 5, text_input: 'x' })}{`);
    expect(await trace('--input', bad)).toEqual([
      1,
      'Validation failed with 2 error(s):\n' +
        '  Line 3: exactly one of input_length, text_input, messages, payload is expected, got input_length and text_input\n' +
        '  Line 4: the line is not JSON\n',
    ]);
  });
});
