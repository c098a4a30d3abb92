import type { RunSummary } from '../metrics/metric-store.js';
import type { NotableRequests } from '../metrics/notable.js';
import type { RequestTable, Window } from '../metrics/request-table.js';
import type { TimeSeries } from '../telemetry/time-series.js';
import type { RunFacts } from './facts.js';
import type { RunFiles } from './files.js';
import type { GpuTelemetry } from './gpu-telemetry.js';

/** A run with its results, just measured or read back from its folder. */
export interface Run {
  readonly facts: RunFacts;
  readonly files: RunFiles;
  /** Results over its measured requests. */
  readonly summary: RunSummary;
  /** The same of its warm-up; undefined without one. */
  readonly warmup: RunSummary | undefined;
  /** Its measured requests, and those worth a look; undefined where nothing asked for them. */
  readonly requests: RequestTable | undefined;
  readonly notable: NotableRequests | undefined;
  /** From the start of its first measured request to the end of the last, on the clock of `series`; undefined without one. */
  readonly extent: Window | undefined;
  /** What its GPUs did; undefined where it did not read them. */
  readonly gpu: GpuTelemetry | undefined;
  /** Telemetry over time, on the clock of the requests; none of a run that left none. */
  readonly series: readonly TimeSeries[];
  /** Sentences about its records, e.g. that the last line is cut off. */
  readonly notes: readonly string[];
}
