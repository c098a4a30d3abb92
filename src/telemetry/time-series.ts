/** What a series measures: a row of our own tables, or a metric of a server. */
export interface SeriesMetric {
  /** `snake_case`, as files have it. */
  readonly name: string;
  /** Empty for numbers without one. */
  readonly unit: string;
  /** A counter only grows; one that drops has started again from 0. */
  readonly kind: 'gauge' | 'counter';
}

/** What tells the series of one metric apart, e.g. `{ thread: '0' }`. */
export type Labels = Readonly<Record<string, string>>;

/** Values of one metric over time, from another source than requests: this client, a server, a GPU. */
export interface TimeSeries {
  readonly metric: SeriesMetric;
  /** `client`, or the URL that it was read from. */
  readonly source: string;
  readonly labels: Labels;
  /** Ascending, ns since the clock's origin. */
  readonly times: Float64Array;
  /** Of each time. */
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
