import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { commands } from '../../src/main.js';
import { orList } from '../../src/util/lists.js';
import { aiperf, aiperfInColumns, sentences } from './in-process.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-trace-stats-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const trace = join(folder, 'trace.jsonl');
writeFileSync(
  trace,
  [
    { timestamp: 0, input_length: 1000, output_length: 10, hash_ids: [1, 2] },
    { timestamp: 60_000, input_length: 7000, output_length: 10, hash_ids: [1, 3] },
    { timestamp: 240_000, input_length: 45_000, output_length: 40, hash_ids: [9] },
    { timestamp: 240_000, input_length: 45_000, output_length: 40, hash_ids: [9] },
  ]
    .map((row) => JSON.stringify(row))
    .join('\n'),
);

it.each([
  ['trace', 'stats', trace],
  ['analyze-trace', trace],
  ['analyze-trace', '--input-file', trace],
])('%s %s %s prints figures and pictures', async (...words) => {
  const { code, stdout, stderr } = await aiperf(...words, '--cache-blocks', '1');
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.split('\n');
  // 4 requests in 4 minutes; of 1,010 and 7,010 tokens, and twice 45,040.
  expect(lines.slice(0, 2)).toEqual([
    'trace.jsonl: 4 requests in 240.00 s (1.00 requests/min, 0.02 requests/s).',
    'Large requests (prompt + response tokens): above 5,000: 75.0 %; above 10,000: 50.0 %; above 40,000: 50.0 %.',
  ]);
  // Mean of 1,000, 7,000, 45,000 and 45,000; of 10, 10, 40 and 40.
  expect(lines.find((line) => line.includes(' mean '))).toMatch(
    /^│ {6}mean │ 24,500\.00 │ {2}25\.00 │ 24,525\.00 │/,
  );
  // Of 6 blocks the second request finds 1 and the last 1; the one block held is the first, then the third's.
  expect(stdout).toContain(
    '33.3 % of 6 blocks with an infinite cache, 33.3 % with a 1-block LRU cache (512 tokens)',
  );
  // Gaps of 60, 180 and 0 s: mean 80, deviation 74.83.
  // 241 s in windows of 2 s, with 2 requests in the last.
  expect(stdout).toContain(
    'Inter-arrival CV 0.94 (1 = Poisson; higher = burstier); peak 1.00 requests/s over 2 s, 60.00 times the mean.',
  );
  const picture = lines.slice(lines.indexOf('Requests by tokens (prompt + response)') + 1);
  // The terminal leaves 60 columns to the longest bar.
  expect(picture.slice(0, 5)).toEqual([
    `         0 - 5,000  1   25.0 %  ${'█'.repeat(30)}`,
    `    5,000 - 10,000  1   25.0 %  ${'█'.repeat(30)}`,
    '   10,000 - 20,000  0    0.0 %',
    '   20,000 - 40,000  0    0.0 %',
    `   40,000 - 60,000  2   50.0 %  ${'█'.repeat(60)}`,
  ]);
  // 241 seconds in windows of 30 s; of 10 s there would be 25.
  expect(picture.slice(9, 12)).toEqual([
    'Arrivals by second of the trace',
    `     0 - 30  1   25.0 %  ${'█'.repeat(30)}`,
    '    30 - 60  0    0.0 %',
  ]);
  // 241 seconds in 121 windows of 2 s on 90 columns: window 30 is in column 23; the last has the peak of 90,000 tokens in 2 s.
  const at = picture.indexOf('Tokens/s of arriving requests, by 2 s');
  expect(picture.slice(at + 1, at + 3)).toEqual([
    `  Input   ▁${' '.repeat(22)}▁${' '.repeat(65)}█  mean 405, peak 45,000`,
    `  Output  ▁${' '.repeat(22)}▁${' '.repeat(65)}█  mean 0, peak 40`,
  ]);
  // Of 6 blocks, 1 is found again at depth 1 by the second request, and 9 at depth 1 by the last.
  expect(picture.slice(picture.indexOf('Prefix-cache hit rate by LRU cache size') + 1)).toEqual([
    `  1 block (512 tokens)   33.3 %  ${'█'.repeat(20)}`,
    `              infinite   33.3 %  ${'█'.repeat(20)}`,
    '',
  ]);
});

