import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { traceFigures } from '../../src/trace/figures.js';
import { LruCache } from '../../src/trace/lru-cache.js';
import { PREFIX_WORDS, PrefixKeys } from '../../src/trace/prefix-keys.js';
import { ValueCounts } from '../../src/trace/value-counts.js';
import { UserError } from '../../src/util/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-trace-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function rows(...objects: object[]): string {
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('');
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('figures of a trace', () => {
  // A paper of 16 blocks, then two questions about it: 16 of 17 and 16 of 18 blocks are reused.
  const paper = range(46, 61);
  const questions = rows(
    { timestamp: 0, input_length: 8000, output_length: 100, hash_ids: paper },
    { timestamp: 1500, input_length: 8500, output_length: 300, hash_ids: [...paper, 100] },
    { timestamp: 2000, input_length: 9000, output_length: 200, hash_ids: [...paper, 200, 201] },
  );

  it('are those worked out by hand', async () => {
    const figures = await traceFigures(file('questions.jsonl', questions), {
      blockSize: 512,
      cacheBlocks: 10,
    });
    expect(figures.requests).toBe(3);
    // 16 + 1 + 2 distinct prefixes, all of them behind the first id; 16 of them occur three times: 48 of 51.
    expect(figures.uniquePrefixes).toBe(19);
    expect(figures.prefixGroups).toBe(1);
    expect(figures.prefixReuseRatio).toBe(48 / 51);
    expect(figures.hitRate).toMatchObject({ min: 0, median: 16 / 18, max: 16 / 17 });
    expect(figures.hitRate?.mean).toBeCloseTo((16 / 18 + 16 / 17) / 3, 15);
    // All blocks of the first are repeated later: the whole prompt; of the others 16 × 512.
    expect(figures.contextLength).toMatchObject({ min: 8000, median: 8192, max: 8192 });
    expect(figures.uniqueLength).toMatchObject({ min: 0, median: 8500 - 8192, max: 9000 - 8192 });
    // Squares around 8500: 250,000 twice in three.
    expect(figures.inputLength).toMatchObject({
      mean: 8500,
      p25: 8250,
      p75: 8750,
      std: Math.sqrt(500_000 / 3),
    });
    expect(figures.outputLength).toMatchObject({ min: 100, mean: 200, max: 300 });
    expect(figures.totalLength).toMatchObject({ min: 8100, median: 8800, max: 9200 });
    // Of 51 blocks 16 + 16 were there before; a cache of 10 keeps the first 10 of each prompt.
    expect(figures.cache).toMatchObject({
      blocks: 51,
      blockSize: 512,
      infiniteHitRate: 32 / 51,
      limited: { blocks: 10, hitRate: 20 / 51 },
      curve: { sampledShare: 1 },
    });
    // The paper is found again twice, block by block: n blocks are hit by a cache of n.
    expect(figures.cache?.curve.points.slice(0, 5)).toEqual(
      [1, 2, 3, 4, 5].map((blocks) => ({ blocks, hitRate: (2 * blocks) / 51 })),
    );
    expect(figures.cache?.curve.points.at(-1)).toEqual({ blocks: 16, hitRate: 32 / 51 });
    expect(figures.sessions).toBeUndefined();
    expect(figures.sizes).toEqual([0, 3, 0, 0, 0, 0, 0, 0]);
    expect(figures.longShares).toEqual([
      { tokens: 5000, share: 1 },
      { tokens: 10_000, share: 0 },
      { tokens: 40_000, share: 0 },
    ]);
    expect(figures.arrivals).toMatchObject({ durationMs: 2000, perSecond: 1.5, goesBackAtLine: undefined });
    expect(figures.arrivals?.gaps).toMatchObject({ mean: 1000, std: 500, min: 500, max: 1500 });
    expect(figures.arrivals?.windows).toEqual({ seconds: 1, requests: [1, 1, 1] });
    expect(figures.arrivals?.load).toEqual({
      seconds: 1,
      requests: [1, 1, 1],
      inputTokens: [8000, 8500, 9000],
      outputTokens: [100, 300, 200],
    });
  });

  it('count the turns of sessions; a row without one is a session of one turn', async () => {
    const sessions = ['a', 'b', undefined, 'a', 'a', 'c', 'b'];
    const path = file(
      'sessions.jsonl',
      rows(...sessions.map((session_id) => ({ session_id, input_length: 1 }))),
    );
    const { sessions: found } = await traceFigures(path, { blockSize: 512, cacheBlocks: undefined });
    // a 3, b 2, c 1, and one alone: 2 of 4 have several turns, with 5 of 7 requests.
    expect(found).toMatchObject({ count: 4, multiTurnShare: 0.5, multiTurnRequestShare: 5 / 7 });
    expect(found?.turns).toMatchObject({ count: 4, mean: 7 / 4, median: 1.5, max: 3 });
  });

  it('are the same from a file in gzip with CRLF, blank lines and a byte order mark', async () => {
    const text = `\ufeff\r\n${questions.replaceAll('\n', '\r\n\r\n')}`;
    const options = { blockSize: 512, cacheBlocks: undefined };
    expect(await traceFigures(file('questions.jsonl.gz', gzipSync(text)), options)).toEqual(
      await traceFigures(file('same.jsonl', questions.trimEnd()), options),
    );
  });

  it('do without times, lengths of answers and ids', async () => {
    const path = file('bare.jsonl', rows({ input_length: 30_000 }, { input_length: 50_000 }));
    const figures = await traceFigures(path, { blockSize: 512, cacheBlocks: undefined });
    expect(figures).toMatchObject({
      requests: 2,
      outputLength: undefined,
      hitRate: undefined,
      cache: undefined,
      arrivals: undefined,
      uniquePrefixes: 0,
      prefixReuseRatio: 0,
      longShares: [
        { tokens: 5000, share: 1 },
        { tokens: 10_000, share: 1 },
        { tokens: 40_000, share: 0.5 },
      ],
      sizes: [0, 0, 0, 1, 1, 0, 0, 0],
    });
    expect(figures.contextLength.max).toBe(0);
  });

  it('take ids of 64 bits for what they are', async () => {
    const row = (last: string) => `{"input_length":1024,"hash_ids":[18446744073709551615,${last}]}\n`;
    const path = file('u64.jsonl', row('9007199254740993') + row('9007199254740995'));
    const figures = await traceFigures(path, { blockSize: 512, cacheBlocks: 10 });
    // Of 4 blocks the first is shared; the two others differ in their last bits.
    expect(figures).toMatchObject({ uniquePrefixes: 3, prefixGroups: 1, prefixReuseRatio: 0.5 });
    expect(figures.cache).toMatchObject({ infiniteHitRate: 0.25, limited: { hitRate: 0.25 } });
  });

  it('of unordered rows: the duration, but no gaps', async () => {
    const path = file(
      'back.jsonl',
      rows(...[5000, 9000, 1000].map((timestamp) => ({ timestamp, input_length: 1 }))),
    );
    const { arrivals } = await traceFigures(path, { blockSize: 512, cacheBlocks: undefined });
    expect(arrivals).toMatchObject({ durationMs: 8000, goesBackAtLine: 3, gaps: undefined });
    // From 1 s to 9 s: the last of nine windows of a second.
    expect(arrivals?.windows.requests).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  it.each([
    ['no JSON', '{"input_length":1}\n\n{"input_length":\n', /:3: the line is not JSON \(/],
    ['no object', '{"input_length":1}\n[1]\n', /:2: expected a JSON object, got \[1\]$/],
    ['no length', '{"timestamp":1}\n', /:1: the row has no input_length$/],
    [
      'a negative length',
      '{"input_length":9}\n{"input_length":-9}\n',
      /:2: input_length must be at least 0, got -9$/,
    ],
    [
      'a negative length of an answer',
      '{"input_length":9,"output_length":-1}\n',
      /:1: output_length must be at least 0, got -1$/,
    ],
    [
      'a length beyond all prompts',
      '{"input_length":1000000000000}\n',
      /:1: input_length must be at most 10000000, got 1000000000000$/,
    ],
    [
      'deep nesting',
      `{"input_length":9,"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`,
      /:1: the row is nested in more than 200 levels, the limit$/,
    ],
    ['a wrong length', '{"input_length":"9"}\n', /:1: input_length must be a number, got "9"$/],
    [
      'a wrong id',
      '{"input_length":9,"hash_ids":[1,"b"]}\n',
      /:1: hash_ids\[1\] must be an integer of at most 64 bits, got "b"$/,
    ],
    ['no rows', '\n\n', /holds no rows$/],
  ])('refuses %s, naming file and line', async (name, text, message) => {
    const path = file(`${name}.jsonl`, text);
    const error: unknown = await traceFigures(path, { blockSize: 512, cacheBlocks: 1 }).catch(
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(UserError);
    expect(error instanceof UserError && error.message).toMatch(message);
    expect(error instanceof UserError && error.message.startsWith(path)).toBe(true);
  });

  it('are refused of a file that changes between its two readings', async () => {
    const path = file('growing.jsonl', questions);
    const figures = traceFigures(path, { blockSize: 512, cacheBlocks: 10 });
    appendFileSync(path, questions);
    await expect(figures).rejects.toThrow(`${path} changed while it was read`);
  });
});

describe('what the figures are made with', () => {
  it('statistics of counted values are those of the values one by one', () => {
    const counts = new ValueCounts();
    for (const value of [4, 1, 4, 2, 9]) counts.add(value);
    // Sorted 1 2 4 4 9: rank 1 is 2, rank 2 is 4, p90 at rank 3.6 is 4 + 0.6 × 5; squares 9 + 4 + 0 + 0 + 25.
    expect(counts.statistics()).toMatchObject({
      count: 5,
      mean: 4,
      std: Math.sqrt(38 / 5),
      min: 1,
      p25: 2,
      median: 4,
      p75: 4,
      p90: 7,
      max: 9,
    });
    expect(counts.shareAbove(4)).toBe(0.2);
    expect(new ValueCounts().statistics()).toBeUndefined();
  });

  it('statistics of too many distinct values are of rounded ones', () => {
    const counts = new ValueCounts(6);
    for (const value of [1, 1 + 2 ** -30, 1 + 2 ** -29, 2, 2 + 2 ** -29, 1000.25]) counts.add(value);
    expect(counts.statistics()?.p25).toBe(1 + 1.25 * 2 ** -30);
    // The seventh is one too many. Of 24 digits the last is worth 2^-23 from 1, 2^-22 from 2 and 2^-14 from 512 on.
    counts.add(1000.25 + 2 ** -20);
    counts.add(1 - 2 ** -26);
    expect(counts.statistics()).toMatchObject({
      count: 8,
      mean: (4 * 1 + 2 * 2 + 2 * 1000.25) / 8,
      min: 1,
      median: 1.5,
      p75: 2 + 0.25 * 998.25,
      max: 1000.25,
    });
  });

  it('keys tell prefixes apart by the order and the upper half of ids', () => {
    const lists = [
      [1],
      [1, 2],
      [2, 1],
      [1, 2 ** 32 + 2],
      [1, -2],
      [1, 0],
      [1, 2 ** 32],
      [0],
      [-0, 1],
      [0, 0],
    ];
    const keys = new PrefixKeys();
    const last = lists.map((list) => keys.of(list).slice(-PREFIX_WORDS).join());
    expect(new Set(last).size).toBe(lists.length);
    const longer = keys.of([1, 2, 3]);
    expect([longer.length, longer.slice(4, 8).join()]).toEqual([12, last[1]]);
  });

  it('the cache forgets what was used least recently, and of one request the end first', () => {
    const cache = new LruCache(4);
    // Keys that begin alike are in one chain.
    const request = (...blocks: number[]) =>
      cache.request(Uint32Array.from(blocks.flatMap((id) => [8, 0, 0, id])));
    expect(request(1, 2, 3)).toBe(0);
    expect(request(1, 9)).toBe(1);
    // Held: 1, 9, 2, 3 by their last use. Two new ones push out 3 and 2.
    expect(request(5, 6)).toBe(0);
    expect(request(1, 2, 3)).toBe(1);
    // A request longer than the cache leaves its first blocks.
    expect(request(11, 12, 13, 14, 15)).toBe(0);
    expect(request(11, 12, 13, 14, 15)).toBe(4);
  });
});

const trace = fileURLToPath(
  new URL('../../../shared/data/mooncake/conversation_trace.jsonl', import.meta.url),
);

it('of the Mooncake conversation trace are those of an independent script', async (context) => {
  if (!existsSync(trace)) return context.skip('the Mooncake conversation trace is not there');
  const figures = await traceFigures(trace, { blockSize: 512, cacheBlocks: 10_000 });
  // Worked out in Python with sets, Counter, OrderedDict and statistics.quantiles(method='inclusive').
  expect(figures).toMatchObject({
    requests: 12_031,
    uniquePrefixes: 182_790,
    prefixGroups: 1,
    inputLength: {
      min: 891,
      p25: 2306.5,
      median: 6909,
      p75: 15_367,
      p90: 27_367,
      p95: 39_550.5,
      max: 126_195,
    },
    outputLength: { min: 1, p25: 156.5, median: 350, p75: 472, p90: 597, p95: 698, max: 2000 },
    contextLength: { min: 512, p25: 512, median: 1536, p75: 7168, p90: 17_408, p95: 26_624, max: 122_880 },
    uniqueLength: { min: 0, p25: 350, median: 594, p75: 6071.5, p90: 15_558, p95: 24_795.5, max: 125_683 },
    totalLength: {
      min: 895,
      p25: 2692.5,
      median: 7255,
      p75: 15_657.5,
      p90: 27_723,
      p95: 40_052,
      max: 126_527,
    },
    arrivals: {
      durationMs: 3_536_999,
      gaps: { min: 0, median: 0, p95: 3000, p99: 3001, max: 3003 },
      windows: {
        seconds: 300,
        requests: [918, 832, 978, 930, 1007, 1054, 1039, 1093, 1089, 1103, 1104, 884],
      },
    },
    sizes: [4560, 2707, 2699, 1462, 306, 153, 78, 66],
    cache: {
      blocks: 288_500,
      infiniteHitRate: 105_710 / 288_500,
      limited: { blocks: 10_000, hitRate: 61_046 / 288_500 },
      curve: { sampledShare: 1 },
    },
  });
  const { points = [] } = figures.cache?.curve ?? {};
  expect(points.find(({ blocks }) => blocks === 10_000)?.hitRate).toBe(61_046 / 288_500);
  expect(points.at(-1)?.hitRate).toBe(105_710 / 288_500);
  const close: [number | undefined, number][] = [
    [figures.hitRate?.mean, 0.38425808746366197],
    [figures.hitRate?.std, 0.33651244604875785],
    [figures.prefixReuseRatio, 0.519424610051993],
    [figures.inputLength.mean, 12035.061341534369],
    [figures.inputLength.std, 15800.34485130179],
    [figures.inputLength.p99, 85400.4],
    [figures.outputLength?.mean, 342.6189011719724],
    [figures.outputLength?.std, 249.9080345620456],
    [figures.outputLength?.p99, 1118.5],
    [figures.contextLength.mean, 6373.585487490649],
    [figures.contextLength.std, 12024.627428204118],
    [figures.uniqueLength.mean, 5661.475854043721],
    [figures.uniqueLength.std, 12353.496775322432],
    [figures.arrivals?.perSecond, 3.4014711341450763],
    [figures.arrivals?.gaps?.mean, 294.01487946799665],
    [figures.arrivals?.gaps?.std, 891.9639486253147],
    [figures.longShares[2]?.share, 0.050120521984872414],
  ];
  const off = close.filter(([ours, theirs]) => !(Math.abs((ours ?? 0) / theirs - 1) < 1e-9));
  expect(off).toEqual([]);
});
