import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { aiperf, sentences } from '../commands/in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-convert-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function convert(from: string, ...words: string[]) {
  const out = join(folder, 'out.jsonl');
  const { code, stdout, stderr } = await aiperf('trace', 'convert', from, out, ...words);
  expect([code, stderr]).toEqual([0, '']);
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
  return { said: stdout.replace(out, 'OUT'), rows: lines.map((line) => JSON.parse(line)) };
}

describe('a conversion', () => {
  it("of Azure's CSV keeps steps of 100 ns, in CRLF, with quotes, without a last newline", async () => {
    const azure = file(
      'azure.csv',
      '\ufeffTIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n' +
        '"2023-11-16 18:15:46.6805901","396",109\r\n\r\n2023-11-17 00:00:00.0000000,879,55',
    );
    expect(await convert(azure)).toEqual({
      said: 'Wrote 3 rows of azure to OUT.\n',
      rows: [
        { timestamp: 0, input_length: 374, output_length: 44 },
        { timestamp: 0.0001, input_length: 396, output_length: 109 },
        // 5 h 44 min 13.31941 s.
        { timestamp: 20_653_319.41, input_length: 879, output_length: 55 },
      ],
    });
  });

  it("of Azure's later CSV, with a time zone and other columns", async () => {
    const azure = file(
      'azure-2024.csv',
      'TIMESTAMP,Other,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,x,1,2\n' +
        '2024-05-10 02:00:01.009930+02:00,x,3,4\n',
    );
    const { rows } = await convert(azure, '--from', 'azure');
    expect(rows).toEqual([
      { timestamp: 0, input_length: 1, output_length: 2 },
      { timestamp: 1000, input_length: 3, output_length: 4 },
    ]);
  });

  it('of BurstGPT leaves failed requests out', async () => {
    const burst = file(
      'burst.csv',
      'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n' +
        '6,ChatGPT,99,0,99,Conversation log\n45.25,GPT-4,1087,230,1317,"API log, long"\n',
    );
    expect(await convert(burst)).toEqual({
      said: 'Wrote 2 rows of burst_gpt to OUT.\n1 without input or output tokens are skipped.\n',
      rows: [
        { timestamp: 0, input_length: 472, output_length: 18 },
        { timestamp: 40_250, input_length: 1087, output_length: 230 },
      ],
    });
  });

  it('keeps ids of 64 bits apart', async () => {
    const row = '"chat_id":1,"parent_chat_id":-1,"timestamp":1,"input_length":16,"output_length":2,"turn":1';
    await convert(file('u64.jsonl', `{${row},"hash_ids":[18446744073709551615]}\n`));
    expect(readFileSync(join(folder, 'out.jsonl'), 'utf8')).toBe(
      '{"timestamp":0,"input_length":16,"output_length":2,"hash_ids":[18446744073709551615]}\n',
    );
  });

  it('of Bailian keeps its blocks and says how large they are; every row stands by itself', async () => {
    const row = '"parent_chat_id":-1,"input_length":33,"output_length":132,"type":"text","turn":1';
    const bailian = file(
      'bailian.jsonl',
      `{"chat_id":159,"timestamp":61.114,${row},"hash_ids":[5,6,7]}\n{"chat_id":160,"timestamp":61.5,${row}}\n`,
    );
    const { said, rows } = await convert(bailian);
    expect(rows).toEqual([
      { timestamp: 0, input_length: 33, output_length: 132, hash_ids: [5, 6, 7] },
      { timestamp: 386, input_length: 33, output_length: 132 },
    ]);
    expect(said).toBe(
      'Wrote 2 rows of bailian to OUT.\nEach hash id covers 16 tokens: aiperf profile needs --isl-block-size 16, aiperf trace stats --block-size 16.\n',
    );
  });
});

