import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomExponential, randomGamma } from 'd3-random';
import { describe, expect, it } from 'vitest';
import { planDataset } from '../../src/dataset/plan.js';
import { turnTimings } from '../../src/dataset/turn-timings.js';
import { fixedSchedule } from '../../src/schedule/fixed-schedule.js';
import { Distribution } from '../../src/trace/distribution.js';
import { traceFigures } from '../../src/trace/figures.js';
import { fitTrace } from '../../src/trace/fit.js';
import { gapSource } from '../../src/trace/gap-models.js';
import { generateTrace } from '../../src/trace/generate.js';
import { modelText, readModel } from '../../src/trace/model.js';
import { OperationalTime } from '../../src/trace/operational-time.js';
import { tableMean, tableOf, tableQuantile } from '../../src/trace/quantile-table.js';
import { TimeQueue } from '../../src/trace/time-queue.js';
import { randomStream } from '../../src/util/random.js';
import { aiperf, sentences } from '../commands/in-process.js';
import { options } from '../dataset/options.js';
import { rowsOf, sharedData, traceFolder } from './trace-files.js';

const { folder, path, write } = traceFolder();
const figuresOf = (file: string) => traceFigures(file, { blockSize: 512, cacheBlocks: undefined });

describe('the parts of a model', () => {
  it('tables hold the quantiles of values, and are linear between', () => {
    const table = tableOf(new Distribution(new Map(Array.from({ length: 1025 }, (_, value) => [value, 1]))));
    // Ranks 0 to 1024: the quantile of p is 1024 p.
    expect(table.slice(0, 3)).toEqual([0, 2, 4]);
    expect(table.at(-1)).toBe(1024);
    for (const p of [0, 0.1, 0.5, 0.997, 0.9985, 0.9999, 1]) {
      expect(tableQuantile(table, p)).toBeCloseTo(1024 * p, 9);
    }
    expect(tableMean(table)).toBeCloseTo(512, 9);
  });

  it('operational time passes with the load, stands still without, and repeats', () => {
    // 2 arrivals/s on average; 10 s at 4/s, 10 s at 0, 10 s at 2/s.
    const time = new OperationalTime({ per_second: 2, window_sec: 10, load: [2, 0, 1] });
    const pairs = [
      [0, 0],
      [5, 20],
      [10, 40],
      [25, 50],
      [30, 60],
      [35, 80],
    ] as const;
    for (const [seconds, arrivals] of pairs) expect(time.expected(seconds)).toBeCloseTo(arrivals, 9);
    expect([20, 45, 50, 65, 80].map((arrivals) => time.seconds(arrivals))).toEqual([5, 22.5, 25, 31.25, 35]);
  });

  it.each([
    [{ family: 'poisson' }, 1],
    [{ family: 'gamma', shape: 0.25 }, 2],
    // Variance of 2 (p m² + (1 - p) n²) - 1 = 2 (0.8 × 0.25 + 0.2 × 9) - 1 = 3.
    [{ family: 'on_off', short_share: 0.8, short_mean: 0.5, long_mean: 3 }, Math.sqrt(3)],
  ] as const)('gaps of %j have the mean 1 and the CV %d', (model, cv) => {
    const draw = gapSource(model, randomStream(5, 'gaps'));
    const gaps = Array.from({ length: 100_000 }, draw);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    // Four standard errors of the mean.
    expect(Math.abs(mean - 1)).toBeLessThan((4 * cv) / Math.sqrt(gaps.length));
    expect(Math.abs(Math.sqrt(variance) / cv - 1)).toBeLessThan(0.05);
  });

  it('queues give the earliest item, and of those at the same time the first', () => {
    const queue = new TimeQueue<string>();
    for (const [ms, item] of [
      [5, 'c'],
      [1, 'a'],
      [5, 'd'],
      [9, 'e'],
      [1, 'b'],
    ] as const)
      queue.add(ms, item);
    expect([queue.nextMs, ...Array.from({ length: 5 }, () => queue.take())]).toEqual([
      1,
      'a',
      'b',
      'c',
      'd',
      'e',
    ]);
    expect([queue.nextMs, queue.take()]).toEqual([undefined, undefined]);
  });
});

/** A trace of single requests with these gaps in ms; every prompt of 512 to 5,119 tokens begins with 1 of 20 blocks. */
function trace(name: string, gap: () => number, count = 5000): string {
  const random = randomStream(9, name);
  let timestamp = 0;
  const rows = Array.from({ length: count }, (_, i) => {
    if (i > 0) timestamp += gap();
    const input = 512 + random.integer(4608);
    const blocks = Math.ceil(input / 512);
    const own = Array.from({ length: blocks - 1 }, (_, block) => 1000 + i * 10 + block);
    // Long prompts have short responses.
    return {
      timestamp,
      input_length: input,
      output_length: 1 + Math.round((5120 - input) / 10) + random.integer(20),
      hash_ids: [random.integer(20), ...own],
    };
  });
  return write(name, ...rows);
}

