import { curveMetrics } from './curve-metrics.js';
import { fullResponseMetrics } from './full-response-metrics.js';
import { goodputMetrics } from './goodput-metrics.js';
import { httpMetrics } from './http-metrics.js';
import { mediaMetrics } from './media-metrics.js';
import { type Metric, type RunTraits, unmetNeed } from './metric.js';
import { adjusted } from './metric-rows.js';
import { networkMetrics } from './network-metrics.js';
import { powerMetrics } from './power-metrics.js';
import { replayMetrics } from './replay-metrics.js';
import {
  decodeDuration,
  dueMetrics,
  interTokenLatency,
  requestLatency,
  requestMetrics,
  timeToFirstToken,
} from './request-metrics.js';
import { countMetrics, derivedMetrics, oslMismatchMetrics } from './run-metrics.js';
import { sessionMetrics } from './session-metrics.js';
import { speculationMetrics } from './speculation-metrics.js';
import { usageMetrics } from './usage-metrics.js';

/**
 * Every metric there is, in the order of files. Computation, exports, console tables and the reference page are
 * read off these rows: a new metric is a new row.
 */
export const metrics: readonly Metric[] = [
  ...requestMetrics,
  ...fullResponseMetrics,
  ...countMetrics,
  ...derivedMetrics,
  ...goodputMetrics,
  ...oslMismatchMetrics,
  ...usageMetrics,
  ...speculationMetrics,
  ...mediaMetrics,
  ...httpMetrics,
  adjusted(requestLatency, 100),
  adjusted(timeToFirstToken, 200),
  adjusted(decodeDuration, 300),
  adjusted(interTokenLatency, 400),
  ...curveMetrics,
  ...dueMetrics,
  ...replayMetrics,
  ...networkMetrics,
  ...sessionMetrics,
  ...powerMetrics,
];

const byTag = new Map(metrics.map((metric) => [metric.tag, metric]));

/** The row of a tag; undefined for a tag that is not in the table. */
export function findMetric(tag: string): Metric | undefined {
  return byTag.get(tag);
}

/** The row of a tag that must be in the table. @throws Error for one that is not. */
export function metricOf(tag: string): Metric {
  const metric = findMetric(tag);
  if (metric === undefined) throw new Error(`no metric has the tag ${tag}`);
  return metric;
}

/** The metrics that a run of these traits can have, in table order. */
export function metricsFor(traits: RunTraits): readonly Metric[] {
  return metrics.filter((metric) => unmetNeed(metric, traits) === undefined);
}
