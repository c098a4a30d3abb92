import type { SeriesMetric } from './time-series.js';

/** Source of the client's own metrics. */
export const CLIENT = 'client';

/** The client's own metrics, once per second. Counters start at each phase; delays are the maximum of a second. */
export const clientMetrics = {
  loopDelay: { name: 'client_event_loop_delay', unit: 'ms', kind: 'gauge' },
  readLag: { name: 'client_read_lag', unit: 'ms', kind: 'gauge' },
  late: { name: 'client_late_time', unit: 'ms', kind: 'counter' },
  busy: { name: 'client_busy_time', unit: 'ms', kind: 'counter' },
  cpu: { name: 'client_cpu_time', unit: 'ms', kind: 'counter' },
  coreWait: { name: 'client_core_wait_time', unit: 'ms', kind: 'counter' },
  gc: { name: 'client_gc_time', unit: 'ms', kind: 'counter' },
  /** Finished records that are not in a file yet. */
  backlog: { name: 'client_record_backlog', unit: 'B', kind: 'gauge' },
} as const satisfies Readonly<Record<string, SeriesMetric>>;
