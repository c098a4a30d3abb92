import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import type { Slice } from '../../src/metrics/slices.js';
import { statNames } from '../../src/metrics/statistics.js';
import { metrics } from '../../src/metrics/table.js';
import { weigh } from '../../src/metrics/trade-off.js';
import { trendsOf } from '../../src/metrics/trends.js';
import { repeatsTable } from '../../src/report/repeats-table.js';
import { report, sideTables } from '../../src/report/report.js';
import { selectionTable } from '../../src/report/selection-table.js';
import { sliceTable } from '../../src/report/slice-table.js';
import { sweepReport } from '../../src/report/sweep-report.js';
import { trendLines } from '../../src/report/trend-lines.js';
import { fourRequests, storeOf } from '../metrics/records.js';

const layout = { width: 80, colours: false };
const huge = 123_456_789.12;

/** Every metric that a console table has, every number as wide as those of a long trace run. */
const results = metrics.map(({ tag, displayUnit }) => ({
  tag,
  unit: displayUnit,
  statistics: Object.fromEntries(statNames.map((name) => [name, huge])),
}));
const summary = { ...storeOf(fourRequests).summary(), results };

const slices = Array.from({ length: 12 }, (_, index): Slice => {
  const startNs = BigInt(index) * 100_000_000_000n;
  return { index, startNs, endNs: startNs + 100_000_000_000n, isComplete: true, results };
});
const sliced = { seconds: 100, slices, trends: trendsOf(slices), steady: results };

/** Lines wider than 80 columns. */
const wide = (lines: readonly string[]) => lines.filter((line) => stringWidth(line) > 80);

test('every table of a run', () => {
  const text = report({ ...summary, sliced }, {}, layout, sideTables(['all']));
  expect(wide(text.split('\n'))).toEqual([]);
  // Nothing is lost without a word.
  expect(text).toMatch(/\nNot shown at a width of 80 columns: .*\.\n/);
});

test('slices, and the steady state', () => {
  expect(wide(sliceTable(sliced, layout))).toEqual([]);
  const lines = trendLines(summary, sliced, layout);
  expect(wide(lines)).toEqual([]);
  expect(lines.join('\n')).toContain('steady state');
});

test('percentiles that were asked for are all there', () => {
  const selected = metrics.slice(0, 5).map(({ tag, displayUnit }) => ({
    ...{ tag, unit: displayUnit, statistics: { count: 1_000_000, avg: huge } },
    quantiles: [1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9].map((percent) => ({
      ...{ percent, value: huge, interval: { low: huge, high: huge } },
    })),
  }));
  const text = selectionTable(selected, { where: undefined, requests: 9, all: 9 }, layout);
  expect(wide(text.split('\n'))).toEqual([]);
  for (const percent of ['p1', 'p50', 'p99.9']) expect(text).toMatch(new RegExp(`┃ *${percent} *┃`));
});

test('repeats, and a sweep over several options', () => {
  const value = { mean: huge, ciLow: huge - 9e6, ciHigh: huge + 9e6, noise: 9e6 };
  const repeated = { ...value, std: huge, min: huge, max: huge, cv: 0.5, se: huge, tCritical: 2, unit: 'ms' };
  const names = ['time_to_first_token_avg', 'output_token_throughput_per_user_avg'];
  const table = repeatsTable(new Map(names.map((name) => [name, repeated])), 0.95, 3, layout);
  expect(wide(table.split('\n'))).toEqual([]);

  const points = [1, 2].map((load) => ({
    ...{ load, throughput: value, perUser: value, ttft: value, goodShare: 0.5, clientLimited: true },
    ...{ runs: 3, latency: undefined },
    ...{ cells: ['1000', '20.5', '128000', '4096'], name: `concurrency ${load}` },
  }));
  const sweep = sweepReport(
    [{ work: '', points, verdict: weigh(points, 0.5) }],
    {
      ...{
        columns: ['Concurrency', 'Request rate', 'ISL', 'OSL'],
        subject: '',
        load: undefined,
        gpus: { gpus: 8, from: 'GPU telemetry' },
      },
      ...{ streams: true, objectives: ['Time to First Token ≤ 370.00 ms'], goodShare: 0.5 },
      ...{ confidenceLevel: 0.95, repeated: true, hasTable: true },
    },
    layout,
  );
  expect(wide(sweep.split('\n'))).toEqual([]);
  expect(sweep).toContain('client limited');
});