it.each([
  [
    'azure.csv',
    'TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,100,10\r\n2023-11-16 18:17:04.9799600,300,0\r\n2023-11-16 18:17:05.9799600,300,30',
    {},
  ],
  [
    'burst.csv',
    'Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,100,10,110,x\n7,ChatGPT,300,30,330,x\n',
    {},
  ],
  [
    'bailian.jsonl',
    '{"chat_id":1,"parent_chat_id":-1,"timestamp":61.5,"input_length":100,"output_length":10,"type":"text","turn":1,"hash_ids":[1,2]}\n{"chat_id":2,"parent_chat_id":1,"timestamp":63.5,"input_length":300,"output_length":30,"type":"text","turn":2,"hash_ids":[1,2,3]}\n',
    // Of 5 blocks 2 are found again; both rows are one session.
    {
      cache_hit_curve: { block_size: 16 },
      infinite_cache_block_hit_rate: 0.4,
      sessions: 1,
      multi_turn_request_share: 1,
    },
  ],
])('reads %s directly', async (name, text, more) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  const json = join(folder, `${name}.json`);
  expect((await aiperf('trace', 'stats', path, '--output-file', json)).code).toBe(0);
  expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
    ...{ total_requests: 2, avg_isl: 200, avg_osl: 20, duration_sec: 2 },
    ...more,
  });
});

it('counts texts with a tokenizer, and leaves arrivals out without timestamps', async () => {
  const path = join(folder, 'texts.json');
  // Tokens of the bundled tokenizer: hello, ' world', ' again'.
  const texts = ['hello world', 'hello world again', 'hello world again'];
  const turns = texts.map((text) => [
    { from: 'human', value: text },
    { from: 'gpt', value: 'a' },
  ]);
  writeFileSync(path, JSON.stringify(turns.map((conversations) => ({ conversations }))));
  const json = join(folder, 'texts-figures.json');
  const words = ['--tokenizer', 'builtin', '--block-size', '2', '--output-file', json];
  const { code, stdout } = await aiperf('trace', 'stats', path, ...words);
  expect([code, stdout.split('\n')[0]]).toEqual([0, 'texts.json: 3 requests without timestamps.']);
  expect(stdout).not.toMatch(/Inter-arrival|Arrivals by|Tokens\/s/);
  // Of 5 blocks, the second request finds the first, and the third both.
  expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
    ...{ total_requests: 3, min_isl: 2, max_isl: 3, unique_prefixes: 2 },
    infinite_cache_block_hit_rate: 0.6,
  });
  expect(sentences((await aiperf('trace', 'stats', path)).stderr)).toContain(
    'texts.json:1: the row holds text and no length: count its tokens with aiperf trace stats --tokenizer',
  );
});

it('names a row that does not fit the block size', async () => {
  const path = join(folder, 'misfit.jsonl');
  writeFileSync(path, '{"input_length":512,"hash_ids":[1]}\n{"input_length":512,"hash_ids":[1,2]}\n');
  const words = 'Line 2 has more hash_ids than its prompt has blocks of 512 tokens';
  expect((await aiperf('trace', 'stats', path)).stdout.replaceAll('\n', ' ')).toContain(words);
  expect((await aiperf('trace', 'stats', path, '--block-size', '256')).stdout).not.toContain('more hash_ids');
});

it('prints sessions', async () => {
  const path = join(folder, 'sessions.jsonl');
  const rows = ['a', 'a', 'b'].map((session_id) => JSON.stringify({ session_id, input_length: 1 }));
  writeFileSync(path, rows.join('\n'));
  expect((await aiperf('trace', 'stats', path)).stdout.replaceAll('\n', ' ')).toContain(
    '2 sessions: 50.0 % of several turns, with 66.7 % of the requests; turns per session mean 1.50, p90 1.90, max 2.',
  );
});

