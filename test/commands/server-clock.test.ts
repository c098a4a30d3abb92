import { describe, expect, it } from 'vitest';
import { clockOf, driftSince } from '../../src/commands/profile/server-clock.js';
import { takeOrigin } from '../../src/util/clock.js';

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

describe('clocks at the end of a run', () => {
  const now = takeOrigin();
  const began = { server: 'http://a:1', offsetMs: 400, errorMs: 1010 };
  async function since(epochNs: bigint, started?: typeof began) {
    const lines: string[] = [];
    const drift = await driftSince(
      { ...now, epochNs },
      started,
      () => Promise.resolve({ ...began, offsetMs: 6400, errorMs: 1005 }),
      (_level, _logger, line) => lines.push(line),
    );
    return { ...drift, wallMs: Math.round((drift.wallMs ?? 0) / 1000) * 1000, lines };
  }

  it('the wall clock was set', async () => {
    // The run began when it was 60 s behind what it is now: its offset is 60 s smaller.
    expect(await since(now.epochNs - 60_000_000_000n)).toEqual({
      wallMs: -60_000,
      lines: ['the wall clock was set forward by 60.0 s during the run: times of records do not follow it'],
    });
    expect((await since(now.epochNs + 3_000_000_000n)).lines).toEqual([
      'the wall clock was set back by 3.0 s during the run: times of records do not follow it',
    ]);
  });

  it('that of the server went on at another speed', async () => {
    const { serverMs, serverErrorMs, lines } = await since(now.epochNs, began);
    expect([serverMs, serverErrorMs, lines]).toEqual([6000, 2015, []]);
  });
});
