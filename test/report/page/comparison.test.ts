import { expect, test } from 'vitest';
import { comparisonCharts } from '../../../src/charts/comparison-charts.js';
import type { RunSummary } from '../../../src/metrics/metric-store.js';
import {
  comparisonStatements,
  comparisonTable,
  pageComparison,
} from '../../../src/report/page/comparison.js';
import type { ReportedRun } from '../../../src/report/page/run.js';
import type { RunFacts } from '../../../src/run/facts.js';
import { fourRequests, storeOf } from '../../metrics/records.js';
import { chatConfig, reportedRun } from './runs.js';

/** A run of so many streams that reached these rates of output tokens, nothing failed. */
function run(streams: number, tokens: number, perUser: number) {
  const four = storeOf(fourRequests.slice(0, 3)).summary();
  const summary: RunSummary = {
    ...four,
    results: [
      { tag: 'output_token_throughput', unit: 'tokens/sec', statistics: { avg: tokens } },
      { tag: 'output_token_throughput_per_user', unit: 'tokens/sec/user', statistics: { avg: perUser } },
    ],
  };
  const [phase] = chatConfig.phases;
  const inputConfig = { ...chatConfig, phases: [{ ...phase, concurrency: streams }] };
  const variationValues = { 'phases.profiling.concurrency': streams };
  const facts = { inputConfig, sweepId: 's', variationValues };
  return reportedRun(summary, { name: `concurrency_${streams}`, facts });
}

const withFacts = (one: ReportedRun, facts: RunFacts): ReportedRun => ({
  ...one,
  facts: { ...one.facts, ...facts },
});

// 8 streams give each user less than 4 do, and the server no more than 4.
const runs = [run(1, 100, 100), run(2, 190, 95), run(4, 320, 80), run(8, 320, 40)];

test('the words: frontier, choice, failures', () => {
  expect(
    comparisonStatements(pageComparison(runs, 0.95)).map(({ topic, sentences }) => [topic, ...sentences]),
  ).toEqual([
    ['Compared', '4 runs with 12 requests, to m.'],
    [
      'Frontier',
      'Pareto frontier (output tokens/s against tokens/s/user): concurrency 1, 2 and 4; 8 is dominated by 4.',
      'Throughput stops scaling beyond concurrency 4 (Kneedle knee).',
    ],
    [
      'Recommendation',
      'User experience: concurrency 1 (100 output tokens/s, 100 tokens/s/user).',
      'Balanced and lowest cost: concurrency 4 (320 output tokens/s, 80.0 tokens/s/user).',
    ],
    ['Failures', 'Every request of every run succeeded.'],
  ]);
});

test('two identical runs: no difference, and no winner', () => {
  const named = (name: string, tokens: number) => ({
    ...withFacts(run(8, tokens, 40), { variationValues: undefined }),
    name,
  });
  const of = (...all: ReportedRun[]) =>
    Object.fromEntries(
      comparisonStatements(pageComparison(all, 0.95)).map(({ topic, sentences }) => [topic, sentences]),
    );
  const alike = of(named('monday', 320), named('tuesday', 325));
  expect(alike.Frontier).toEqual([
    'No difference beyond noise between monday and tuesday: none is recommended over another.',
  ]);
  expect(alike.Recommendation).toBeUndefined();
  // 2 % of either are noise: 320 + 6.4 = 326.4; 333 - 6.66 = 326.34 and 334 - 6.68 = 327.32.
  expect(of(named('monday', 320), named('tuesday', 333)).Recommendation).toBeUndefined();
  expect(of(named('monday', 320), named('tuesday', 334)).Recommendation).toEqual([
    'User experience, balanced and lowest cost: tuesday (334 output tokens/s, 40.0 tokens/s/user).',
  ]);
});