describe('a conversion is refused, and no file left', () => {
  const header = 'TIMESTAMP,ContextTokens,GeneratedTokens\n';
  const row = '2023-11-16 18:15:46.6805900,374,44\n';
  const known =
    'known are azure and burst_gpt (CSV with TIMESTAMP, ContextTokens, GeneratedTokens, or Timestamp, Request tokens, Response tokens) and bailian (JSON lines with chat_id)';
  it.each([
    ['an unknown form', 'a,b\n1,2\n', [], `:1: unknown trace format with the columns a, b ${known}`],
    ['an unknown JSON form', '{"a":1}\n', [], `:1: unknown trace format with the keys a ${known}`],
    [
      'a Mooncake trace',
      '{"timestamp":1,"input_length":1}\n',
      [],
      ':1: the row is of a Mooncake trace already, with no chat_id use the file as it is',
    ],
    [
      'a missing column',
      'TIMESTAMP,ContextTokens,Tokens\n1,2,3\n',
      [],
      ':1: the column GeneratedTokens of azure is missing; there are TIMESTAMP, ContextTokens, Tokens rename the columns, or name another form with --from',
    ],
    [
      'another form than was named',
      header + row,
      ['--from', 'bailian'],
      ':1: bailian is one JSON object per line, and this line is not omit --from to detect the format',
    ],
    [
      'a time that is none',
      `${header}${row}yesterday,1,2\n`,
      [],
      ':3: TIMESTAMP must be a time like 2023-11-16 18:17:03.9799600, got "yesterday"',
    ],
    [
      'a length that is none',
      `${header}${row}\n2023-11-16 18:15:47,1.5,2\n`,
      [],
      ':4: ContextTokens must be a whole number of tokens from 0 to 10000000, got "1.5"',
    ],
    [
      'times that go back',
      `${header}${row}2023-11-16 18:15:46.5805900,1,2\n`,
      [],
      ':3: timestamps are not in order: -100 ms after 0 ms in line 2 sort the rows by their time first',
    ],
    [
      'a row that is too short',
      `${header}${row}2023-11-16 18:15:47,1\n`,
      [],
      ':3: Invalid Record Length: columns length is 3, got 2 fix or remove the row',
    ],
    [
      'a negative length',
      '{"chat_id":1,"timestamp":1,"input_length":-16,"output_length":2}\n',
      [],
      ':1: input_length must be at least 0, got -16',
    ],
    [
      'text that is not UTF-8',
      Buffer.from(`${header}${row}caf\xe9,1,2\n`, 'latin1'),
      [],
      ':3: the line is not valid UTF-8 save the file as UTF-8, for example with: iconv -f ISO-8859-1 -t UTF-8 FILE',
    ],
    ['a header alone', header, [], ' holds no requests with tokens there is nothing to convert'],
    ['an empty file', '', [], ` holds no rows ${known}`],
  ])('%s', async (name, text, words, message) => {
    const path = file(`${name}.trace`, text);
    const { code, stdout, stderr } = await aiperf(
      'trace',
      'convert',
      path,
      join(folder, 'refused.jsonl'),
      ...words,
    );
    expect([code, stdout]).toEqual([1, '']);
    expect(sentences(stderr).replaceAll(' ', '')).toBe((path + message).replaceAll(' ', ''));
    expect(readdirSync(folder).filter((other) => other.startsWith('refused'))).toEqual([]);
  });

  it('an unknown --from', async () => {
    const { stderr } = await aiperf('trace', 'convert', file('a.csv', header + row), 'x', '--from', 'azur');
    expect(sentences(stderr)).toBe(
      "--from must be azure, burst_gpt or bailian, got 'azur'. Did you mean azure?",
    );
  });
});

const data = fileURLToPath(new URL('../../../shared/data/azure-llm-2023/', import.meta.url));

it.for<[string, number]>([
  ['AzureLLMInferenceTrace_conv.csv', 19_366],
  ['AzureLLMInferenceTrace_code.csv', 8819],
])('%s is converted row by row', async ([name, count], context) => {
  const path = join(data, name);
  if (!existsSync(path)) return context.skip(`${name} is not there`);
  const { rows } = await convert(path);
  const lines = readFileSync(path, 'utf8').split('\r\n').slice(1);
  expect([rows.length, lines.length]).toEqual([count, count]);
  // Times in whole steps of 100 ns, by integer arithmetic.
  const steps = (line: string) => {
    const [day = '', time = ''] = line.split(/[ ,]/);
    return BigInt(Date.parse(`${day}T${time.slice(0, 8)}Z`)) * 10_000n + BigInt(time.slice(9));
  };
  const first = steps(lines[0] ?? '');
  const expected = lines.map((line) => {
    const [, input, output] = line.split(',');
    return {
      timestamp: Number(steps(line) - first) / 10_000,
      input_length: Number(input),
      output_length: Number(output),
    };
  });
  expect(rows).toEqual(expected);
});
