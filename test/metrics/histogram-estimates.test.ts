import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Bucket, bucketValues } from '../../src/metrics/bucket-values.js';
import { estimatedPercentiles } from '../../src/metrics/histogram-estimates.js';
import { goldenIsThere } from './golden.js';

/** Buckets of the given counts; what was learned of some of them, by their upper bound. */
function bucketsOf(
  counts: readonly (readonly [upper: number, count: number])[],
  learned: Readonly<Record<number, Pick<Bucket, 'mean' | 'variance'>>> = {},
): Bucket[] {
  return counts.map(([upper, count], i) => ({
    ...{ lower: counts[i - 1]?.[0] ?? 0, upper, count, mean: undefined, variance: undefined },
    ...learned[upper],
  }));
}

describe('values of a bucket', () => {
  const bucket: Bucket = { lower: 10, upper: 20, count: 4, mean: undefined, variance: undefined };
  test.each<[string, Partial<Bucket>, number, readonly number[]]>([
    ['evenly around its middle', {}, 15, [11.25, 13.75, 16.25, 18.75]],
    ['moved to another center, at most to the bounds', {}, 18, [14.25, 16.75, 19.25, 20]],
    // Up to 3 deviations, or to the bound: from 14 - 3 to 14 + 3.
    ['up to three deviations from the mean', { mean: 14, variance: 1 }, 15, [11.75, 13.25, 14.75, 16.25]],
    ['up to the nearer bound', { mean: 12, variance: 9 }, 15, [10.5, 11.5, 14, 18]],
    // Half of the way between [11.75, 14.25, ...] moved to 15.5 and three deviations of 0.25 around it.
    [
      'blended, where they are close together in the middle',
      { mean: 15.5, variance: 0.0625 },
      15,
      [13.34375, 14.78125, 16.21875, 17.65625],
    ],
    // 4 × 0.02 is less than a hundredth of 10: one at the bound would be 4 × 0.0004 / (0.0004 + 25), that is none.
    [
      'in one point, where they are all but equal',
      { mean: 15, variance: 0.0004 },
      15,
      [15.00008, 15.00008, 15.00008, 15.00008],
    ],
  ])('%s', (_, known, center, values) => {
    expect([...bucketValues({ ...bucket, ...known }, center)]).toEqual(values);
  });
});

describe('percentiles', () => {
  test('of no observation, none; of observations of 0, 0', () => {
    expect(estimatedPercentiles({ buckets: [], beyond: 3, sum: 3 })).toBeUndefined();
    expect(estimatedPercentiles({ buckets: bucketsOf([[1, 0]]), beyond: 0, sum: 5 })).toBeUndefined();
    expect(estimatedPercentiles({ buckets: bucketsOf([[1, 4]]), beyond: 0, sum: -1 })).toBeUndefined();
    const zeros = estimatedPercentiles({ buckets: bucketsOf([[1, 4]]), beyond: 0, sum: 0 });
    expect(zeros?.map(([, value]) => value)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('of what is above the last bound: the rest of the sum, evenly from the bound on', () => {
    // 2 below 10 count as 5 each; 3 above share 70 - 10 = 60: 10, 20, 30.
    const found = new Map(estimatedPercentiles({ buckets: bucketsOf([[10, 2]]), beyond: 3, sum: 70 }));
    expect([found.get(50), found.get(75)]).toEqual([10, 20]);
  });

  test('of a million: 100,000 stand for them', () => {
    const counts = bucketsOf([
      [1, 400_000],
      [2, 600_000],
    ]);
    // 0.5 and 1.5 on average, which is the sum.
    const found = new Map(estimatedPercentiles({ buckets: counts, beyond: 0, sum: 1_100_000 }));
    expect(found.get(50)).toBeCloseTo(1 + 1 / 6, 4);
  });

  describe.runIf(goldenIsThere)('as AIPerf wrote them, to the last digit', () => {
    const json = (path: string) =>
      JSON.parse(
        readFileSync(
          new URL(`../../../shared/reference/${path}/server_metrics_export.json`, import.meta.url),
          'utf8',
        ),
      );
    const vllm = (metric: string) => () => json('golden/vllm').metrics[metric].series[0];

    test.each<[string, () => unknown, Record<number, Pick<Bucket, 'mean' | 'variance'>>]>([
      [
        'server-metrics-warmup: one interval was learned from',
        () =>
          json('golden2/server-metrics-warmup').warmup_metrics['vllm:time_to_first_token_seconds'].series[0],
        // The page counts 0.4 s for each request; the sum of 85 requests and more has 14 digits.
        { 0.5: { mean: 0.4000000000000057, variance: undefined } },
      ],
      [
        'server-metrics-warmup: profiling',
        () => json('golden2/server-metrics-warmup').metrics['vllm:time_to_first_token_seconds'].series[0],
        {},
      ],
      ['vllm: one bucket, whose mean is that of all', vllm('vllm:request_generation_tokens'), {}],
      ['vllm: beside the bound', vllm('vllm:request_prompt_tokens'), {}],
      ['vllm: all on the bound', vllm('vllm:request_params_n'), {}],
      ['vllm: all 0', vllm('vllm:request_num_preemptions'), {}],
    ])('%s', (_, series, learned) => {
      const { stats, buckets } = series() as {
        stats: Record<string, number>;
        buckets: Record<string, number>;
      };
      const bounds = Object.entries(buckets)
        .map(([bound, cumulative]) => [Number(bound === '+Inf' ? Infinity : bound), cumulative] as const)
        .sort(([a], [b]) => a - b);
      const counts = bounds.map(
        ([bound, cumulative], i) => [bound, cumulative - (bounds[i - 1]?.[1] ?? 0)] as const,
      );
      const [, beyond = 0] = counts.at(-1) ?? [];
      const found = estimatedPercentiles({
        buckets: bucketsOf(counts.slice(0, -1), learned),
        beyond,
        sum: stats.sum ?? 0,
      });
      const names = Object.keys(stats).filter((name) => name.endsWith('_estimate'));
      expect(names).toHaveLength(9);
      expect(found?.map(([percent, value]) => [`p${percent}_estimate`, value])).toEqual(
        names.map((name) => [name, stats[name]]),
      );
    });
  });
});
