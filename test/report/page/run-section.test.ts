import { expect, test } from 'vitest';
import { NotableFinder } from '../../../src/metrics/notable.js';
import type { StoredRecord } from '../../../src/metrics/stored-request.js';
import type { ReportedRun } from '../../../src/report/page/run.js';
import { runSection } from '../../../src/report/page/run-section.js';
import { fourRequests, origin, storeOf, streamingChat } from '../../metrics/records.js';
import { chatConfig, reportedRun } from './runs.js';

const slos = [
  { tag: 'time_to_first_token', limit: 120 },
  { tag: 'request_latency', limit: 250 },
];
const summary = storeOf(fourRequests, { ...streamingChat, slos }).summary();
const sectionOf = (said: Partial<ReportedRun> = {}) =>
  runSection(reportedRun(summary, said), 'run', undefined).toString();

/** The rows of the table with this caption, cell by cell. */
function rowsOf(page: string, caption: string): string[][] {
  const from = page.indexOf(`>${caption}</caption>`);
  const body = page.slice(from, page.indexOf('</table>', from));
  return [...body.matchAll(/<tr>(<th scope="row">.*?)<\/tr>/g)].map(([, row = '']) =>
    row.split(/<\/t[hd]>/).map((cell) => cell.replaceAll(/<[^>]*>/g, '')),
  );
}

test('the figures at the top', () => {
  const tiles = [...sectionOf().matchAll(/<li><span class="label">(.*?)<\/li>/g)].map(([, tile = '']) =>
    tile.replaceAll(/<[^>]*>/g, ''),
  );
  // TTFT 80, 100, 150 ms; latency 80, 200, 330; ITL 25, 30: p99 at rank 1.98, and at 0.99. In 1.33 s: 3 requests,
  // 13 tokens, two requests that keep both objectives.
  expect(tiles).toEqual([
    'Time to first token 100 ms p99 149 ms',
    'Inter-token latency 27.5 ms p99 29.9 ms',
    'Request latency 200 ms p99 327 ms',
    'Throughput 2.26 requests/s',
    'Output tokens 9.77 tokens/s',
    'Goodput 1.50 good requests/s',
    'Success 75.0 % 1 of 4 failed',
  ]);
});

test('metrics in the order of the columns, and what of failures is infinite', () => {
  const page = sectionOf();
  expect(rowsOf(page, 'Metrics')[0]).toEqual([
    ...['Time to First Token ms', '110.00', '80.00', '100.00', '125.00', '140.00', '145.00', '149.00'],
    ...['150.00', '29.44', ''],
  ]);
  // 80, 200, 330 and one that is infinite, by nearest rank: p50 at rank 1.5, which goes to the even 2.
  expect(rowsOf(page, 'Error-adjusted latency (failures = ∞)')[0]).toEqual([
    ...['Request Latency (error-adjusted) ms', '∞', '80.00', '330.00', '330.00', '∞', '∞', '∞', '∞', '', ''],
  ]);
});

test('objectives: of the successful requests, and of all', () => {
  expect(rowsOf(sectionOf(), 'Objectives')).toEqual([
    ['Time to First Token ≤ 120.00 ms', '2', '66.7 %', '50.0 %', ''],
    ['Request Latency ≤ 250.00 ms', '2', '66.7 %', '50.0 %', ''],
    ['All SLOs met (good requests)', '2', '66.7 %', '50.0 %', ''],
  ]);
});

test('slices, the last of which the end of the run cuts short', () => {
  // Two requests in the first second: 100 and 150, p90 145; 200 and 330, p90 317; 12 tokens. Then 1 in 0.3305 s.
  const { sliced } = storeOf(fourRequests, { ...streamingChat, sliceSeconds: 1 }).summary();
  expect(rowsOf(sectionOf({ summary: { ...summary, sliced } }), 'Slices')).toEqual([
    ['0', '0.00 – 1.00 s', '2', '0', '125.00', '145.00', '265.00', '317.00', '12.00', ''],
    ['1', '1.00 – 1.33 s (partial)', '1', '1', '80.00', '80.00', '80.00', '80.00', '3.03', ''],
  ]);
});

test('failures by kind, as a share of all requests', () => {
  expect(rowsOf(sectionOf(), 'Failures by kind')).toEqual([
    ['400', 'Bad Request', '{&quot;error&quot;:&quot;context window exceeded&quot;}', '1', '25.0 %', ''],
  ]);
});

test('the record of a request: of long lists only the begin', () => {
  const gaps = Float64Array.from({ length: 102 }, () => 1.5);
  const one = { ...request(3, 400, 100), metrics: [['inter_chunk_latency', gaps, 'ms'] as const] };
  const page = sectionOf({ notable: { slowest: [one], slowestToStart: [], failures: [] } });
  expect(rowsOf(page, 'Record')).toEqual([
    ['line of the file', '3', ''],
    ['Inter Chunk Latency', `${Array(100).fill('1.50').join(', ')} … and 2 more, ms`, ''],
  ]);
});

