import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFacts } from '../../src/run/facts.js';
import { filesIn } from '../../src/run/files.js';
import { notesOn } from '../../src/run/open.js';

/** What a report notes of a run whose summary file has this warm-up. */
function noted(warmup: object | undefined, more: object = {}): string[] {
  const files = filesIn(mkdtempSync(join(tmpdir(), 'aiperf-open-')), undefined);
  writeFileSync(files.json, JSON.stringify({ schema_version: '1.4', warmup_metrics: warmup, ...more }));
  const { facts, results } = readFacts(files);
  return notesOn({ facts, stored: results }, { records: 0, warmups: 0, isCut: false });
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
