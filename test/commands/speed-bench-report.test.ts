import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { matrixOf, readRuns } from '../../src/commands/speed-bench/matrix.js';
import { aiperf } from './in-process.js';

const root = mkdtempSync(join(tmpdir(), 'aiperf-speed-bench-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const counter = (...totals: readonly number[]) => ({ series: totals.map((total) => ({ stats: { total } })) });
const gauge = (...means: readonly number[]) => ({ series: means.map((avg) => ({ stats: { avg } })) });

/** A folder as a run of a category leaves it. */
function leaveRun(name: string, dataset: object, metrics: object | undefined, more: object = {}): void {
  const folder = join(root, name);
  mkdirSync(folder);
  const config = { models: { items: [{ name: 'm' }] }, datasets: [dataset] };
  writeFileSync(
    join(folder, 'profile_export_aiperf.json'),
    JSON.stringify({ input_config: config, ...more }),
  );
  if (metrics !== undefined)
    writeFileSync(join(folder, 'server_metrics_export.json'), JSON.stringify({ metrics }));
}

// vLLM with two engines: 1 + (30 + 50) / (20 + 20) = 3; 80 of 160 drafted tokens.
leaveRun(
  'a',
  { format: 'speed_bench_writing' },
  {
    'vllm:spec_decode_num_accepted_tokens': counter(30, 50),
    'vllm:spec_decode_num_drafts': counter(20, 20),
    'vllm:spec_decode_num_draft_tokens': counter(60, 100),
  },
  { output_token_throughput: { avg: 120.5 } },
);
// SGLang; a series of 0 is of a server that has drafted nothing.
leaveRun('b', { format: 'speed_bench_coding' }, { 'sglang:spec_accept_length': gauge(2.5, 0, 3.5) });
// Without a page of the server: what the answers reported.
leaveRun('c', { dataset: 'spec_al_gsm8k' }, undefined, { spec_decode_acceptance_length: { avg: 1.25 } });
leaveRun('d', { type: 'synthetic' }, undefined);

describe('runs', () => {
  it('have the figures of their servers, else of their answers', () => {
    const valuesOf = (metric: Parameters<typeof readRuns>[1]) =>
      readRuns([root], metric).runs.map(({ category, value }) => [category, value]);
    expect(valuesOf('accept_length')).toEqual([
      ['writing', 3],
      ['coding', 3],
      ['gsm8k', 1.25],
    ]);
    expect(valuesOf('accept_rate')).toEqual([
      ['writing', 0.5],
      ['coding', undefined],
      ['gsm8k', undefined],
    ]);
    expect(valuesOf('throughput')).toEqual([
      ['writing', 120.5],
      ['coding', undefined],
      ['gsm8k', undefined],
    ]);
  });

  it('that are none of a category are named', () => {
    const { warnings } = readRuns([root, join(root, 'none')], 'accept_length');
    expect(warnings).toEqual([
      expect.stringMatching(/none cannot be read: ENOENT/),
      `${join(root, 'd')}: not a run of SPEED-Bench or spec_al_*, left out`,
    ]);
  });
});

it('a matrix has the categories in the order of the papers, and the last run of each', () => {
  const run = (model: string, category: string, value: number | undefined) => ({ model, category, value });
  expect(
    matrixOf([run('b', 'writing', 4), run('a', 'coding', 1), run('b', 'coding', 9), run('b', 'coding', 2)]),
  ).toEqual({
    categories: ['coding', 'writing'],
    rows: [
      { model: 'a', values: [1, undefined], overall: 1 },
      { model: 'b', values: [2, 4], overall: 3 },
    ],
  });
});

it('the command prints a table and writes the CSV file', async () => {
  const file = join(root, 'out.csv');
  const { code, stdout } = await aiperf(
    'speed-bench-report',
    join(root, 'a'),
    join(root, 'b'),
    '--output',
    file,
  );
  expect(code).toBe(0);
  expect(stdout).toContain('Acceptance Length');
  expect(readFileSync(file, 'utf8')).toBe('Model,coding,writing,Overall\nm,3.00,3.00,3.00\n');
});
