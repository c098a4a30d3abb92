import { expect, test } from 'vitest';
import { curvesOf } from '../../src/metrics/curves.js';
import { parseFilter } from '../../src/metrics/filter.js';
import { measure } from '../../src/metrics/measure.js';
import { interChunkLatency, timeToFirstToken } from '../../src/metrics/request-metrics.js';
import { RequestTable } from '../../src/metrics/request-table.js';
import { resultsOver } from '../../src/metrics/results.js';
import { metricOf, metricsFor } from '../../src/metrics/table.js';
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
  expect([0, 3].map((row) => table.outcome(row))).toEqual(['succeeded', 'failed']);
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
  expect([some.length, some.outcome(0), some.outcome(1)]).toEqual([2, 'succeeded', 'failed']);
  expect(some.extent).toEqual({ fromNs: ms(50), toNs: ms(1290) });
  expect(some.column(timeToFirstToken)?.at(0)).toBe(ms(150));
  expect(Array.from(some.list(interChunkLatency)?.at(0) ?? [])).toEqual([ms(30), ms(60), ms(90)]);
  expect(some.named('turn_index')).toBeUndefined();
});

test('a table is moved to another thread with all its values, and goes on there', () => {
  const sent = new RequestTable(metricsFor(streamingChat), origin);
  for (const counted of fourRequests) sent.add(measure(counted, thresholds, []));
  const before = resultsOver(sent, { rows: undefined, curves: curvesOf(sent, [sent.extent])[0] });
  const { message, transfer } = sent.toMessage();
  const received = RequestTable.fromMessage(structuredClone(message, { transfer }), metricOf);
  // Moved, not copied.
  expect(transfer.every(({ byteLength }) => byteLength === 0)).toBe(true);
  expect(sent.startNs(1)).toBeNaN();
  expect(received.extent).toEqual({ fromNs: 0, toNs: ms(1330.5) });
  const after = resultsOver(received, { rows: undefined, curves: curvesOf(received, [received.extent])[0] });
  expect(after).toEqual(before);
  const [first] = fourRequests;
  if (first !== undefined) received.add(measure(first, thresholds, []));
  expect([received.length, received.column(timeToFirstToken)?.at(4)]).toEqual([5, ms(100)]);
});
