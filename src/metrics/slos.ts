import { type Objective, type Requirement, type RunTraits, type Slo, unmetNeed } from './metric.js';
import { findMetric, metricOf } from './table.js';

/** How many requests of a run met one objective. */
export interface SloResult extends Slo {
  readonly label: string;
  readonly unit: string;
  /** Whether values must be at least the limit, not at most. */
  readonly largerIsBetter: boolean;
  /** Valid requests that met it. */
  readonly passed: number;
  /** Valid requests that have the value at all. */
  readonly measured: number;
}

/** Why a metric cannot be an objective. */
export type SloFault =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'not of requests' }
  | { readonly kind: 'of failed requests' }
  | { readonly kind: 'unmet'; readonly need: Requirement };

/** Undefined for a tag that requests of such a run can be held against. */
export function sloFault(tag: string, traits: RunTraits): SloFault | undefined {
  const metric = findMetric(tag);
  if (metric === undefined) return { kind: 'unknown' };
  if (metric.kind !== 'record') return { kind: 'not of requests' };
  if (metric.appliesTo === 'failed') return { kind: 'of failed requests' };
  const need = unmetNeed(metric, traits);
  return need === undefined ? undefined : { kind: 'unmet', need };
}

/** @throws Error for an objective that `sloFault` finds fault with. */
export function objectivesOf(slos: readonly Slo[]): readonly Objective[] {
  return slos.map((slo) => {
    const metric = metricOf(slo.tag);
    if (metric.kind !== 'record') throw new Error(`${slo.tag} is no metric of a request`);
    // Factors below one are reciprocals of whole numbers: by those, limits in ms come to whole ns.
    const { factor } = metric;
    return { slo, metric, limit: factor < 1 ? slo.limit * Math.round(1 / factor) : slo.limit / factor };
  });
}
