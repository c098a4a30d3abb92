import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { notes } from '../../src/commands/report/told.js';
import { readSummary } from '../../src/export/read-summary.js';
import { storeOf } from '../metrics/records.js';

/** What a report notes of a run whose summary file has this warm-up. */
function noted(warmup: object | undefined, more: object = {}): string[] {
  const path = join(mkdtempSync(join(tmpdir(), 'aiperf-told-')), 'summary.json');
  writeFileSync(path, JSON.stringify({ schema_version: '1.4', warmup_metrics: warmup, ...more }));
  const store = storeOf([]);
  const recovered = { records: 0, warmups: 0, isCut: false, summary: store.summary(), table: store.table };
  return notes(recovered, readSummary(path));
}

test('a warm-up that failed is noted on pages and in later reports', () => {
  const count = (avg: number) => ({ unit: 'requests', avg });
  expect(noted({ request_count: count(1), error_request_count: count(2) })).toEqual([
    '2 of 3 warm-up requests failed: the server may not be warm for the first measured requests.',
  ]);
  expect(noted({ request_count: count(3) })).toEqual([]);
  expect(noted(undefined)).toEqual([]);
});

test('what responses lacked is repeated from the summary', () => {
  expect(noted(undefined, { response_warnings: ['Fields are not read: images', 1] })).toEqual([
    'Fields are not read: images',
  ]);
  expect(noted(undefined, { response_warnings: 'x' })).toEqual([]);
});
