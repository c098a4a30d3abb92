/** The metric of a series: one of the client, or of a server. */
export interface SeriesMetric {
  /** `snake_case`, as in files. */
  readonly name: string;
  /** Empty for numbers without a unit. */
  readonly unit: string;
  /** A counter only grows; a drop means that it restarted at 0. */
  readonly kind: 'gauge' | 'counter';
}

/** Labels that distinguish the series of one metric, e.g. `{ thread: '0' }`. */
export type Labels = Readonly<Record<string, string>>;

/** Values of one metric over time that do not come from requests, but from this client, a server or a GPU. */
export interface TimeSeries {
  readonly metric: SeriesMetric;
  /** `client`, or the URL that was read. */
  readonly source: string;
  readonly labels: Labels;
  /** Ascending, ns since the clock's origin. */
  readonly times: Float64Array;
  /** One value for each time. */
  readonly values: Float64Array;
}

/** One value of a series. */
interface Sample {
  readonly metric: SeriesMetric;
  readonly labels: Labels;
  /** Finite. */
  readonly value: number;
}

/** Values of several series at the same time. */
export interface Observation {
  readonly source: string;
  /** Ns since the clock's origin. */
  readonly atNs: number;
  readonly samples: readonly Sample[];
}

/** The series of observations, in the order of their first values. @param observations of each source ascending in time. */
export function seriesOf(observations: Iterable<Observation>): TimeSeries[] {
  const begun = new Map<
    string,
    Omit<TimeSeries, 'times' | 'values'> & Record<'times' | 'values', number[]>
  >();
  for (const { source, atNs, samples } of observations) {
    for (const { metric, labels, value } of samples) {
      const key = JSON.stringify([source, metric.name, labels]);
      const one = begun.get(key) ?? { metric, source, labels, times: [], values: [] };
      begun.set(key, one);
      one.times.push(atNs);
      one.values.push(value);
    }
  }
  return Array.from(begun.values(), ({ times, values, ...series }) => ({
    ...series,
    times: Float64Array.from(times),
    values: Float64Array.from(values),
  }));
}
