import { expect, it } from 'vitest';
import { shardsSection } from '../../src/commands/merge/section.js';
import { isWhole } from '../../src/run/shards.js';

const counts = (profiling: number) => ({ warmup: 0, profiling });
const part = (index: number, records: number) => ({
  ...{ index, host: `host-${index}`, records: counts(records), due: counts(10) },
});

it('a shard that fell behind makes the load degraded, not the results incomplete; one that was cut short does both', () => {
  const behind = shardsSection([part(0, 10), part(1, 8)], 'digest');
  expect(behind).toMatchObject({
    merge: 'degraded',
    reasons: ['shard 1 (host-1) fell behind its schedule: 2 of the 10 requests due from it have no record'],
    shards: [{ state: 'complete' }, { state: 'fell behind', missing: counts(2) }],
  });
  expect(isWhole(behind)).toBe(true);
  expect(isWhole(shardsSection([part(0, 10)], 'digest'))).toBe(true);
  const cut = [part(0, 8), { ...part(1, 8), endedEarly: 'interrupted' }];
  expect(isWhole(shardsSection(cut, 'digest'))).toBe(false);
  const late = [
    { ...part(0, 8), startedAtNs: 0n },
    { ...part(1, 8), startedAtNs: 2_000_000_000n },
  ];
  expect(isWhole(shardsSection(late, 'digest'))).toBe(false);
});
