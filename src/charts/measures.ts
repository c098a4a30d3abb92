import { interTokenLatency, requestLatency, timeToFirstToken } from '../metrics/request-metrics.js';
import type { NumberMetric } from '../metrics/request-table.js';

/** A metric as charts name it. */
export interface Measure {
  readonly metric: NumberMetric;
  /** For file names. */
  readonly key: string;
  readonly label: string;
  readonly unit: string;
}

export const ttft = measureOf(timeToFirstToken, 'ttft');
export const itl = measureOf(interTokenLatency, 'itl');
export const latency = measureOf(requestLatency, 'latency');

function measureOf(metric: NumberMetric, key: string): Measure {
  return { metric, key, label: asSentence(metric.label), unit: metric.displayUnit };
}

/** A label as the start of a sentence: `Time to first token`. */
export function asSentence(label: string): string {
  return label.charAt(0) + label.slice(1).toLowerCase();
}