test('neighbours that tie are recommended as a range', () => {
  const words = comparisonStatements(
    pageComparison([run(1, 100, 100), run(8, 400, 50), run(16, 405, 49), run(32, 350, 20)], 0.95),
  );
  expect(words.find(({ topic }) => topic === 'Recommendation')?.sentences).toEqual([
    'User experience: concurrency 1 (100 output tokens/s, 100 tokens/s/user).',
    'Balanced and lowest cost: concurrency 8 to 16 (400 to 405 output tokens/s, 49.0 to 50.0 tokens/s/user; no difference beyond noise).',
  ]);
});

test('says at the top and in each row where this client was the limit', () => {
  const compared = pageComparison(
    runs.map((one, i) =>
      withFacts(one, {
        fidelity: { verdict: ['client ok', 'client strained', 'client limited', 'client limited'][i] },
      }),
    ),
    0.95,
  );
  expect(comparisonStatements(compared)[1]).toEqual({
    topic: 'Client',
    sentences: [
      'This client was the limit at concurrency 4 and 8: the server may do better there than these figures show.',
      'The client was strained at concurrency 2: read the tails there with care.',
    ],
    tone: 'bad',
  });
  const text = comparisonTable(compared, () => '#').toString();
  expect([...text.matchAll(/<td>(ok|strained|limited)<\/td>/g)].map(([, verdict]) => verdict)).toEqual([
    ...['ok', 'strained', 'limited', 'limited'],
  ]);
  const all = runs.map((one) => withFacts(one, { fidelity: { verdict: 'client ok' } }));
  expect(comparisonStatements(pageComparison(all, 0.95))[1]).toEqual({
    ...{ topic: 'Client', sentences: ['The client kept up in every run.'], tone: 'good' },
  });
});

test('a run of a part of its load is named, and not weighed', () => {
  // The last of them would be the best on both axes.
  const lost = withFacts(run(16, 400, 120), { incompleteReason: 'Shard 1 (b) was lost.' });
  const all = [...runs, lost];
  const compared = pageComparison(all, 0.95);
  expect(compared.verdict).toEqual(pageComparison(runs, 0.95).verdict);
  expect(comparisonStatements(compared).at(-1)).toEqual({
    topic: 'Caveats',
    sentences: ['concurrency 16 is not weighed, since its results are incomplete: Shard 1 (b) was lost.'],
    tone: 'caution',
  });
  expect(comparisonTable(compared, () => '#').toString()).toContain('<td>incomplete</td>');
  const [pareto] = comparisonCharts;
  expect(pareto?.data(compared)).toMatchObject({
    places: [...runs.map(() => ({ holds: true })), { name: '16', isIncomplete: true }],
    line: [
      [80, 320],
      [95, 190],
      [100, 100],
    ],
  });
  const shard = withFacts(run(16, 100, 20), { shard: { index: 1, count: 3 } });
  expect(pageComparison([...runs, shard], 0.95).notes).toEqual([
    'concurrency 16 is shard 1 of 3, with a part of the load of its run: aiperf merge makes the run.',
  ]);
  const none = pageComparison([lost, { ...lost, name: 'other' }], 0.95);
  expect(comparisonStatements(none)).toContainEqual({
    ...{ topic: 'Frontier', sentences: ['No run is complete.'], tone: 'plain' },
  });
});

