import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { formats } from '../../src/dataset/loaders/formats.js';
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
      said: 'Wrote 3 rows of azure_trace to OUT.\n',
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
    const { rows } = await convert(azure, '--from', 'azure_trace');
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
      said: 'Wrote 2 rows of burst_gpt_trace to OUT.\n1 without input or output tokens are skipped.\n',
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
      'Wrote 2 rows of bailian_trace to OUT.\nEach hash id covers 16 tokens: aiperf profile needs --isl-block-size 16, aiperf trace stats --block-size 16.\n',
    );
  });
});

// Tokens of the bundled tokenizer: hello, ' world', ' again', one, ' two', three; be, ' brief'.
const hello = [{ role: 'user', content: 'hello world' }];
describe('a conversion counts', () => {
  it.each<[string, unknown, object[]]>([
    [
      'single_turn',
      { text: 'hello world', timestamp: 5, output_length: 3 },
      [{ timestamp: 5, input_length: 2, output_length: 3, hash_ids: [0] }],
    ],
    [
      'single_turn',
      { prompt: 'hello world again', max_tokens: 5 },
      [{ input_length: 3, output_length: 5, hash_ids: [0] }],
    ],
    // The system text is part of the first request.
    [
      'multi_turn',
      {
        session_id: 'a',
        turns: [{ role: 'system', text: 'be brief' }, { text: 'one two' }, { text: 'three', delay: 4 }],
      },
      [
        { session_id: 'a', input_length: 4, hash_ids: [0] },
        { session_id: 'a', delay: 4, input_length: 1, hash_ids: [1] },
      ],
    ],
    [
      'sharegpt',
      {
        conversations: [
          { from: 'human', value: 'hello world' },
          { from: 'gpt', value: 'one' },
        ],
      },
      [{ input_length: 2, hash_ids: [0] }],
    ],
    [
      'openai_batch',
      {
        custom_id: 'x',
        method: 'POST',
        url: '/v1/chat/completions',
        body: { messages: hello, max_tokens: 9 },
      },
      [{ input_length: 2, output_length: 9, hash_ids: [0] }],
    ],
    [
      'raw_payload',
      { messages: hello, max_tokens: 7 },
      [{ input_length: 2, output_length: 7, hash_ids: [0] }],
    ],
    [
      'inputs_json',
      {
        data: [
          {
            session_id: 's',
            payloads: [{ messages: hello }, { prompt: 'hello world' }, { prompt: 'three' }],
          },
        ],
      },
      [
        { input_length: 2, hash_ids: [0] },
        { input_length: 2, hash_ids: [0] },
        { input_length: 1, hash_ids: [1] },
      ],
    ],
    [
      'speed_bench_qualitative',
      { question_id: 'q', category: 'qa', messages: hello },
      [{ session_id: 'q', input_length: 2, hash_ids: [0] }],
    ],
    [
      'sagemaker_data_capture',
      {
        captureData: {
          endpointInput: { encoding: 'JSON', data: JSON.stringify({ messages: hello, max_tokens: 8 }) },
        },
        eventMetadata: { inferenceTime: '2026-01-01T00:00:05Z' },
      },
      [{ timestamp: 0, input_length: 2, output_length: 8, hash_ids: [0] }],
    ],
    [
      'mooncake_trace',
      { timestamp: 0, text_input: 'hello world', output_length: 3 },
      [{ timestamp: 0, input_length: 2, output_length: 3, hash_ids: [0] }],
    ],
    [
      'dag_jsonl',
      {
        session_id: 'r',
        turns: [
          { input_length: 600, hash_ids: [7, 9], max_tokens: 4 },
          { messages: hello, delay: 5 },
        ],
      },
      [
        { session_id: 'r', input_length: 600, output_length: 4, hash_ids: [0, 1] },
        { session_id: 'r', delay: 5, input_length: 2, hash_ids: [2] },
      ],
    ],
  ])('%s %j', async (type, row, expected) => {
    const { said, rows } = await convert(file('texts.jsonl', JSON.stringify(row)), '--tokenizer', 'builtin');
    expect(rows).toEqual(expected);
    expect(said).toMatch(new RegExp(`^Wrote ${rows.length} rows? of ${type} to OUT`));
  });

  it('blocks of shared prefixes', async () => {
    // Blocks of two tokens: hello world, again; hello world, again again; one two.
    const texts = ['hello world again', 'hello world again again', 'one two'];
    const path = file('shared.jsonl', texts.map((text) => JSON.stringify({ text })).join('\n'));
    const { rows } = await convert(path, '--tokenizer', 'builtin', '--block-size', '2');
    expect(rows.map(({ hash_ids }) => hash_ids)).toEqual([[0, 1], [0, 2], [3]]);
  });

  it('rows in any order of times, sorted', async () => {
    const captured = ['05.5', '03.25'].map((second) =>
      JSON.stringify({
        captureData: { endpointInput: { encoding: 'JSON', data: JSON.stringify({ messages: hello }) } },
        eventMetadata: { inferenceTime: `2026-01-01T00:00:${second}Z` },
      }),
    );
    const { rows } = await convert(file('captured.jsonl', captured.join('\n')), '--tokenizer', 'builtin');
    expect(rows.map(({ timestamp }) => timestamp)).toEqual([0, 2250]);
  });
});

