import { describe, expect, it } from 'vitest';
import { clockOf } from '../../src/commands/profile/server-clock.js';

const second = Date.UTC(2026, 0, 1, 10, 0, 30);

describe('the clock of a server, by the headers of a response', () => {
  it.each([
    // Asked for at 10:00:00.000, answered in 40 ms, dated 10:00:30: its clock showed 30 to 32 s.
    ['ahead', { date: 'Thu, 01 Jan 2026 10:00:30 GMT' }, { offsetMs: 30_980, errorMs: 1020 }],
    ['behind', { date: 'Thu, 01 Jan 2026 09:59:00 GMT' }, { offsetMs: -59_020, errorMs: 1020 }],
    ['no date', {}, undefined],
    ['not a date', { date: 'today' }, undefined],
    ['from a cache', { date: 'Thu, 01 Jan 2026 10:00:30 GMT', age: '9' }, undefined],
  ])('%s', (_, headers: Record<string, string>, clock) => {
    expect(clockOf({ header: (name) => headers[name] }, second - 30_000, 40)).toEqual(clock);
  });
});