test('repeats of a point are compared by their means, and their spread is the noise', () => {
  // Means: 1 stream 100, 2 streams 200 tokens a second; the intervals of two runs reach 12.7 standard errors far.
  const repeated = [run(1, 90, 100), run(2, 190, 95), run(1, 110, 100), run(2, 210, 95)];
  const compared = pageComparison(repeated, 0.95);
  expect(compared.points.map(({ name, throughput }) => [name, throughput?.mean])).toEqual([
    ['1', 100],
    ['2', 200],
  ]);
  const words = Object.fromEntries(
    comparisonStatements(compared).map(({ topic, sentences }) => [topic, sentences]),
  );
  expect(words.Compared).toEqual([
    '4 runs with 12 requests, to m.',
    'Repeats are compared by their means: 2 points.',
  ]);
  // 100 ± 127 and 200 ± 127 are no difference; 100 and 95 for each user, twice the same, are one.
  expect(words.Recommendation).toEqual([
    'User experience and balanced: concurrency 1 (100 output tokens/s, 100 tokens/s/user).',
    'Lowest cost: concurrency 1 to 2 (100 to 200 output tokens/s, 95.0 to 100 tokens/s/user; no difference in output tokens/s beyond noise).',
  ]);
  const links = comparisonTable(compared, (one) => `#${repeated.indexOf(one)}`).toString();
  expect([...links.matchAll(/href="#(\d)"/g)].map(([, index]) => index)).toEqual(['0', '2', '1', '3']);
  const [interactivity] = comparisonCharts;
  expect(interactivity?.data(compared)).toMatchObject({
    subtitle: '4 runs at 2 points, named by concurrency',
  });
});

test('runs of two sweeps are never repeats of each other', () => {
  const of = (sweepId: string) => {
    return { ...withFacts(run(2, 100, 100), { sweepId }), name: `${sweepId}/concurrency_2` };
  };
  const { points, groups } = pageComparison([of('a'), of('b')], 0.95);
  expect(points.map(({ name, runs: count }) => [name, count])).toEqual([
    ['a-concurrency_2', 1],
    ['b-concurrency_2', 1],
  ]);
  expect(groups.map(({ title }) => title)).toEqual(['a/concurrency_2', 'b/concurrency_2']);
});

test('without streams, each user has the pace of whole answers', () => {
  const slow = (streams: number, e2e: number) => {
    const one = run(streams, 100 * streams, 0);
    const [throughput] = one.summary.results;
    if (throughput === undefined) throw new Error('there is no throughput');
    const results = [
      throughput,
      { tag: 'e2e_output_token_throughput', unit: 'tokens/sec/user', statistics: { avg: e2e } } as const,
    ];
    return { ...one, summary: { ...one.summary, results } };
  };
  const compared = pageComparison([slow(1, 30), slow(2, 20)], 0.95);
  expect(compared.points.map(({ perUser }) => perUser?.mean)).toEqual([30, 20]);
  expect(comparisonStatements(compared)[1]?.sentences).toEqual([
    'Pareto frontier (output tokens/s against tokens/s/user): concurrency 1 and 2.',
    'tokens/s/user = output tokens / request latency, since nothing was streamed.',
  ]);
});

test('runs with other prompts are told', () => {
  const withIsl = (streams: number, avg: number) => {
    const one = run(streams, 100, 100);
    const isl = { tag: 'input_sequence_length', unit: 'tokens', statistics: { avg } } as const;
    return { ...one, summary: { ...one.summary, results: [...one.summary.results, isl] } };
  };
  const told = (isl: number) =>
    comparisonStatements(pageComparison([withIsl(1, 100), withIsl(2, isl)], 0.95)).find(
      ({ topic }) => topic === 'Caveats',
    )?.sentences;
  expect(told(120)).toBeUndefined();
  expect(told(121)).toEqual([
    'These runs do not do the same work: their mean prompt lengths are 100.00 to 121.00 tokens, so the frontier does not compare like with like.',
  ]);
});

test('servers that are not set up alike are a caveat', () => {
  const [first, second] = runs.map((one, i) => {
    const settings = { '/version': { version: `0.${i}` } };
    return withFacts(one, { serverSettings: [{ server: 'vLLM', url: 'http://h/metrics', settings }] });
  });
  const statements = comparisonStatements(
    pageComparison(
      [first, second].flatMap((one) => one ?? []),
      0.95,
    ),
  );
  expect(statements.find(({ topic }) => topic === 'Caveats')?.sentences).toEqual([
    'The servers of these runs were not set up alike: they differ in version (0.0, 0.1).',
  ]);
});