const source = (purpose: string) => randomStream(3, purpose).uniform;
const gammaGap = randomGamma.source(source('gamma'))(0.25, 400);
const batches = source('batches');
const poisson = randomExponential.source(source('changing'));

describe('a fitted model', () => {
  it.each([
    ['poisson', randomExponential.source(source('poisson'))(1 / 100)],
    ['gamma', gammaGap],
    ['empirical', () => (batches() < 0.9 ? 0 : 1000)],
  ])('finds gaps of the family %s under a steady load', async (family, gap) => {
    const { arrivals } = await fitTrace(trace(`${family}.jsonl`, gap), 512);
    expect([arrivals.gaps.family, arrivals.load]).toEqual([family, [1]]);
    // Gaps of 100 ms on average; four standard errors with a CV of at most 3.
    expect(Math.abs(arrivals.per_second / 10 - 1)).toBeLessThan((4 * 3) / Math.sqrt(5000));
    if (arrivals.gaps.family === 'gamma') expect(Math.abs(arrivals.gaps.shape - 0.25)).toBeLessThan(0.03);
  });

  it('finds on-off gaps', async () => {
    const uniform = source('on-off');
    const draw = gapSource(
      { family: 'on_off', short_share: 0.9, short_mean: 1 / 1.8, long_mean: 5 },
      { uniform, integer: () => 0, normal: () => 0 },
    );
    const { arrivals } = await fitTrace(
      trace('on-off.jsonl', () => 100 * draw()),
      512,
    );
    expect(arrivals.gaps).toMatchObject({ family: 'on_off' });
    if (arrivals.gaps.family === 'on_off')
      expect(Math.abs(arrivals.gaps.short_share - 0.9)).toBeLessThan(0.02);
  });

  it('tells a load that changes from gaps that vary', async () => {
    let now = 0;
    // 5 requests/s, and 20/s every other 100 s.
    const gap = () => {
      const ms = poisson(Math.floor(now / 100_000) % 2 === 0 ? 1 / 200 : 1 / 50)();
      now += ms;
      return ms;
    };
    const { arrivals } = await fitTrace(trace('changing.jsonl', gap), 512);
    expect(arrivals.gaps.family).toBe('poisson');
    // 5,000 requests in some 400 s: at most 50 windows of 8.192 s.
    expect(arrivals.window_sec).toBe(8.192);
    const busy = arrivals.load.map((relative) => Math.round((relative * arrivals.per_second) / 7.5) > 1);
    expect(busy.slice(0, 11)).toEqual(Array(11).fill(false));
    expect(busy.slice(13, 24)).toEqual(Array(11).fill(true));
  });
});

