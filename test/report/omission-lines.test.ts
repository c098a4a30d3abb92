import { expect, test } from 'vitest';
import { omissionLines } from '../../src/report/omission-lines.js';
import type { ClientFidelity } from '../../src/run/fidelity.js';
import { fourRequests, storeOf } from '../metrics/records.js';

const client = (mayQueue: boolean, wasLate: boolean): ClientFidelity => ({
  verdict: wasLate ? 'client strained' : 'client ok',
  load: { kind: 'rate', mayQueue },
});
const queueing = client(true, false);

/** The lines where the p99 is so many ms from the sending, and so many from when requests were due. */
function lines(sent: number, due: number, fidelity = queueing): string[] {
  const result = (tag: string, p99: number) => ({ tag, unit: 'ms' as const, statistics: { p99 } });
  const results = [
    result('request_latency', sent),
    result('effective_latency', due),
    result('credit_to_start_latency', due - sent),
  ];
  const summary = { ...storeOf(fourRequests).summary(), results };
  return omissionLines(summary, fidelity, { width: 1000, colours: false });
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
    `Coordinated omission: p99 Request Latency is ${latency} ms from when a request was sent, and ${effective} ms from when ` +
      `it was due. 1 % of requests were sent ${late} ms late or more because they waited for earlier ones to return; a ` +
      'client that does not wait would see the second figure. --tables schedule shows both.',
  ]);
});

test('in an open loop nothing but the client delays a request', () => {
  expect(lines(20, 30, client(false, true))).toEqual([
    'Late sending: p99 Request Latency is 20.00 ms from when a request was sent, and 30.00 ms from when it was due. 1 % of ' +
      'requests were sent 10.00 ms late or more because this client was late, not the server (see Fidelity). --tables ' +
      'schedule shows both.',
  ]);
});

test('in an open loop with a client that was fast enough but for a few requests', () => {
  expect(lines(20, 30, client(false, false))[0]).toMatch(
    /because this client was late, not the server; too few requests to change the verdict on the client\. --tables/,
  );
});

test('with a ceiling and a late client it may be either', () => {
  expect(lines(20, 30, client(true, true))[0]).toContain(
    'because they waited for earlier ones to return, or because this client was late (see Fidelity); a client',
  );
});

test('a run that does not know when requests were due has none', () => {
  expect(
    omissionLines({ ...storeOf([]).summary(), results: [] }, queueing, { width: 80, colours: false }),
  ).toEqual([]);
});
