import { describe, expect, test } from 'vitest';
import { type AggregateFacts, aggregate, aggregateCsv, aggregateJson } from '../../src/export/aggregate.js';
import { type SweepFacts, sweepCsv, sweepJson } from '../../src/export/sweep-aggregate.js';
import type { Results } from '../../src/metrics/results.js';
import { storedResults } from '../../src/run/stored-results.js';
import { Float } from '../../src/util/python-json.js';
import { goldenIsThere, goldenText } from '../metrics/golden.js';

const facts: AggregateFacts = {
  ...{
    version: '0.13.0',
    runs: 1,
    labels: ['run_0001'],
    failed: [],
    confidenceLevel: 0.95,
    cooldownSeconds: 0,
  },
  variation: {
    label: 'phases.profiling.concurrency=2',
    values: { 'phases.profiling.concurrency': 2 },
    model: 'qwen3-0.6b',
  },
};
const sweepFacts: SweepFacts = {
  ...{ runs: 2, successful: 2, failed: [], combinations: 2, confidenceLevel: 0.95, runsPerPoint: 1 },
  swept: [{ name: 'concurrency', values: [2, 4] }],
  verdicts: [],
};

/** A run with these requests a second, and this p99 to the first token in ms. */
function runOf(perSecond: number, ttftP99: number): Results {
  return [
    { tag: 'request_throughput', unit: 'requests/sec', statistics: { avg: perSecond } },
    {
      tag: 'time_to_first_token',
      unit: 'ms',
      statistics: { avg: ttftP99 / 2, p99: ttftP99, min: 1, max: 99, count: 3 },
    },
  ];
}

describe('repeated runs', () => {
  test('every statistic but the count, in the order of the file', () => {
    const found = aggregate([runOf(10, 40), runOf(12, 60), runOf(14, 80)], 0.95);
    expect([...found.keys()]).toEqual([
      'request_throughput_avg',
      ...['avg', 'p99', 'min', 'max'].map((stat) => `time_to_first_token_${stat}`),
    ]);
    // Mean 60, std sqrt((400 + 0 + 400) / 2) = 20.
    expect(found.get('time_to_first_token_p99')).toMatchObject({
      mean: 60,
      std: 20,
      min: 40,
      max: 80,
      unit: 'ms',
    });
  });

  test('a metric that some runs lack is taken over those that have it', () => {
    const found = aggregate([runOf(10, 40), []], 0.95);
    expect(found.get('request_throughput_avg')).toMatchObject({ mean: 10, tCritical: undefined });
  });

  test('the CSV: two and four decimals, what is infinite, what one run does not have', () => {
    const metrics = new Map([
      ...aggregate(
        [
          [{ tag: 'a', unit: 'ms', statistics: { avg: 1 } }],
          [{ tag: 'a', unit: 'ms', statistics: { avg: 2 } }],
        ],
        0.95,
      ),
      ...aggregate(
        [
          [{ tag: 'b', unit: '%', statistics: { avg: 0 } }],
          [{ tag: 'b', unit: '%', statistics: { avg: 0 } }],
        ],
        0.95,
      ),
      ...aggregate([[{ tag: 'c', unit: 'count', statistics: { avg: 5 } }]], 0.95),
    ]);
    const labels = ['run_0001', 'run_0002'];
    // Mean 1.5, std sqrt(0.5) = 0.7071, se 0.5, 1.5 -+ 12.7062 * 0.5.
    expect(aggregateCsv(metrics, { ...facts, runs: 3, labels }).split('\r\n')).toEqual([
      'metric,mean,std,min,max,cv,se,ci_low,ci_high,t_critical,unit',
      'a_avg,1.50,0.71,1.00,2.00,0.4714,0.5000,-4.85,7.85,12.7062,ms',
      'b_avg,0.00,0.00,0.00,0.00,inf,0.0000,0.00,0.00,12.7062,%',
      'c_avg,5.00,0.00,5.00,5.00,0.0000,0.0000,5.00,5.00,,count',
      '',
      'Aggregation Type,confidence',
      'Total Runs,3',
      'Successful Runs,2',
      'Confidence Level,0.95',
      `Run Labels,"['run_0001', 'run_0002']"`,
      'Cooldown Seconds,0.0',
      '',
    ]);
  });
});

