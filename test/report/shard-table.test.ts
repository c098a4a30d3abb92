import { describe, expect, it } from 'vitest';
import { shardTable } from '../../src/report/shard-table.js';

describe('clocks that drifted', () => {
  const lines = (drifts: readonly { clockDriftMs?: number; clockErrorMs?: number }[]) => {
    const shards = drifts.map((drift, shard) => ({ shard, state: 'complete', ...drift }));
    const text = shardTable({ shards: { merge: 'exact', shards } }, { width: 400, colours: false });
    return text.filter((line) => line.startsWith('Clock drift'));
  };

  it('are named in a sentence where errors cannot be the reason, at most three', () => {
    const sure = (clockDriftMs: number) => ({ clockDriftMs, clockErrorMs: 0.5 });
    expect(lines([sure(1), sure(-1), {}, { clockDriftMs: 2 }])).toEqual([]);
    expect(lines([sure(1), sure(-12.5)])).toEqual([
      'Clock drift during the run, which times of records do not follow: shard 1 by -12.50 ms.',
    ]);
    expect(lines([sure(2), sure(3), sure(4), sure(5), { clockDriftMs: 2.5 }])).toEqual([
      'Clock drift during the run, which times of records do not follow: ' +
        'shard 3 by 5.00 ms, shard 2 by 4.00 ms, shard 1 by 3.00 ms and 2 others.',
    ]);
  });
});
