import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { planDataset } from '../../src/dataset/plan.js';
import { turnTimings } from '../../src/dataset/turn-timings.js';
import { fixedSchedule } from '../../src/schedule/fixed-schedule.js';
import { options } from '../dataset/options.js';

const path = fileURLToPath(
  new URL('../../../shared/data/mooncake/conversation_trace.jsonl', import.meta.url),
);
const isThere = existsSync(path);
if (!isThere) process.stderr.write(`skipped: the Mooncake conversation trace is not at ${path}\n`);

/** Timestamps by row, read from the text alone. */
function timestamps(): number[] {
  return [...readFileSync(path, 'utf8').matchAll(/^\{"timestamp": (\d+),/gm)].map(([, ms]) => Number(ms));
}

describe.skipIf(!isThere)('the Mooncake conversation trace', () => {
  it.each([{ startOffsetMs: 0, endOffsetMs: 300_000 }, { startOffsetMs: 600_000, endOffsetMs: 900_000 }, {}])(
    'in the window $startOffsetMs to $endOffsetMs ms is sent row by row at its times',
    async (window) => {
      const { startOffsetMs = 0, endOffsetMs = Number.POSITIVE_INFINITY } = window;
      const schedule = fixedSchedule(
        turnTimings(await planDataset({ ...options, inputFile: path }, () => {})),
        window,
      );
      const rows = timestamps()
        .map((ms, row) => ({ ms, row }))
        .filter(({ ms }) => ms >= startOffsetMs && ms <= endOffsetMs)
        .sort((a, b) => a.ms - b.ms || a.row - b.row);
      expect(Array.from(schedule.conversations)).toEqual(rows.map(({ row }) => row));
      expect(Array.from(schedule.dueNs)).toEqual(rows.map(({ ms }) => (ms - startOffsetMs) * 1e6));
      expect(schedule.turns).toEqual(new Uint32Array(rows.length));
    },
  );

  it('holds 12,031 rows, 927 of them in the first five minutes', async () => {
    const timings = turnTimings(await planDataset({ ...options, inputFile: path }, () => {}));
    expect(fixedSchedule(timings).conversations.length).toBe(12_031);
    expect(fixedSchedule(timings, { endOffsetMs: 300_000 }).conversations.length).toBe(927);
  });
});