describe('a sweep', () => {
  const points = [
    { parameters: { concurrency: 2 }, runs: [runOf(10, 40)] },
    { parameters: { concurrency: 4 }, runs: [runOf(19, 50)] },
  ];

  test('best configurations and those that no other beats, with one run a point', () => {
    const json = JSON.parse(sweepJson(points, sweepFacts));
    expect(json.best_configurations).toEqual({
      best_throughput: { parameters: { concurrency: 4 }, metric: 19, unit: 'requests/sec' },
      best_latency_p99: { parameters: { concurrency: 2 }, metric: 40, unit: 'ms' },
    });
    expect(json.pareto_optimal).toEqual([{ concurrency: 2 }, { concurrency: 4 }]);
    const worse = { parameters: { concurrency: 8 }, runs: [runOf(18, 90)] };
    expect(JSON.parse(sweepJson([...points, worse], sweepFacts)).pareto_optimal).toHaveLength(2);
  });

  test('and with several', () => {
    const repeated = points.map(({ parameters, runs }) => ({ parameters, runs: [...runs, runOf(11, 20)] }));
    const json = JSON.parse(sweepJson(repeated, { ...sweepFacts, runs: 4, successful: 4, runsPerPoint: 2 }));
    // (10 + 11) / 2 and (19 + 11) / 2 requests/s, (40 + 20) / 2 and (50 + 20) / 2 ms.
    expect(json.best_configurations.best_throughput).toMatchObject({
      parameters: { concurrency: 4 },
      metric: 15,
    });
    expect(json.best_configurations.best_latency_p99).toMatchObject({
      parameters: { concurrency: 2 },
      metric: 30,
    });
    expect(Object.keys(json.per_combination_metrics[0].metrics.request_throughput_avg)).toEqual([
      ...['mean', 'std', 'min', 'max', 'cv', 'ci_low', 'ci_high', 'unit'],
    ]);
  });

  test('without streams the whole request stands in for the first token', () => {
    const latency = { tag: 'request_latency', unit: 'ms', statistics: { avg: 5, p99: 7 } };
    const run: Results = [...runOf(3, 1).slice(0, 1), latency];
    const json = JSON.parse(sweepJson([{ parameters: { concurrency: 2 }, runs: [run] }], sweepFacts));
    expect(json.best_configurations.best_latency_p99).toMatchObject({ metric: 7 });
  });

  test('the CSV', () => {
    const rated = points.map(({ runs }, i) => ({ parameters: { rate: new Float(i + 1) }, runs }));
    const swept = [{ name: 'rate', values: [new Float(1), new Float(2)] }];
    const ttft = ['mean', 'std', 'min', 'max', 'cv'].map((stat) => `time_to_first_token_${stat}`).join(',');
    const rows = sweepCsv(rated, { ...sweepFacts, swept }).split('\r\n');
    expect(rows.slice(0, 3)).toEqual([
      `rate,${ttft.replaceAll('time_to_first_token', 'request_throughput')},${ttft}`,
      '1.0,10.00,0.00,10.00,10.00,0.0000,20.00,0.00,1.00,99.00,0.0000',
      '2.0,19.00,0.00,19.00,19.00,0.0000,25.00,0.00,1.00,99.00,0.0000',
    ]);
    expect(rows.slice(3)).toEqual([
      ...['', 'Best Configurations', 'Configuration,rate,Metric,Unit'],
      ...['Best Throughput,2.0,19.00,requests/sec', 'Best Latency P99,1.0,40.00,ms'],
      ...['', 'Pareto Optimal Points', 'rate', '1.0', '2.0'],
      ...['', 'Metadata', 'Field,Value', 'Aggregation Type,sweep', 'Sweep Parameters,rate'],
      ...['Number of Combinations,2', 'Number of Profile Runs,2', 'Number of Successful Runs,2', ''],
    ]);
  });
});

describe.skipIf(!goldenIsThere)('the files of AIPerf 0.13', () => {
  const golden = () => JSON.parse(goldenText('sweep/concurrency_2/profile_export_aiperf.json'));
  const point = () => ({ parameters: { concurrency: 2 }, runs: [storedResults(golden())] });
  /** The value under a key, as the file has it: digits and order. */
  const member = (text: string, key: string) => {
    const from = text.indexOf(`\n    "${key}": {`);
    return text.slice(from, text.indexOf('\n    }', from));
  };

  test('the aggregate of a point, to the last digit', () => {
    const theirs = goldenText('sweep/aggregate/concurrency_2/profile_export_aiperf_aggregate.json');
    const ours = aggregateJson(aggregate([storedResults(golden())], 0.95), facts);
    const head = (text: string) => text.slice(0, text.indexOf('"metrics"'));
    expect(head(ours)).toBe(head(theirs));
    for (const key of Object.keys(JSON.parse(theirs).metrics))
      expect(member(ours, key)).toBe(member(theirs, key));
  });

  test('the sweep: its members in order, and the metrics of a point to the last digit', () => {
    const theirs = JSON.parse(goldenText('sweep/sweep_aggregate/profile_export_aiperf_sweep.json'));
    const ours = JSON.parse(sweepJson([point()], sweepFacts));
    expect(Object.keys(ours).slice(0, -1)).toEqual(Object.keys(theirs));
    expect(Object.keys(ours.metadata)).toEqual(Object.keys(theirs.metadata));
    const [expected] = theirs.per_combination_metrics;
    const [found] = ours.per_combination_metrics;
    for (const [tag, metric] of Object.entries(expected.metrics)) {
      expect(JSON.stringify(found.metrics[tag]), tag).toBe(JSON.stringify(metric));
    }
  });

  test('the CSV of a sweep: header and row of a point', () => {
    const theirs = goldenText('sweep/sweep_aggregate/profile_export_aiperf_sweep.csv').split(/\r?\n/);
    const ours = sweepCsv([point()], sweepFacts).split('\r\n');
    expect(ours[0]).toBe(theirs[0]);
    expect(ours[1]).toBe(theirs[1]);
    expect(ours.slice(-8)).toEqual([
      ...['Metadata', 'Field,Value', 'Aggregation Type,sweep', 'Sweep Parameters,concurrency'],
      ...['Number of Combinations,2', 'Number of Profile Runs,2', 'Number of Successful Runs,2', ''],
    ]);
  });

  test('the CSV of repeats: rows from the values that they were made of', () => {
    const rows = goldenText('runs/aggregate/profile_export_aiperf_aggregate.csv').split(/\r?\n/);
    const metrics = Object.entries<Record<string, number>>(
      JSON.parse(goldenText('runs/aggregate/profile_export_aiperf_aggregate.json')).metrics,
    );
    for (const [key, { mean = 0, min = 0, max = 0 }] of metrics) {
      // Of three runs the one in the middle follows from the mean.
      const runs = [min, 3 * mean - min - max, max].map(
        (avg): Results => [{ tag: key, unit: 'ms', statistics: { avg } }],
      );
      const ours = aggregateCsv(aggregate(runs, 0.95), facts).split('\r\n')[1]?.replace('_avg,', ',');
      expect(rows.map((row) => row.replace(/[^,]*$/, 'ms'))).toContain(ours);
    }
  });
});