it("a conversion of Baseten's Parquet keeps lengths and hashes", async () => {
  const baseten = fileURLToPath(new URL('../dataset/loaders/baseten.parquet', import.meta.url));
  const { said, rows } = await convert(baseten);
  expect(said).toContain('Wrote 2 rows of baseten_trace to OUT.\nEach hash id covers 64 tokens');
  expect(rows).toEqual([
    { timestamp: 0, input_length: 4, output_length: 3 },
    { timestamp: 1500, input_length: 5, output_length: 4, hash_ids: [1, 2] },
  ]);
});

it('a conversion of a Weka trace keeps its blocks', async () => {
  const call = (t: number, hash_ids: number[]) => ({
    ...{ t, type: 'n', model: 'opus', in: 64 * hash_ids.length, out: 10, hash_ids, api_time: 1 },
  });
  const weka = {
    ...{ id: 't', models: ['opus'], block_size: 64, hash_id_scope: 'local', tool_tokens: 0 },
    requests: [call(0, [5, 6]), call(3, [5, 6, 8])],
  };
  const { said, rows } = await convert(file('weka.json', JSON.stringify(weka)));
  expect(said).toContain('Each hash id covers 64 tokens');
  expect(rows).toEqual([
    { timestamp: 0, input_length: 128, output_length: 10, hash_ids: [0, 1] },
    { input_length: 192, output_length: 10, hash_ids: [0, 1, 2] },
  ]);
});

describe('a conversion is refused, and no file left', () => {
  const header = 'TIMESTAMP,ContextTokens,GeneratedTokens\n';
  const row = '2023-11-16 18:15:46.6805900,374,44\n';
  const tables =
    'known are burst_gpt_trace (Timestamp, Request tokens, Response tokens) or azure_trace (TIMESTAMP, ContextTokens, GeneratedTokens)';
  it.each([
    ['an unknown form', 'a,b\n1,2\n', [], `:1: the columns a, b are of no known trace ${tables}`],
    [
      'an unknown JSON form',
      '{"a":1}\n',
      [],
      `:1: the row fits no known type: {"a":1} name it with --custom-dataset-type (${Object.keys(formats).join(', ')}, speed_bench_*)`,
    ],
    [
      'a Mooncake trace',
      '{"timestamp":1,"input_length":1}\n',
      [],
      ' is a Mooncake trace already use the file as it is; --tokenizer replaces texts in it by their lengths',
    ],
    [
      'text without a tokenizer',
      '{"text":"a"}\n',
      [],
      ':1: the row holds text and no length: count its tokens with aiperf trace stats --tokenizer or aiperf trace convert --tokenizer, e.g. --tokenizer builtin',
    ],
    [
      'a bad row behind a good one',
      '{"text":"a"}\n{"text":"a","output_length":-1}\n',
      ['--tokenizer', 'builtin'],
      ':2: output_length must be at least 0, got -1',
    ],
    [
      'a missing column',
      'TIMESTAMP,ContextTokens,Tokens\n1,2,3\n',
      [],
      ':1: the column GeneratedTokens of azure_trace is missing; there are TIMESTAMP, ContextTokens, Tokens rename the columns, or name another type with --custom-dataset-type',
    ],
    [
      'another form than was named',
      header + row,
      ['--from', 'bailian_trace'],
      ' is not JSON, as bailian_trace is leave out --custom-dataset-type to detect the type',
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
      '{"chat_id":1,"parent_chat_id":-1,"timestamp":1,"input_length":-16,"output_length":2}\n',
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
    ['an empty file', '', [], ' holds no rows expected one JSON object per line, or a JSON array of them'],
  ])('%s', async (name, text, words, message) => {
    const path = file(`${name}.${text.includes(',') && !text.includes('{') ? 'csv' : 'jsonl'}`, text);
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
    const { stderr } = await aiperf(
      'trace',
      'convert',
      file('a.csv', header + row),
      'x',
      '--from',
      'azur_trace',
    );
    expect(sentences(stderr)).toContain("got 'azur_trace'. Did you mean azure_trace?");
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
