import { describe, expect, it, test } from 'vitest';
import type { SlicedRun } from '../../../src/metrics/sliced-run.js';
import { runStatements } from '../../../src/report/page/words.js';
import type { ClientFidelity } from '../../../src/run/fidelity.js';
import { counted, fourRequests, ms, storeOf, streamingChat } from '../../metrics/records.js';
import { chatConfig, reportedRun } from './runs.js';

function said(...run: Parameters<typeof reportedRun>) {
  return Object.fromEntries(
    runStatements(reportedRun(...run)).map(({ topic, sentences }) => [topic, sentences]),
  );
}

test('the run of four requests', () => {
  // TTFT 80, 100, 150 ms; latency 80, 200, 330 ms.
  // Mean TTFT 110 of mean latency 203.33; ITL 25 and 30 ms; 13 tokens and 3 requests in 1.33 s; 40 and 33.33 tokens/s.
  expect(said(storeOf(fourRequests).summary(), { facts: { inputConfig: chatConfig } })).toEqual({
    Measured: [
      '4 requests to m at http://h:8000 (chat, streaming), 2 in flight, in 1.33 s.',
      'Mean prompt length: 26 tokens; mean output length: 4 tokens.',
    ],
    Speed: [
      'Time to first token: median 100 ms, max 150 ms.',
      'Request latency: median 200 ms, max 330 ms.',
      'On average 54.1 % of the latency was the wait for the first token; inter-token latency: mean 27.5 ms.',
    ],
    Throughput: ['2.26 requests/s were completed, with 9.77 output tokens/s; each user got 36.7 tokens/s.'],
    Failures: [
      '1 of 4 requests failed (25.0 %). The cause: 400 Bad Request.',
      'None of these are part of the latencies; see Error-adjusted latency (failures = ∞).',
    ],
    Client: ['The run has no data on the client, so it is unknown whether the client was the limit.'],
    Caveats: ['3 requests are too few for a reliable p99 (368 needed for a 95 % upper bound).'],
  });
});

test('from a hundred requests on the tail is the p99', () => {
  // 99 requests of 100 ms and one of 200: rank 98.01 lies a hundredth of the way from 100 to 200.
  const records = Array.from({ length: 100 }, (_, i) => {
    const at = ms(10 * i);
    const took = ms(i === 0 ? 200 : 100);
    return counted(
      { startNs: at, dueNs: at, contentNs: Float64Array.of(at + took), endNs: at + took + 1 },
      {},
    );
  });
  expect(said(storeOf(records).summary()).Speed?.slice(0, 2)).toEqual([
    'Time to first token: median 100 ms, p99 101 ms.',
    'Request latency: median 100 ms, p99 101 ms.',
  ]);
});

test('objectives: all of them, and each by itself; one alone is named', () => {
  const slos = [
    { tag: 'time_to_first_token', limit: 120 },
    { tag: 'request_latency', limit: 79.5 },
  ];
  const of = (some: typeof slos) =>
    said(storeOf(fourRequests, { ...streamingChat, slos: some }).summary()).Goodput;
  expect(of(slos)).toEqual([
    '0 of 4 requests (0 %) met every objective: 0.00 good requests/s.',
    'Time to First Token ≤ 120 ms was met by 50.0 %, Request Latency ≤ 79.50 ms by 0 %.',
  ]);
  expect(of(slos.slice(0, 1))).toEqual([
    '2 of 4 requests (50.0 %) met Time to First Token ≤ 120 ms: 1.50 good requests/s.',
  ]);
});

describe('failures', () => {
  const failure = (number: number, code: number, changes = {}) =>
    counted(
      {
        startNs: ms(number),
        dueNs: ms(number),
        endNs: ms(number + 1),
        contentNs: new Float64Array(),
        error: { code, type: code === 503 ? 'Service Unavailable' : 'Bad Request', message: 'no' },
        ...changes,
      },
      { input: 1 },
    );

  it('none', () => {
    expect(said(storeOf(fourRequests.slice(0, 3)).summary()).Failures).toEqual(['All 3 requests succeeded.']);
  });

  it('of several kinds, the most frequent is named', () => {
    const records = [failure(0, 400), failure(1, 503), failure(2, 503)];
    expect(said(storeOf(records).summary())).toMatchObject({
      Measured: ['3 requests.'],
      Failures: [
        '3 of 3 requests failed (100 %). Most often (2 times): 503 Service Unavailable.',
        'No request succeeded, so there is no latency to report.',
      ],
    });
  });
});

test('that a run is incomplete comes first; what its records do not agree about begins the caveats', () => {
  const words = said(storeOf(fourRequests).summary(), {
    facts: { incompleteReason: 'Run cancelled.' },
    notes: ['The last line of the records is cut off: 1 record is skipped.'],
  });
  expect(Object.entries(words)[0]).toEqual([
    'Incomplete',
    ['Run cancelled. The figures cover only part of the run: do not compare them with complete runs.'],
  ]);
  expect(words.Caveats?.slice(0, 1)).toEqual([
    'The last line of the records is cut off: 1 record is skipped.',
  ]);
});

test('trends, where the run has slices', () => {
  const summary = storeOf(fourRequests).summary();
  const sliced: SlicedRun = {
    seconds: 1,
    slices: [],
    steady: undefined,
    trends: {
      completeSlices: 9,
      steadyFrom: 3,
      metrics: [
        {
          tag: 'time_to_first_token',
          label: 'Time to First Token',
          slices: 9,
          findings: [
            { kind: 'warm-up', slices: { first: 0, last: 2 }, endSeconds: 30, change: 1.04, p: 0.00001 },
          ],
          drift: undefined,
        },
      ],
    },
  };
  expect(said({ ...summary, sliced })['Over time']).toEqual([
    'Trends over 9 complete slices, by the medians of each:',
    'Time to First Token: warm-up in slices 0 to 2, until 30 s: +104.0 % against the rest of the run (p < 0.0001).',
    'Time to First Token: too few slices are left to test for a drift.',
  ]);
});

test('the verdict on the client, with its reasons', () => {
  const summary = storeOf(fourRequests).summary();
  const client = (fidelity: ClientFidelity) => said(summary, { facts: { fidelity } }).Client;
  expect(client({ verdict: 'client ok', reasons: [] })).toEqual([
    'The client kept up: the figures are those of the server.',
  ]);
  expect(
    client({ verdict: 'client limited', reasons: [{ level: 'limited', reason: 'no port was left' }] }),
  ).toEqual([
    'The client was the limit: the figures are not those of the server alone.',
    'No port was left.',
  ]);
});