test('points have the means of what the axes show, and the objectives as bounds of it', () => {
  const one = run(1, 100, 40);
  const result = (tag: string, avg: number) => ({ tag, unit: 'ms' as const, statistics: { avg } });
  const slo = (tag: string, limit: number) => ({
    ...{ tag, limit, label: tag, unit: 'ms', largerIsBetter: false, passed: 3, measured: 3 },
  });
  const summary = {
    ...one.summary,
    results: [...one.summary.results, result('time_to_first_token', 70), result('request_latency', 900)],
    slos: [slo('inter_token_latency', 20), slo('time_to_first_token', 80), slo('request_latency', 1000)],
  };
  const { points, limits } = pageComparison([{ ...one, summary }, run(2, 190, 95)], 0.95);
  expect(points.map(({ ttft, latency }) => [ttft?.mean, latency?.mean])).toEqual([
    [70, 900],
    [undefined, undefined],
  ]);
  // 20 ms a token are 50 tokens a second.
  expect(limits).toEqual({ perUser: 50, ttft: 80, latency: 1000 });
});

test('throughput is shown per GPU where all runs say the same number', () => {
  const on = (gpus: number) => {
    const { facts, ...rest } = run(1, 100, 100);
    const inputConfig = { ...facts.inputConfig, x_aiperf_ts: { num_gpus: gpus } };
    return { ...rest, facts: { ...facts, inputConfig } };
  };
  expect(pageComparison([on(2), on(2)], 0.95).gpus).toBe(2);
  expect(pageComparison([on(2), on(4)], 0.95).gpus).toBeUndefined();
  expect(pageComparison([on(2), run(1, 100, 100)], 0.95).gpus).toBeUndefined();
});

test('the load is the rate where there is one: streams are its ceiling', () => {
  const at = (rate: number) =>
    reportedRun(storeOf(fourRequests).summary(), {
      name: `rate_${rate}.0`,
      facts: { inputConfig: { phases: [{ name: 'profiling', rate, concurrency: 50 }] } },
    });
  expect(pageComparison([at(1), at(2), at(4)], 0.95).points.map(({ load }) => load)).toEqual([1, 2, 4]);
});

/** A run of which this share of all requests was good. */
function withGoodShare(one: ReportedRun, share: number): ReportedRun {
  const good = { tag: 'good_request_fraction', unit: 'ratio', statistics: { avg: share } } as const;
  const { summary } = one;
  const slo = {
    tag: 'request_latency',
    limit: 100,
    label: 'Request Latency',
    unit: 'ms',
    largerIsBetter: false,
  };
  return {
    ...one,
    summary: { ...summary, slos: [{ ...slo, passed: 3, measured: 3 }], results: [...summary.results, good] },
  };
}

test('only runs that keep the objectives are recommended', () => {
  const choice = (shares: readonly number[]) => {
    const held = runs.map((one, i) => withGoodShare(one, shares[i] ?? 0));
    const compared = pageComparison(held, 0.9);
    expect(compared.hasObjectives).toBe(true);
    return comparisonStatements(compared).find(({ topic }) => topic === 'Recommendation')?.sentences;
  };
  // Without the run of 4, that of 2 gives the most; 90 % itself is enough.
  expect(choice([1, 0.9, 0.5, 0.1])).toEqual([
    'Only points where 90.0 % of all requests meet every objective: not 4 (50.0 %) and 8 (10.0 %).',
    'User experience and balanced: concurrency 1 (100 output tokens/s, 100 tokens/s/user).',
    'Lowest cost: concurrency 2 (190 output tokens/s, 95.0 tokens/s/user).',
  ]);
  expect(choice([0.8, 0.867, 0.5, 0.1])).toEqual([
    'None: at no point do 90.0 % of all requests meet every objective; nearest: concurrency 2 with 86.7 %.',
  ]);
});

