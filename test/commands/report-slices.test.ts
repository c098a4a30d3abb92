import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixed, withCommas } from '../../src/metrics/format.js';
import { type MockServer, startMockServer } from '../../src/mock-server/server.js';
import {
  aiperf,
  cellsOf,
  filesBelow,
  panelText,
  profileWords,
  readJson,
  readRecords,
  temporaryFolder,
} from '../e2e/aiperf.js';
import { goldenIsThere, goldenText } from '../metrics/golden.js';

const csv = 'profile_export_aiperf_timeslices.csv';
const json = 'profile_export_aiperf_timeslices.json';

describe('a run in slices', () => {
  let server: MockServer;
  let folder: string;
  let stdout: string;
  beforeAll(async () => {
    server = await startMockServer({ port: 0, ttftMs: 20, itlMs: 4, fail: 9, outputTokens: 6 });
    folder = temporaryFolder();
    const run = await aiperf(
      profileWords({
        ...{ model: 'm', tokenizer: 'builtin', url: `http://127.0.0.1:${server.port}`, streaming: true },
        ...{ concurrency: 4, 'request-count': 100, isl: 20, osl: 6, 'artifact-dir': folder },
        ...{ 'slice-duration': 0.1, goodput: 'request_latency:10000' },
      }),
    );
    expect(run).toMatchObject({ code: 0, stderr: '' });
    stdout = run.stdout;
  });
  afterAll(() => server.close());

  it('files hold what the records come to', () => {
    const records = readRecords(join(folder, 'profile_export.jsonl'));
    const starts = records.map((record) => record.ns('request_start_ns'));
    const [firstNs = 0n] = [...starts].sort();
    const lastNs =
      records
        .map((record) => record.ns('request_end_ns'))
        .sort()
        .at(-1) ?? 0n;
    const text = readFileSync(join(folder, json), 'utf8');
    // JSON.parse would round the epochs.
    const bounds = [...text.matchAll(/"timeslice_index": (\d+),\n +"start_ns": (\d+),\n +"end_ns": (\d+),/g)];
    const { timeslices, input_config } = readJson(join(folder, json));
    expect(bounds.length).toBe(timeslices.length);
    expect(bounds.length).toBeGreaterThan(4);
    bounds.forEach(([, index, start, end], i) => {
      expect(index).toBe(`${i}`);
      const window = (BigInt(start ?? 0) - firstNs) / 100_000_000n;
      expect(BigInt(start ?? 0)).toBe(firstNs + window * 100_000_000n);
      const isLast = firstNs + (window + 1n) * 100_000_000n > lastNs;
      expect(BigInt(end ?? 0)).toBe(isLast ? lastNs : firstNs + (window + 1n) * 100_000_000n);
      const inside = records.filter((_, r) => ((starts[r] ?? 0n) - firstNs) / 100_000_000n === window);
      const valid = inside.filter(({ error }) => error === undefined);
      expect(timeslices[i].is_complete).toBe(isLast ? false : undefined);
      expect(timeslices[i].request_count?.avg).toBe(valid.length || undefined);
      expect(timeslices[i].error_request_count?.avg).toBe(inside.length - valid.length || undefined);
      if (!isLast) expect(timeslices[i].goodput?.avg).toBeCloseTo(valid.length / 0.1, 9);
      const ttfts = valid.map(({ metrics }) => Number(metrics.time_to_first_token?.value));
      if (ttfts.length > 0) expect(timeslices[i].time_to_first_token.max).toBe(Math.max(...ttfts));
    });
    const counts: { request_count?: { avg: number } }[] = timeslices;
    const total = counts.reduce((sum, { request_count }) => sum + (request_count?.avg ?? 0), 0);
    expect(total).toBe(readJson(join(folder, 'profile_export_aiperf.json')).request_count.avg);
    expect(input_config).toMatchObject({
      artifacts: { slice_duration: 0.1 },
      slos: { request_latency: 10_000 },
    });
    expect(readFileSync(join(folder, csv), 'utf8')).toMatch(
      /^Timeslice,Start_NS,End_NS,Metric,Unit,Stat,Value\r\n(0,.*\r\n)*0,\d{19},\d{19},Benchmark Duration,sec,avg,\d+\.\d\d\r\n/,
    );
  });

  it('the console has a table, trends, and the files in the footer', () => {
    expect(stdout).toMatch(/ AIPerf \| Time slices of 0\.1 s/);
    // What is shown are the figures of the file, however fast this machine was.
    const { timeslices } = readJson(join(folder, json));
    const [first] = timeslices;
    const spread = ({ avg, p90 }: { avg: number; p90: number }) => `${withCommas(avg)} (${withCommas(p90)})`;
    const failed = first.error_request_count?.avg ?? 0;
    expect(cellsOf(stdout, (cells) => cells[0] === '0' && cells[1] === '0.00 - 0.10')).toEqual([
      ...['0', '0.00 - 0.10', `${first.request_count.avg}${failed > 0 ? ` + ${failed} failed` : ''}`],
      ...[spread(first.time_to_first_token), spread(first.request_latency)],
      withCommas(first.output_token_throughput.avg),
    ]);
    const slices: (Record<string, { avg: number }> & { is_complete?: boolean })[] = timeslices;
    const complete = slices.filter((slice) => slice.is_complete !== false);
    const ttfts = complete.flatMap(({ time_to_first_token: ttft }) => ttft?.avg ?? []);
    const [least, most] = [Math.min(...ttfts), Math.max(...ttfts)];
    expect(stdout.replaceAll(/\n +/g, ' ')).toContain(
      `\nOver ${complete.length} complete slices, by the averages of each (variation: (max - min) / min): ` +
        `Time to First Token: ${withCommas(least)} to ${withCommas(most)} ms, ` +
        `variation ${fixed((100 * (most - least)) / least, 1)} %; ` +
        `first slice ${withCommas(ttfts[0] ?? 0)}, last slice ${withCommas(ttfts.at(-1) ?? 0)} (`,
    );
    expect(stdout).toContain(
      complete.length < 8
        ? `\n${complete.length} complete slices are too few for a trend test (8 needed); try --slice-duration `
        : `\nTrends over ${complete.length} complete slices, by the medians of each:\n  Time to First Token: `,
    );
    expect(stdout).toContain(
      `Records Export: ${join(folder, 'profile_export.jsonl')}\n` +
        `Timeslice CSV Export: ${join(folder, csv)}\n` +
        `Timeslice JSON Export: ${join(folder, json)}\nLog File: `,
    );
  });

  it('is reported again as it was, and in other slices', async () => {
    expect(await aiperf(['report', folder])).toMatchObject({ code: 0, stderr: '', stdout });
    const copy = temporaryFolder();
    cpSync(folder, copy, { recursive: true });
    rmSync(join(copy, csv));
    const live = readFileSync(join(folder, csv), 'utf8');
    expect((await aiperf(['report', copy, '--rewrite'])).code).toBe(0);
    expect(readFileSync(join(copy, csv), 'utf8')).toBe(live);

    const other = await aiperf(['report', copy, '--slice-duration', '100']);
    expect(other.stdout).toContain('AIPerf | Time slices of 100 s');
    expect(other.stdout).toMatch(/│ +0 │ 0\.00 - \d+\.\d\d partial │ 89 \+ 11 failed │/);
    expect(other.stdout).toMatch(
      /\n0 complete slices are too few for a trend test \(8 needed\); try --slice-duration [\d.]+\.\n/,
    );
    const { timeslices, input_config } = readJson(join(copy, json));
    expect(timeslices).toMatchObject([{ is_complete: false, request_count: { avg: 89 } }]);
    expect(input_config.artifacts.slice_duration).toBe(100);
  });

  it('names with a prefix', async () => {
    const other = temporaryFolder();
    cpSync(join(folder, 'profile_export.jsonl'), join(other, 'foo.jsonl'));
    await aiperf(['report', other, '--profile-export-prefix', 'foo.json', '--slice-duration', '1']);
    expect(filesBelow(other)).toEqual([
      'foo.csv',
      'foo.json',
      'foo.jsonl',
      'foo_console.txt',
      'foo_timeslices.csv',
      'foo_timeslices.json',
    ]);
  });
});