describe('a synthetic trace', () => {
  it('has the rate, CV, lengths, their dependence and the shared blocks of the trace it is like', async () => {
    const like = trace('like.jsonl', gammaGap);
    const out = path('synthetic.jsonl');
    const model = await fitTrace(like, 512);
    await generateTrace(model, out, { requests: 15_000, durationMs: Number.POSITIVE_INFINITY, seed: 1 }, []);
    const [target, result] = [await figuresOf(like), await figuresOf(out)];
    expect(result.requests).toBe(15_000);
    // Four standard errors of a rate: CV / √n.
    const rate = (result.arrivals?.perSecond ?? 0) / (target.arrivals?.perSecond ?? 0);
    expect(Math.abs(rate - 1)).toBeLessThan((4 * 2) / Math.sqrt(5000));
    const cv = ({ arrivals }: typeof result) => (arrivals?.gaps?.std ?? 0) / (arrivals?.gaps?.mean ?? 1);
    expect(Math.abs(cv(result) / cv(target) - 1)).toBeLessThan(0.1);
    // Lengths are uniform from 512 to 5,119: four standard errors of a quantile are 4 √(p (1 - p) / n) of the range.
    for (const key of ['p25', 'median', 'p75', 'p95'] as const) {
      expect(Math.abs(result.inputLength[key] - target.inputLength[key])).toBeLessThan(4608 * 0.02);
      expect(Math.abs((result.outputLength?.[key] ?? 0) - (target.outputLength?.[key] ?? 0))).toBeLessThan(
        480 * 0.02,
      );
    }
    const rows = rowsOf(out);
    // Ranks agree within 1/16 of each range; of independent lengths the sums would differ by up to 960.
    const sums = rows.map(({ input_length, output_length }) => input_length / 10 + output_length);
    expect(Math.max(...sums) - Math.min(...sums)).toBeLessThan(200);
    for (const { input_length, hash_ids } of rows)
      expect(hash_ids.length).toBe(Math.ceil(input_length / 512));
    expect(result.cache?.infiniteHitRate).toBeCloseTo(target.cache?.infiniteHitRate ?? 0, 2);
    // 20 first blocks are known after a moment: caches of 20 blocks and more, but not of 2, hold one of them.
    const hitRate = ({ cache }: typeof result, blocks: number) =>
      cache?.curve.points.findLast((point) => point.blocks <= blocks)?.hitRate ?? 0;
    for (const blocks of [50, 100, 200, 500]) {
      expect(Math.abs(hitRate(result, blocks) - hitRate(target, blocks))).toBeLessThan(0.05);
    }
  });

  // Sessions of 1 to 3 turns; each prompt is 600 tokens longer than the one before and begins with its blocks.
  const conversations = (timing: 'timestamp' | 'delay') => {
    const rows: { at: number; row: object }[] = [];
    for (let session = 0; session < 600; session++) {
      for (let turn = 0; turn <= session % 3; turn++) {
        const at = session * 1000 + turn * 5000;
        const input = 1000 + 600 * turn;
        const time = turn > 0 && timing === 'delay' ? { delay: 5000 } : { timestamp: at };
        const hash_ids = Array.from({ length: Math.ceil(input / 512) }, (_, block) => session * 10 + block);
        rows.push({
          at,
          row: { session_id: `c${session}`, ...time, input_length: input, output_length: 50, hash_ids },
        });
      }
    }
    if (timing === 'timestamp') rows.sort((a, b) => a.at - b.at);
    return write(`${timing}.jsonl`, ...rows.map(({ row }) => row));
  };

  it('takes a row without a session for one of one turn', async () => {
    const row = (timestamp: number, session_id?: string) => ({ timestamp, session_id, input_length: 10 });
    const rows = [row(0), row(1000, 's'), row(2000, 's'), row(3000), row(4000)];
    const model = await fitTrace(write('alone.jsonl', ...rows), 512);
    // 1, 1, 1 and 2.
    expect(model.source.turns_per_session).toBe(1.25);
    expect([0.5, 1].map((p) => tableQuantile(model.sessions?.turns ?? [], p))).toEqual([1, 2]);
  });

  it.each(['timestamp', 'delay'] as const)('has sessions whose prompts grow, timed by %s', async (timing) => {
    const like = conversations(timing);
    const model = await fitTrace(like, 512);
    expect(model.sessions).toMatchObject({ timing, prompts: 'whole' });
    // 1,200 turns in 600 sessions.
    expect(model.source.turns_per_session).toBe(2);
    const out = path(`synthetic-${timing}.jsonl`);
    await generateTrace(model, out, { requests: 3000, durationMs: Number.POSITIVE_INFINITY, seed: 1 }, []);
    const rows = rowsOf(out);
    const sessions = new Map<string, typeof rows>();
    for (const row of rows) sessions.set(row.session_id, [...(sessions.get(row.session_id) ?? []), row]);
    // 1,500 sessions of 2 turns; a third each of 1, 2 and 3: standard deviation √(2/3 / 1,500) = 0.02.
    expect(Math.abs(3000 / sessions.size - 2)).toBeLessThan(0.1);
    for (const turns of sessions.values()) {
      expect(turns.map(({ input_length }) => input_length)).toEqual(
        [1000, 1600, 2200].slice(0, turns.length),
      );
      const ids = turns.map(({ hash_ids }) => hash_ids);
      for (const [turn, list] of ids.entries()) {
        const before = ids[turn - 1] ?? [];
        // The last of 2 blocks was full of 1,000 tokens, and begins the 4 blocks of the next one all the same.
        expect(list.slice(0, before.length)).toEqual(before);
      }
      if (timing === 'delay') expect(turns.slice(1).every(({ delay }) => delay === 5000)).toBe(true);
      else
        for (const [turn, { timestamp }] of turns.entries()) {
          expect(timestamp - turns[0].timestamp).toBeCloseTo(5000 * turn, 6);
        }
    }
    const plan = await planDataset({ ...options, inputFile: out, datasetType: 'mooncake_trace' }, () => {});
    expect(fixedSchedule(turnTimings(plan)).dueNs.length).toBeGreaterThan(0);
  });

  it('is the same for a seed, ends in time, and is compared with its target', async () => {
    const like = trace('small.jsonl', () => 100, 200);
    const model = path('model.json');
    expect((await aiperf('trace', 'fit', like, '-o', model)).code).toBe(0);
    expect(modelText(readModel(model))).toBe(readFileSync(model, 'utf8'));
    const out = path('generated.jsonl');
    const generate = async (...words: string[]) => {
      const { code, stdout, stderr } = await aiperf('trace', 'generate', ...words);
      expect([code, stderr]).toEqual([0, '']);
      return stdout;
    };
    const stdout = await generate(model, out, '--duration', '5s');
    // 200 requests in 19.9 s, one every 100 ms: a clock. From 0 to 5 s there are 51.
    expect(stdout).toContain(`Wrote 51 rows to ${out}.`);
    expect(stdout).toMatch(/Requests\/s │ +10\.05 │ +10\.20 │/);
    expect(stdout).toMatch(/Inter-arrival CV │ +0\.00 │ +0\.00 │/);
    const first = readFileSync(out, 'utf8');
    await generate('--like', like, out, '--duration', '5s');
    expect(readFileSync(out, 'utf8')).toBe(first);
    await generate(model, out, '--requests', '51', '--seed', '1');
    expect(readFileSync(out, 'utf8')).not.toBe(first);
    await generate(model, out);
    expect(rowsOf(out)).toHaveLength(200);
  });

  it('like the Mooncake conversation trace has its figures', async (context) => {
    const mooncake = sharedData('mooncake/conversation_trace.jsonl');
    if (mooncake === undefined) return context.skip('the Mooncake conversation trace is not there');
    const out = path('mooncake.jsonl');
    const { code } = await aiperf('trace', 'generate', '--like', mooncake, out);
    expect(code).toBe(0);
    const result = await figuresOf(out);
    const close: [number | undefined, number, number][] = [
      // Four standard errors with a CV of 3.03 over 12,031 gaps are 11 %.
      [result.arrivals?.perSecond, 3.4, 0.11],
      [result.inputLength.median, 6909, 0.04],
      [result.inputLength.p90, 27_367, 0.05],
      [result.outputLength?.median, 350, 0.04],
      [result.outputLength?.p90, 597, 0.05],
      [result.cache?.infiniteHitRate, 0.366, 0.05],
    ];
    for (const [value = 0, target, bound] of close) expect(Math.abs(value / target - 1)).toBeLessThan(bound);
  });
});

