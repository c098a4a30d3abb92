/** Values of a metric so far, counted by buckets: an OpenTelemetry histogram as plain data. */
export interface MetricHistogram {
  readonly tag: string;
  /** Of its unit. */
  readonly unit: string;
  /** What its requests have in common, e.g. `{ phase: 'profiling', hasError: 'false' }`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Upper bounds, ascending; one bucket more has no bound. */
  readonly bounds: readonly number[];
  /** One for each bucket. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}
