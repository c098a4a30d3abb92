import { expect, test } from 'vitest';
import { omissionLines } from '../../src/report/omission-lines.js';
import { fourRequests, storeOf } from '../metrics/records.js';

/** The lines where the p99 is so many ms from the sending, and so many from when requests were due. */
function lines(sent: number, due: number): string[] {
  const result = (tag: string, p99: number) => ({ tag, unit: 'ms' as const, statistics: { p99 } });
  const results = [
    result('request_latency', sent),
    result('effective_latency', due),
    result('credit_to_start_latency', due - sent),
  ];
  return omissionLines({ ...storeOf(fourRequests).summary(), results }, { width: 1000, colours: false });
}

test.each([
  ['less than 10 ms', 20, 29.9],
  ['less than a tenth of the latency', 1000, 1099],
])('a difference of %s is not worth a word', (_, sent, due) => {
  expect(lines(sent, due)).toEqual([]);
});

test.each([
  [20, 30, '20.00', '30.00', '10.00'],
  [1000, 1100, '1,000.00', '1,100.00', '100.00'],
])('%d ms from the sending, %d from when it was due', (sent, due, ...words) => {
  const [latency, effective, late] = words;
  expect(lines(sent, due)).toEqual([
    `Coordinated omission: the p99 of Request Latency is ${latency} ms from when a request was sent, and ${effective} ms ` +
      `from when it was due. One request in a hundred was sent ${late} ms late or later, as it waited for earlier ones to ` +
      'come back: a client that does not wait for others would feel the second figure. --tables schedule shows both.',
  ]);
});

test('a run that does not know when requests were due has none', () => {
  expect(omissionLines({ ...storeOf([]).summary(), results: [] }, { width: 80, colours: false })).toEqual([]);
});
