import { expect, it } from 'vitest';
import { planSeries } from '../../src/commands/profile/series/plan.js';
import {
  groupsOf,
  type MeasuredPoint,
  reportFacts,
  verdictsJson,
} from '../../src/commands/profile/series/verdicts.js';
import type { Results } from '../../src/metrics/results.js';
import { prettyJson } from '../../src/util/python-json.js';
import { profile } from '../config/profile-options.js';

function metrics(averages: Readonly<Record<string, number>>): Results {
  return Object.entries(averages).map(([tag, avg]) => ({
    tag,
    unit: '',
    statistics: { avg, p50: avg + 1000 },
  }));
}

/** What a run at a point left, of which throughput, pace, TTFT and the share of good requests count. */
function streamed(throughput: number, perUser: number, ttft: number, good: number): Results {
  return metrics({
    output_token_throughput: throughput,
    output_token_throughput_per_user: perUser,
    time_to_first_token: ttft,
    request_latency: 9999,
    goodput: 7777,
    good_request_fraction: good,
  });
}

async function sweep(line: string, runs: readonly Results[], limited: readonly number[] = []) {
  const { config, points } = await profile([
    '--model',
    'm',
    ...line.split(' '),
    '--goodput',
    'request_latency:5',
  ]);
  const series = planSeries(points, '/x', [42]);
  const measured = series.points.map(
    (planned, i): MeasuredPoint => ({
      planned,
      runs: [
        {
          facts: limited.includes(i) ? { fidelity: { verdict: 'client limited' } } : {},
          summary: { results: runs[i] ?? [] },
        },
      ],
    }),
  );
  const groups = groupsOf(measured, series, config);
  return {
    groups,
    facts: reportFacts(groups, series, config),
    json: JSON.parse(prettyJson(verdictsJson(groups, series, config))),
  };
}

const just = (value: number) => ({ mean: value, ciLow: value, ciHigh: value });

it('points of a sweep over a load stand with their means, and are chosen among where they keep the objectives', async () => {
  const { groups, facts, json } = await sweep(
    '--streaming --concurrency 10,50 --num-gpus 2 --target-goodput 0.9',
    [streamed(100, 20, 30, 0.95), streamed(400, 10, 60, 0.85)],
    [1],
  );
  expect(groups).toHaveLength(1);
  expect(groups[0]?.points).toMatchObject([
    { cells: ['10'], name: '10', load: 10, throughput: just(100), perUser: just(20), ttft: just(30) },
    { cells: ['50'], name: '50', load: 50, throughput: just(400), perUser: just(10), ttft: just(60) },
  ]);
  expect(groups[0]?.points.map(({ goodShare, clientLimited }) => [goodShare, clientLimited])).toEqual([
    [0.95, false],
    [0.85, true],
  ]);
  expect(facts).toEqual({
    ...{ columns: ['Concurrency'], subject: 'concurrency', load: 'concurrency', streams: true },
    gpus: { gpus: 2, from: '--num-gpus' },
    ...{
      objectives: ['Request Latency ≤ 5.00 ms'],
      goodShare: 0.9,
      confidenceLevel: 0.95,
      repeated: false,
      hasTable: true,
    },
  });
  const ten = { parameters: { concurrency: 10 }, ties: [] };
  expect(json).toEqual([
    {
      ...{ throughput: 'output_token_throughput', per_user: 'output_token_throughput_per_user', num_gpus: 2 },
      pareto_frontier: [{ concurrency: 10 }, { concurrency: 50 }],
      client_limited: [{ concurrency: 50 }],
      ...{ knee: null, knee_method: 'kneedle: throughput over concurrency', target_goodput: 0.9 },
      recommendations: { user_experience: ten, balanced: ten, cost: ten },
    },
  ]);
});

it('points that do not differ beyond noise: the file says so, and recommends none', async () => {
  // A single run is known to 2 %: 400 and 415, 10 and 9.7 are ties.
  const { json } = await sweep('--streaming --concurrency 10,50', [
    streamed(400, 10, 30, 1),
    streamed(415, 9.7, 60, 1),
  ]);
  expect(json[0]).toMatchObject({
    pareto_frontier: [{ concurrency: 10 }, { concurrency: 50 }],
    no_difference_beyond_noise: true,
    knee: null,
  });
  expect(json[0].recommendations).toEqual({});
});

it('points of other work are other groups; without streams the whole answer stands in', async () => {
  const answer = (throughput: number) =>
    metrics({ output_token_throughput: throughput, e2e_output_token_throughput: 3, request_latency: 80 });
  const { groups, facts, json } = await sweep(
    '--isl 10,20 --request-rate 1,2.5 --sweep-type grid',
    [1, 2, 3, 4].map(answer),
  );
  expect(groups.map(({ work, points }) => [work, points.map(({ cells, name }) => [cells, name])])).toEqual([
    ['isl 10', [[['10', '1.0'], '1.0'], [['10', '2.5'], '2.5']]], // biome-ignore format: a group each
    ['isl 20', [[['20', '1.0'], '1.0'], [['20', '2.5'], '2.5']]], // biome-ignore format: a group each
  ]);
  expect(groups[1]?.points[1]).toMatchObject({ throughput: just(4), perUser: just(3), latency: just(80) });
  expect([facts.subject, facts.streams]).toEqual(['rate', false]);
  expect(json[1]).toMatchObject({ work: 'isl 20', per_user: 'e2e_output_token_throughput' });
});