test('failures are told run by run', () => {
  const failing = reportedRun(storeOf(fourRequests).summary(), { name: 'late' });
  const { Failures: failures } = Object.fromEntries(
    comparisonStatements(pageComparison([run(1, 100, 100), failing], 0.95)).map(({ topic, sentences }) => [
      topic,
      sentences,
    ]),
  );
  expect(failures).toEqual(['late: 1 of 4 requests failed (25.0 %).']);
});

test('the table has a row and a link for each run, and marks the frontier', () => {
  const text = comparisonTable(
    pageComparison(runs, 0.95),
    (run) => `#run-${runs.indexOf(run) + 1}`,
  ).toString();
  const rows = [...text.matchAll(/<tr><th scope="row">(.*?)<\/tr>/g)].map(([, row = '']) =>
    row.split(/<\/t[hd]>(?:<td>)?/).slice(0, 8),
  );
  expect(rows).toEqual([
    ['<a href="#run-1">concurrency_1</a>', '●', '1 in flight', '3', '0', '', '100', '100'],
    ['<a href="#run-2">concurrency_2</a>', '●', '2 in flight', '3', '0', '', '190', '95.0'],
    ['<a href="#run-3">concurrency_4</a>', '● knee', '4 in flight', '3', '0', '', '320', '80.0'],
    ['<a href="#run-4">concurrency_8</a>', '', '8 in flight', '3', '0', '', '320', '40.0'],
  ]);
});

test('the table has the figures of each run, and its good requests where there are objectives', () => {
  const result = (tag: string, statistics: { avg?: number; p50?: number; p99?: number }) => ({
    ...{ tag, unit: 'ms' as const, statistics },
  });
  const one = withGoodShare(run(1, 100, 90), 0.75);
  const more = [
    result('request_throughput', { avg: 12 }),
    result('time_to_first_token', { p50: 50, p99: 70 }),
    result('request_latency', { p50: 500, p99: 900 }),
  ];
  const told = { ...one, summary: { ...one.summary, results: [...one.summary.results, ...more] } };
  const text = comparisonTable(pageComparison([told, run(2, 190, 95)], 0.95), () => '#').toString();
  const rows = [...text.matchAll(/<tr><th scope="row">(.*?)<\/tr>/g)].map(([, row = '']) =>
    row.split(/<\/t[hd]>(?:<td>)?/).slice(5),
  );
  expect(rows).toEqual([
    ['12.0', '100', '90.0', '50.0 ms', '70.0 ms', '500 ms', '900 ms', '75.0 %', ''],
    ['', '190', '95.0', '', '', '', '', '', ''],
  ]);
});

test('power of all GPUs and tokens per joule, where they were measured', () => {
  const measured = (one: ReportedRun, watts: number, perJoule: number): ReportedRun => ({
    ...one,
    summary: {
      ...one.summary,
      results: [
        ...one.summary.results,
        { tag: 'nvidia_total_gpu_power', unit: 'W', statistics: { avg: watts } },
        { tag: 'nvidia_output_tokens_per_joule', unit: 'tokens/J', statistics: { avg: perJoule } },
      ],
    },
  });
  const [first, second] = runs;
  if (first === undefined || second === undefined) throw new Error('unreachable');
  const compared = pageComparison([measured(first, 640.5, 0.15625), second], 0.95);
  const { points } = compared;
  expect(points.map(({ gpuPower, tokensPerJoule }) => [gpuPower?.mean, tokensPerJoule?.mean])).toEqual([
    [640.5, 0.15625],
    [undefined, undefined],
  ]);
  const text = comparisonTable(compared, () => '#').toString();
  expect(text).toContain('>GPU power</th><th scope="col">Tokens/J</th>');
  expect(text).toMatch(/<td>641 W<\/td><td>0\.156<\/td>/);
  expect(comparisonTable(pageComparison(runs, 0.95), () => '#').toString()).not.toContain('GPU power');
});
