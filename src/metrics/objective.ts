import type { Objective, RequestFacts } from './metric.js';

// A value equal to the limit passes, even where a conversion between units changed the last digits.
const SLACK = 4 * Number.EPSILON;

/** Whether a request meets an objective; undefined where it has no such value. */
export function meets(facts: RequestFacts, { metric, limit }: Objective): boolean | undefined {
  const value = metric.recomputable ? metric.compute(facts) : facts.value(metric);
  return value === undefined ? undefined : isMetBy(value, { metric, limit });
}

/** Whether a value meets an objective; undefined for NaN. @param value in the metric's own unit. */
export function isMetBy(
  value: number,
  { metric, limit }: Pick<Objective, 'metric' | 'limit'>,
): boolean | undefined {
  if (Number.isNaN(value)) return undefined;
  const slack = Math.abs(limit) * SLACK;
  return metric.largerIsBetter ? value >= limit - slack : value <= limit + slack;
}