describe('refused, and no file left', () => {
  const good = trace('good.jsonl', () => 100, 3);
  const out = path('refused.jsonl');
  const blocks = write(
    'blocks.jsonl',
    { timestamp: 0, input_length: 600, hash_ids: [1, 2] },
    {
      ...{ timestamp: 9, input_length: 600, hash_ids: [1, 2, 3] },
    },
  );
  const flat = write('flat.jsonl', { timestamp: 0, input_length: 1 }, { timestamp: 0, input_length: 1 });
  const noTime = write('no-time.jsonl', { input_length: 1 });
  const texts = write('texts.jsonl', { timestamp: 0, text_input: 'a' });
  const broken = path('broken.json');
  writeFileSync(broken, '{"format":"aiperf-trace-model","version":2}');
  it.each([
    [
      ['fit', blocks, '-o', out],
      `${blocks}:2: input_length 600 does not fit 3 hash_ids of 512 tokens, which need more than 1024 set the tokens per hash id with --block-size`,
    ],
    [
      ['fit', flat, '-o', out],
      `${flat} has no rate: all its sessions start at the same time fit a trace with at least two times`,
    ],
    [
      ['fit', noTime, '-o', out],
      `${noTime}:1: the row has no timestamp every row needs one, in ms, but the later ones of a session`,
    ],
    [
      ['fit', texts, '-o', out],
      `${texts}:1: the row has no input_length a model needs the length of every prompt`,
    ],
    [
      ['generate', good, out],
      `${good} is not a model: Unexpected non-whitespace character after JSON at position`,
    ],
    [['generate', broken, out], `${broken} is not a valid model: ✖ Invalid input: expected 1 → at version`],
    [
      ['generate', '--like', good, good],
      `${good} would be overwritten while it is read name another file to write`,
    ],
  ])('%j', async (words, message) => {
    const { code, stderr } = await aiperf('trace', ...words);
    expect(code).toBe(1);
    expect(sentences(stderr).replaceAll(' ', '')).toContain(message.replaceAll(' ', ''));
    expect(readdirSync(folder).filter((name) => name.startsWith('refused'))).toEqual([]);
  });
});
