import { expect, it } from 'vitest';
import { shardsContent } from '../../../src/report/page/shards.js';

it('has a row for each machine, and why the merge is degraded', () => {
  const text = shardsContent({
    merge: 'degraded',
    reasons: ['Shard 1 <b> was lost: 20 of its 50 due requests have no record'],
    startSkewMs: 1.5,
    shards: [
      {
        ...{ shard: 0, host: 'load-a', state: 'complete', verdict: 'client ok', startSkewMs: 0 },
        ...{ records: { profiling: 1050 }, due: { profiling: 1050 }, missing: { profiling: 0 } },
        ...{ clockOffsetMs: -0.5, clockErrorMs: 0.1, clockDriftMs: 0.25, peakSpoolBytes: 2_500_000 },
      },
      { shard: 1, state: 'missing', missing: { profiling: 20 } },
      {
        ...{ shard: 2, host: 'load-c', state: 'rejoined', records: { profiling: 40 } },
        incarnations: [
          {
            incarnation: 1,
            host: 'load-b',
            records: { profiling: 30 },
            lostAtNs: 1_800_000_000n * 10n ** 9n,
          },
          {
            incarnation: 2,
            host: 'load-c',
            records: { profiling: 10 },
            joinedAtNs: 1_800_000_012n * 10n ** 9n,
          },
        ],
      },
      { shard: 3, verdict: 'client strained', judgedUntilNs: 1n },
    ],
  })?.toString();
  const cells = (row: string) => [...row.matchAll(/<t[hd][^>]*>([^<]*)</g)].map(([, cell]) => cell);
  const [, first = '', second = '', , lost = '', joined = '', last = ''] =
    text?.match(/<tr>.*?<\/tr>/gs) ?? [];
  expect(cells(first)).toEqual([
    ...['0', 'load-a', 'complete', '1,050', '1,050', '0', '0.00 ms', '-0.50 ± 0.10', '0.25 ms', '2.50 MB'],
    'client ok',
  ]);
  expect(cells(second)).toEqual([
    ...['1', '', 'missing', 'N/A', 'N/A', '20', 'N/A', 'not measured', 'N/A', 'N/A', 'not judged'],
  ]);
  expect(cells(lost).slice(0, 5)).toEqual(['2, agent 1', 'load-b', 'lost 08:00:00', '30', '']);
  expect(cells(joined).slice(0, 5)).toEqual(['2, agent 2', 'load-c', 'joined 08:00:12', '10', '']);
  expect(cells(last).at(-1)).toBe('client strained until its last sign of life');
  expect(text).toContain('<li>Shard 1 &lt;b&gt; was lost: 20 of its 50 due requests have no record</li>');
  expect(text).toContain('Merge: degraded. All shards started within 1.50 ms by their clocks.');
  expect(shardsContent(undefined)).toBeUndefined();
});
