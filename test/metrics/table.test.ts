import { expect, test } from 'vitest';
import { metricsReference } from '../../src/metrics/reference.js';
import { metricOf, metrics } from '../../src/metrics/table.js';

test('tags are unique, and rows of one console table have different places', () => {
  const tags = metrics.map(({ tag }) => tag);
  expect(new Set(tags).size).toBe(tags.length);
  const places = metrics.flatMap(({ table, order }) => (table === undefined ? [] : [`${table} ${order}`]));
  expect(new Set(places).size).toBe(places.length);
});

test('rows of the main console table', () => {
  const main = metrics.filter(({ table }) => table === 'main');
  expect(main.sort((a, b) => (a.order ?? 0) - (b.order ?? 0)).map(({ label }) => label)).toEqual([
    'Time to First Token',
    'Network-Adjusted Time to First Token',
    'Time to Second Token',
    'Time to First Output Token',
    'Network-Adjusted Time to First Output Token',
    'Time to First Audio Byte',
    'Request Latency',
    'Network-Adjusted Request Latency',
    'Network RTT',
    'Video Inference Time',
    'Video Peak Memory',
    'Output Audio Duration',
    'Real-Time Factor (RTF)',
    'Decode Duration',
    'Inter Token Latency',
    'Output Token Throughput Per User',
    'E2E Output Token Throughput',
    'Output Sequence Length',
    'Input Sequence Length',
    'Output Token Throughput',
    'Input Token Throughput',
    'Inverse Real-Time Factor (RTFx)',
    'Image Throughput',
    'Image Latency',
    'Request Throughput',
    'Goodput',
    'Completed Requests (Success + Error)',
    'Planned Cancellations',
    'Request Error Rate',
    'Request Failure Rate',
    'Request Count',
  ]);
});

test('labels are words, without a unit; AIPerf’s spelling is kept for its CSV files', () => {
  expect(metrics.map(({ label }) => label).filter((label) => /%|_|[a-z][A-Z]/.test(label))).toEqual([]);
  expect(metrics.flatMap(({ csvLabel }) => csvLabel ?? []).sort()).toEqual([
    'GoodRequestFraction',
    'OSL Mismatch Diff %',
    'Overall Usage Prompt Cache Read %',
    'Usage Completion Diff %',
    'Usage Prompt Diff %',
    'Usage Reasoning Diff %',
  ]);
});

test('an unknown tag', () => {
  expect(() => metricOf('ttft')).toThrow('no metric has the tag ttft');
});

test('the reference page says every metric in a row of its own', () => {
  const page = metricsReference();
  expect(page).toContain(
    '| `inter_token_latency` | Inter Token Latency | ms | request | (Request Latency - Time to First Token) / ' +
      '(Output Sequence Length - 1); with --per-chunk-usage, - the tokens of the first content chunk where it reports fewer than all ' +
      '| `--streaming`, an endpoint that generates tokens | fewer than two output tokens |\n',
  );
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows).toHaveLength(metrics.length);
  for (const row of rows) expect(row.match(/(?<!\\)\|/g)).toHaveLength(8);
});
