import { expect, test } from 'vitest';
import { parseFilter } from '../../src/metrics/filter.js';
import { measure } from '../../src/metrics/measure.js';
import { interChunkLatency, timeToFirstToken } from '../../src/metrics/request-metrics.js';
import { RequestTable } from '../../src/metrics/request-table.js';
import { metricsFor } from '../../src/metrics/table.js';
import { fourRequests, ms, origin, streamingChat, thresholds } from './records.js';

/** Three requests with a TTFT of 100, 150 and 80 ms, and one that failed; each with its turn, and when it was noted. */
const table = new RequestTable(metricsFor(streamingChat), origin);
for (const [i, counted] of fourRequests.entries()) {
  table.add(measure(counted, thresholds, []), undefined, [
    ['turn_index', i, ''],
    ['noted_ns', origin.epochNs + BigInt(i), 'ns'],
    ['queue', Float64Array.of(i, i + 1), 'ms'],
  ]);
}

test('a column is found by its metric, and holds values in its unit', () => {
  expect([0, 1, 2, 3].map((row) => table.column(timeToFirstToken)?.at(row))).toEqual([
    ...[ms(100), ms(150), ms(80), Number.NaN],
  ]);
  expect(Array.from(table.list(interChunkLatency)?.at(1) ?? [])).toEqual([ms(30), ms(60), ms(90)]);
  expect([0, 3].map((row) => table.outcome(row))).toEqual(['valid', 'failed']);
  expect([table.startNs(1), table.endNs(1)]).toEqual([ms(50), ms(382)]);
});

test.each<[string, number[]]>([
  ['time_to_first_token < 90', [2]],
  // Neither true nor false for the failed one.
  ['not time_to_first_token < 90', [0, 1]],
  ['turn_index >= 1 and output_sequence_length = 1', [2]],
  // Exact beyond 2^53.
  [`noted_ns > ${origin.epochNs + 2n}`, [3]],
  ['inter_chunk_latency > 0', []],
  ['unheard_of > 0 or turn_index = 0', [0]],
])('where %s', (filter, rows) => {
  expect(Array.from(table.where(parseFilter(filter)))).toEqual(rows);
});

test('a table of some requests alone', () => {
  const some = table.only(Int32Array.of(1, 3));
  expect([some.length, some.outcome(0), some.outcome(1)]).toEqual([2, 'valid', 'failed']);
  expect(some.extent).toEqual({ fromNs: ms(50), toNs: ms(1290) });
  expect(some.column(timeToFirstToken)?.at(0)).toBe(ms(150));
  expect(Array.from(some.list(interChunkLatency)?.at(0) ?? [])).toEqual([ms(30), ms(60), ms(90)]);
  expect(some.named('turn_index')).toBeUndefined();
});