describe('--slice-duration that cannot be', () => {
  it.each([
    [['--slice-duration', '0'], '--slice-duration must be a number above 0, got 0.'],
    [
      ['--slice-duration', '5', '--benchmark-duration', '5'],
      '--slice-duration must be below --benchmark-duration, 5, got 5.',
    ],
  ])('%s', async (words, sentence) => {
    const { code, stderr } = await aiperf(['profile', '--model', 'm', ...words]);
    expect([code, panelText(stderr)]).toEqual([1, sentence]);
  });
});

describe.runIf(goldenIsThere)("beside AIPerf's own slices", () => {
  it('the same rows in the same order, but for what is worked out over time', async () => {
    const golden = fileURLToPath(new URL('../../../shared/reference/golden/good/', import.meta.url));
    const folder = temporaryFolder();
    cpSync(join(golden, 'profile_export.jsonl'), join(folder, 'profile_export.jsonl'));
    const goodput = 'time_to_first_token:100 request_latency:400';
    expect((await aiperf(['report', folder, '--slice-duration', '1', '--goodput', goodput])).code).toBe(0);
    const names = (text: string) =>
      text
        .split(/\r?\n/)
        .filter((row) => row.startsWith('0,'))
        .map((row) => row.split(',').slice(3, 6).join())
        .filter((row) => !/^(Active|Effective) |^Tokens In Flight/.test(row));
    const [header, first] = readFileSync(join(folder, csv), 'utf8').split('\r\n');
    const theirs = goldenText(`good/${csv}`);
    expect(header).toBe(theirs.split(/\r?\n/)[0]);
    // The grid starts at the first record's start there too, rounded to steps of 256 ns.
    expect(first?.split(',')[1]).toBe('1795513936484103925');
    expect(theirs.split(/\r?\n/)[1]?.split(',')[1]).toBe('1795513936484103936');
    expect(names(readFileSync(join(folder, csv), 'utf8'))).toEqual(names(theirs));
  });
});
