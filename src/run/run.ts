import type { RunSummary } from '../metrics/compute.js';
import type { RunFacts } from './facts.js';
import type { RunFiles } from './files.js';

/** A run with its results, just measured or read back from its folder. */
export interface Run {
  readonly facts: RunFacts;
  readonly files: RunFiles;
  /** Results over its measured requests. */
  readonly summary: RunSummary;
  /** The same of its warm-up; undefined without one. */
  readonly warmup: RunSummary | undefined;
}
