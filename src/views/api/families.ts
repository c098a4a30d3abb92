import type { LiveFidelity } from '../../collect/snapshot.js';
import type { Statistics, StatName } from '../../metrics/statistics.js';

/** A family of the page `/metrics`. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge' | 'summary';
  readonly samples: readonly Sample[];
}

/** A value of a family. */
interface Sample {
  /** Of the name, in a summary. */
  readonly suffix?: '_sum' | '_count';
  /** Besides those of the run. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with its statistics so far, in its display unit. */
export interface MetricFigures {
  readonly tag: string;
  readonly header: string;
  readonly unit: string;
  /** `current` is the last value of a figure that is read at intervals. */
  readonly statistics: Statistics & { readonly current?: number };
  /** Of all its samples, besides those of the run. */
  readonly labels?: Readonly<Record<string, string>>;
}

const quantiles: readonly (readonly [StatName, string])[] = [
  ['p1', '0.01'],
  ['p5', '0.05'],
  ['p10', '0.1'],
  ['p25', '0.25'],
  ['p50', '0.5'],
  ['p75', '0.75'],
  ['p90', '0.9'],
  ['p95', '0.95'],
  ['p99', '0.99'],
];

const gauges = [
  ['avg', 'average'],
  ['min', 'minimum'],
  ['max', 'maximum'],
  ['std', 'standard deviation'],
  ['current', 'current value'],
] as const;

/** Part of the summary where there is one. */
const totals = [
  ['count', 'observation count'],
  ['sum', 'observation sum'],
] as const;

/** One sample for each verdict on a client, 1 for the one that applies, so that alerts can name it. */
export function verdictSamples(
  { verdict: applies }: Pick<LiveFidelity, 'verdict'>,
  labels: Readonly<Record<string, string>>,
): Sample[] {
  return (['client ok', 'client strained', 'client limited'] as const).map((verdict) => ({
    ...{ labels: { ...labels, verdict }, value: verdict === applies ? 1 : 0 },
  }));
}

/**
 * The families of a metric under AIPerf's names: with percentiles a summary `aiperf_<tag>_<unit>` and gauges
 * `aiperf_<tag>_<statistic>_<unit>`; else gauges alone.
 */
export function familiesOf({ tag, header, unit, statistics, labels = {} }: MetricFigures): Family[] {
  const base = `aiperf_${plainName(tag)}`;
  const suffix = unit === '' ? '' : `_${unitName(unit)}`;
  const inUnit = unit === '' ? '' : ` (in ${unit})`;
  const points = quantiles.flatMap(([stat, quantile]): Sample[] => {
    const value = statistics[stat];
    return value === undefined ? [] : [{ labels: { ...labels, quantile }, value }];
  });
  const singles = points.length === 0 ? [...gauges, ...totals] : gauges;
  const summed = (['sum', 'count'] as const).flatMap((stat): Sample[] => {
    const value = statistics[stat];
    return value === undefined ? [] : [{ suffix: `_${stat}`, labels, value }];
  });
  const summary: Family = {
    ...{ name: base + suffix, help: header + inUnit, kind: 'summary' },
    samples: [...points, ...summed],
  };
  return [
    ...(points.length === 0 ? [] : [summary]),
    ...singles.flatMap(([stat, words]): Family[] => {
      const value = statistics[stat];
      if (value === undefined) return [];
      const name = `${base}_${stat}${suffix}`;
      return [{ name, help: `${header} ${words}${inUnit}`, kind: 'gauge', samples: [{ labels, value }] }];
    }),
  ];
}

function unitName(unit: string): string {
  return plainName(
    unit.replaceAll('%', 'percent').replaceAll('/', '_per_').replaceAll('tokens_per_sec', 'tps'),
  );
}

function plainName(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, '_')
    .replaceAll('__', '_');
}
