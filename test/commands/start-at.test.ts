import { describe, expect, it } from 'vitest';
import { judgeStart, waitText } from '../../src/commands/profile/start-at.js';

const nowMs = Date.UTC(2026, 0, 1);
const none = { errors: [], warnings: [] };

describe('--start-at', () => {
  it('is in the future', () => {
    expect(judgeStart(undefined, nowMs, '--start-at')).toEqual(none);
    expect(judgeStart(nowMs + 1, nowMs, '--start-at')).toEqual(none);
    expect(judgeStart(nowMs, nowMs, '--start-at')).toEqual({
      ...none,
      errors: [
        '--start-at must be in the future, got 2026-01-01T00:00:00.000Z; it is 2026-01-01T00:00:00.000Z now.',
      ],
    });
  });

  it('may be a typing error if it is more than an hour away', () => {
    expect(judgeStart(nowMs + 3_600_000, nowMs, '--start-at')).toEqual(none);
    expect(judgeStart(nowMs + 9_000_000, nowMs, 'start_at')).toEqual({
      ...none,
      warnings: ['start_at 2026-01-01T02:30:00.000Z is 2 h 30 min away: check the date and the zone.'],
    });
  });

  it('is waited for', () => {
    expect(waitText(nowMs + 12_000, nowMs)).toBe('waiting 12.0 s until 2026-01-01T00:00:12.000Z');
    const fiveDays = 5 * 86_400_000 + 7_200_000;
    expect(waitText(nowMs + fiveDays, nowMs)).toBe('waiting 5 d 2 h until 2026-01-06T02:00:00.000Z');
  });
});