it('fits 80 columns with space around every cell', async () => {
  const path = join(folder, 'long.jsonl');
  const row = { input_length: 1_234_567, output_length: 98_765, hash_ids: [1], timestamp: 0 };
  const rows = [row, { ...row, timestamp: 86_400_000 }].map((one) => JSON.stringify(one));
  writeFileSync(path, rows.join('\n'));
  const { stdout } = await aiperfInColumns(80, 'trace', 'stats', path);
  const lines = stdout.split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  const cells = lines.filter((line) => line.startsWith('│')).flatMap((line) => line.split('│').slice(1, -1));
  expect(cells.length).toBeGreaterThan(80);
  expect(cells.filter((cell) => !cell.startsWith(' ') || !cell.endsWith(' '))).toEqual([]);
});

it('writes the JSON of analyze-trace, with more keys behind its own', async () => {
  const path = join(folder, 'figures.json');
  expect((await aiperf('analyze-trace', trace, '--output-file', path)).code).toBe(0);
  const json = JSON.parse(readFileSync(path, 'utf8'));
  expect(Object.keys(json).slice(0, 16)).toEqual(
    (
      'total_requests unique_prefixes num_prefix_groups cache_hit_rate min_isl max_isl avg_isl min_osl max_osl avg_osl ' +
      'prefix_reuse_ratio isl_stats osl_stats context_length_stats unique_prompt_length_stats hit_rate_stats'
    ).split(' '),
  );
  expect(Object.keys(json.isl_stats)).toEqual(['mean', 'std_dev', 'min', 'p25', 'median', 'p75', 'max']);
  // Prefixes: 1, 1-2, 1-3, 9; first ids 1 and 9 begin two requests each; hit rates 0, 1/2, 0, 1.
  expect(json).toMatchObject({
    total_requests: 4,
    unique_prefixes: 4,
    num_prefix_groups: 2,
    cache_hit_rate: 0.375,
    min_isl: 1000,
    avg_osl: 25,
    prefix_reuse_ratio: 4 / 6,
    share_over_5k_tokens: 0.75,
    share_over_10k_tokens: 0.5,
    share_over_40k_tokens: 0.5,
    requests_per_min: 1,
    duration_sec: 240,
    limited_cache_blocks: null,
    cache_hit_curve: {
      block_size: 512,
      sampled_share_of_blocks: 1,
      cache_blocks: [1],
      block_hit_rate: [2 / 6],
    },
    sessions: null,
    turns_per_session_stats: null,
  });
  const { window_sec, input_tokens_per_sec } = json.load_over_time;
  // 60 s is in window 30 of 2 s.
  expect([window_sec, input_tokens_per_sec.length]).toEqual([2, 121]);
  expect([input_tokens_per_sec[0], input_tokens_per_sec[30], input_tokens_per_sec[120]]).toEqual([
    500, 3500, 45_000,
  ]);
});

const traceCommands = Object.keys(commands).flatMap((name) => /^trace (.*)/.exec(name)?.[1] ?? []);

it.each([
  [['trace', 'stats'], '<file> is required: name a trace, e.g. aiperf trace stats mooncake_trace.jsonl.'],
  [['trace', 'stats', '/no/such'], "<file> must be the path of an existing file, got '/no/such'."],
  [
    ['trace', 'stats', trace, 'more'],
    `Unexpected word 'more': <file> takes one word, and is already '${trace}'.`,
  ],
  [
    ['analyze-trace', trace, '--input-file', trace],
    `Unexpected word '${trace}': --input-file already sets <file>.`,
  ],
  [
    ['trace', 'stat', trace],
    `aiperf trace must be followed by ${orList(traceCommands)}, got 'stat'. Did you mean trace stats?`,
  ],
  [
    ['trace', 'stats', trace, '--output-file', join(folder, 'no', 'such')],
    `--output-file cannot be written: ENOENT: no such file or directory, open '${join(folder, 'no', 'such')}'`,
  ],
])('refuses %j', async (words, message) => {
  const { code, stdout, stderr } = await aiperf(...words);
  expect([code, stdout]).toEqual([1, '']);
  expect(sentences(stderr).replaceAll(' ', '')).toBe(message.replaceAll(' ', ''));
});

it('aiperf trace lists its commands', async () => {
  const { code, stdout } = await aiperf('trace');
  expect(code).toBe(0);
  expect(stdout).toMatch(/\n {2}trace stats {2,}Summarize a trace: lengths/);
  expect(stdout).not.toContain('mock-server');
});