test('the client, figure by figure', () => {
  const times = (p50: number) => ({ p50, p99: 10 * p50, max: 20 * p50 });
  const thread = {
    ...{ thread: 1, eventLoopDelay: times(0.1), readLag: times(0.2), gcPauses: { count: 7, max: 2.5 } },
    ...{ late: 30, busyShare: 0.25, cpuShare: 0.2, coreWaitShare: 0.01 },
  };
  const fidelity = {
    ...{ verdict: 'client ok', clientLimitedCount: 3, sendDelay: times(0.5), threads: [thread] },
    load: { requested: 50, achieved: 49.5, unit: 'requests/s' },
    connections: { opened: 8, reused: 1992, refused: 4, portStarved: 5 },
    ...{ cpuThrottled: 1500, cpuStolen: 20 },
    utilization: { share: 0.123, requestsPerSecond: 42_000, eventsPerSecond: 85_000 },
  };
  const page = sectionOf({ facts: { fidelity } });
  expect(rowsOf(page, 'The client').map(([name, value]) => `${name}: ${value}`)).toEqual([
    'Verdict: client ok',
    'Requests affected by client delay: 3',
    'Send delay: p50 0.500 ms, p99 5.00 ms, max 10.0 ms',
    'Requested load: 50.0 requests/s',
    'Achieved load: 49.5 requests/s',
    'Opened connections: 8',
    'Reused connections: 1,992',
    'Refused connections: 4',
    'Blocked by port exhaustion: 5',
    'CPU-throttled: 1.50 s',
    'CPU time taken by the host: 20.0 ms',
    'Utilization: 12.3 % of this machine&#39;s limit (85,000 events/s or 42,000 requests/s per load thread)',
  ]);
  expect(rowsOf(page, 'Load threads')).toEqual([
    [
      ...['1', 'p50 0.100 ms, p99 1.00 ms, max 2.00 ms', 'p50 0.200 ms, p99 2.00 ms, max 4.00 ms'],
      ...['7, at most 2.50 ms', '30.0 ms', '25.0 %', '20.0 %', '1.0 %', ''],
    ],
  ]);
});

test('what was run, with the objectives', () => {
  const [phase] = chatConfig.phases;
  const inputConfig = { ...chatConfig, phases: [{ ...phase, duration: 90 }] };
  expect(
    rowsOf(sectionOf({ facts: { inputConfig } }), 'Configuration').map(
      ([name, value]) => `${name}: ${value}`,
    ),
  ).toEqual([
    'Model: m',
    'Server: http://h:8000',
    'Endpoint: chat, streaming',
    'Load: 2 in flight',
    'Ends after: 4 requests or 90.0 s',
    'Objectives: Time to First Token ≤ 120.00 ms; Request Latency ≤ 250.00 ms',
  ]);
});

/** The request on a line of the file, of so many ms; one with an error failed. */
function request(line: number, latency: number, ttft?: number, error?: string): StoredRecord {
  const values = new Map<string, number>();
  if (error === undefined) values.set('request_latency', latency);
  if (ttft !== undefined) values.set('time_to_first_token', ttft);
  return {
    ...{
      line,
      phase: 'profiling',
      dueNs: undefined,
      startNs: origin.epochNs + BigInt(line) * 1_000_000_000n,
      endNs: undefined,
      values,
      metadata: {},
      metrics: [],
    },
    ...{ cancelled: false, dropped: false },
    error: error === undefined ? undefined : { code: 500, type: 'HTTPError', message: error },
  };
}

function found(requests: readonly StoredRecord[]) {
  const finder = new NotableFinder();
  for (const one of requests) finder.add(one, () => one);
  return finder.found;
}

test('notable are the twenty slowest, of equals the earlier, and the first of each kind of failure', () => {
  const lines = (some: readonly StoredRecord[]) => some.map(({ line }) => line);
  const { slowest, slowestToStart, failures } = found([
    ...[request(1, 5, 3), request(2, 9), request(3, 7, 4), request(4, 9, 1)],
    ...[request(5, 0, undefined, 'a'), request(6, 0, undefined, 'b'), request(7, 0, undefined, 'a')],
  ]);
  expect([slowest, slowestToStart, failures].map(lines)).toEqual([
    [2, 4, 3, 1],
    [3, 1, 4],
    [5, 6],
  ]);
  const many = found(Array.from({ length: 30 }, (_, i) => request(i, (i * 7) % 30)));
  expect(many.slowest.map(({ values }) => values.get('request_latency'))).toEqual(
    Array.from({ length: 20 }, (_, i) => 29 - i),
  );
});

test('each of the slowest has its facts, and a bar beside the longest', () => {
  const notable = found([request(1, 400, 100), request(2, 200, 50)]);
  const page = sectionOf({ notable });
  const list = page.slice(page.indexOf('By request latency'), page.indexOf('By time to first token'));
  const entries = [...list.matchAll(/<summary>(.*?)<\/summary>/g)].map(([, entry = '']) => entry);
  expect(entries.map((entry) => entry.replaceAll(/<[^>]*>/g, ''))).toEqual([
    '400 ms first token 100 ms sent at 1.00 s ',
    '200 ms first token 50.0 ms sent at 2.00 s ',
  ]);
  expect(entries.map((entry) => [...entry.matchAll(/width:(.*?)%/g)].map(([, width]) => width))).toEqual([
    ['25.00', '75.00'],
    ['12.50', '37.50'],
  ]);
});
