import { expect, test } from 'vitest';
import { serverRows } from '../../src/report/server-rows.js';

const times = (theirs: number, ours: number) => ({
  ...{ unit: 'ms', server: { avg: theirs, p50: theirs }, client: { avg: ours, p50: ours } },
});

test('differences have a sign, but for those that no digit shows', () => {
  expect(
    serverRows({
      requestsFinished: { server: 12, client: 12 },
      promptTokens: { server: 1200, client: 1100 },
      generationTokens: { server: 90, client: 100 },
      timeToFirstToken: times(20.004, 20),
      interTokenLatency: times(10, 9.99),
      requestLatency: times(10, 10.01),
    }).map(([label, ...sides]) => [label, sides.join(' | ')]),
  ).toEqual([
    ['Requests finished', '12 | 12 | 0'],
    ['Prompt tokens', '1,200 | 1,100 | +100'],
    ['Generation tokens', '90 | 100 | -10'],
    ['Time to First Token avg (ms)', '20.00 | 20.00 | 0.00'],
    ['Time to First Token p50 (ms)', '≈ 20.00 | 20.00 | '],
    ['Inter Token Latency avg (ms)', '10.00 | 9.99 | -0.01'],
    ['Inter Token Latency p50 (ms)', '≈ 10.00 | 9.99 | '],
    ['Request Latency avg (ms)', '10.00 | 10.01 | +0.01'],
    ['Request Latency p50 (ms)', '≈ 10.00 | 10.01 | '],
  ]);
});

test('speculative decoding, where the server counts it', () => {
  expect(serverRows({ acceptanceLength: 2.75, acceptanceRate: 70 / 120 })).toEqual([
    ['Speculative acceptance length', '2.75', '', ''],
    ['Speculative acceptance rate', '58.3 %', '', ''],
  ]);
  expect(serverRows({ acceptanceLength: 2.5 })).toEqual([['Speculative acceptance length', '2.50', '', '']]);
  expect(serverRows({})).toEqual([]);
});
