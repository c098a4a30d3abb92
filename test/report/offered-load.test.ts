import { expect, it } from 'vitest';
import { ChartRun } from '../../src/charts/chart-run.js';
import { offeredLoadChart } from '../../src/charts/offered-load.js';
import { offeredSlices, offeredTable, offeredWords } from '../../src/report/offered-load.js';
import { shardsContent } from '../../src/report/page/shards.js';
import type { OfferedLoad } from '../../src/run/shards.js';
import { tableOf } from '../charts/runs.js';

/** 30 requests of 3 shards in 3 slices; shard 1 was killed in the second one. */
const offered: OfferedLoad = {
  ...{ unit: 'requests', planned: 30, achieved: 24 },
  shards: [{ shard: 1, planned: 10, achieved: 4, lastSentSeconds: 0.9 }],
  slices: [
    {
      ...{ startSeconds: 0, endSeconds: 0.8, planned: 9, achieved: 9 },
      shards: [{ shard: 1, planned: 3, achieved: 3 }],
    },
    {
      ...{ startSeconds: 0.8, endSeconds: 1.6, planned: 12, achieved: 9 },
      shards: [{ shard: 1, planned: 4, achieved: 1 }],
    },
    {
      ...{ startSeconds: 1.6, endSeconds: 2, planned: 9, achieved: 6 },
      shards: [{ shard: 1, planned: 3, achieved: 0 }],
    },
  ],
};

/** Means of 2 slots, one of which was lost at half time. */
const inFlight: OfferedLoad = {
  ...{ unit: 'in flight', planned: 2, achieved: 1.49 },
  shards: [
    { shard: 1, planned: 1, achieved: 0.5, lastSentSeconds: 0.75 },
    { shard: 2, planned: 0, achieved: 0 },
  ],
  slices: [
    {
      ...{ startSeconds: 0, endSeconds: 1, planned: 2, achieved: 1.98 },
      shards: [
        { shard: 1, planned: 1, achieved: 1 },
        { shard: 2, planned: 0, achieved: 0 },
      ],
    },
    {
      ...{ startSeconds: 1, endSeconds: 2, planned: 2, achieved: 1 },
      shards: [
        { shard: 1, planned: 1, achieved: 0 },
        { shard: 2, planned: 0, achieved: 0 },
      ],
    },
  ],
};

const layout = { width: 100, colours: false };

it('is a table of the slices that differ, to the character', () => {
  const [, ...lines] = offeredTable(offered, layout);
  expect(lines.join('\n')).toBe(`\
┏━━━━━━━━━━━━━┳━━━━━━━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┓
┃   Slice (s) ┃ All planned ┃ All sent ┃ Shard 1 planned ┃ Shard 1 sent ┃
┡━━━━━━━━━━━━━╇━━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━┩
│ 0.80 - 1.60 │          12 │        9 │               4 │            1 │
│ 1.60 - 2.00 │           9 │        6 │               3 │            0 │
└─────────────┴─────────────┴──────────┴─────────────────┴──────────────┘
Offered load: 24 of 30 planned requests have a record, 80.0 %.
Shard 1: 4 of 10 planned requests have a record, 40.0 %; the last sent at 0.90 s.`);
});

it('shows the first and the last of many slices that differ', () => {
  const many = Array.from({ length: 25 }, (_, i) => ({
    ...{ startSeconds: i, endSeconds: i + 1, planned: 2, achieved: 1 },
    shards: [{ shard: 1, planned: 1, achieved: 0 }],
  }));
  const lines = offeredTable({ ...offered, slices: many }, layout);
  expect(lines[14]).toMatch(/│ +… 5 more │ +│/);
  expect(lines.filter((line) => line.startsWith('│'))).toHaveLength(21);
});

it('takes means in flight within 5 % of the plan for planned', () => {
  const rows = offeredTable(inFlight, layout).filter((line) => line.startsWith('│'));
  expect(rows.map((row) => row.split('│').map((cell) => cell.trim()))).toEqual([
    ['', '1.00 - 2.00', '2.00', '1.00', '1.00', '0.00', ''],
  ]);
  expect(offeredWords(inFlight)).toEqual([
    'Offered load: 1.49 of 2.00 planned requests in flight (mean), 74.5 %.',
    'Shard 1: 0.500 of 1.00 planned requests in flight (mean), 50.0 %; the last sent at 0.75 s.',
    'Shard 2: 0.00 of 0.00 planned requests in flight (mean).',
  ]);
});

it('says that a plan does not tell', () => {
  const slices = [{ startSeconds: 0, endSeconds: 1, achieved: 5, shards: [{ shard: 1, achieved: 2 }] }];
  const shards = [{ shard: 1, achieved: 2, lastSentSeconds: 0.5 }];
  expect(offeredTable({ unit: 'requests', achieved: 5, shards, slices }, layout)).toEqual([
    'Offered load: the plan does not tell when requests are due.',
    'Shard 1: 2 requests with a record; the last sent at 0.50 s.',
  ]);
});

it('is a table of the page', () => {
  const text = shardsContent({ merge: 'degraded', shards: [], offered })?.toString() ?? '';
  const cells = [...text.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>([^<]*)</g)].map(([, cell]) => cell),
  );
  expect(cells.slice(-2)).toEqual([
    ['0.80 - 1.60', '12', '9', '4', '1'],
    ['1.60 - 2.00', '9', '6', '3', '0'],
  ]);
  expect(text).toContain('<li>Offered load: 24 of 30 planned requests have a record, 80.0 %.</li>');
});

it('is a chart of requests/s as planned, of the lost shard and of the others', () => {
  const settings = { objectives: [], sliced: undefined, series: [] };
  const shards = [
    { shard: 0, state: 'complete' },
    { shard: 1, state: 'cut short', lostAtNs: 1_900_000_000n },
    { shard: 2, state: 'missing' },
    { shard: 3, state: 'cut short' },
  ];
  const chartOf = (load: OfferedLoad | undefined) => {
    const section = { shards, offered: load && { ...load, startedAtNs: 1_000_000_000n } };
    return offeredLoadChart.data(new ChartRun(tableOf([]), { ...settings, offered: offeredSlices(section) }));
  };
  expect(chartOf(offered)).toEqual({
    subtitle: 'requests with a record, by the time at which they were sent',
    ...{ seconds: 2, axis: 'Requests/s' },
    names: ['Planned, not sent', 'Shard 1, sent', 'Other shards, sent'],
    // 9, 9 and 6 in 0.8 s; 12, 9 and 8; 9, 6 and 6 in 0.4 s.
    bars: [
      [0, 0.8, 11.25, 11.25, 7.5],
      [0.8, 1.6, 15, 11.25, 10],
      [1.6, 2, 22.5, 15, 15],
    ],
    planned: [
      [0, 11.25],
      [0.8, 15],
      [1.6, 22.5],
      [2, 22.5],
    ],
    losses: [
      { text: 'Shard 1 lost', atSeconds: 0.9 },
      { text: 'Shard 2 missing', atSeconds: 0 },
    ],
  });
  expect(chartOf(inFlight)).toMatchObject({
    axis: 'Requests in flight',
    names: ['Planned, not in flight', 'Incomplete shards, in flight', 'Other shards, in flight'],
  });
  expect(chartOf(undefined)).toBe(undefined);
});
