import type { Objective, RequestFacts } from './metric.js';

// Equality passes, whatever the conversion between units did to the last digits.
const SLACK = 4 * Number.EPSILON;

/** Whether a request keeps an objective; undefined where it has no such value. */
export function meets(facts: RequestFacts, { metric, limit }: Objective): boolean | undefined {
  const value = metric.recallable ? metric.compute(facts) : facts.value(metric);
  if (value === undefined || Number.isNaN(value)) return undefined;
  const slack = Math.abs(limit) * SLACK;
  return metric.largerIsBetter ? value >= limit - slack : value <= limit + slack;
}
