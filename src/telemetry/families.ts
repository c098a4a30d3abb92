import type { Label } from './exposition.js';
import type { MetricFamily } from './server-series.js';

/** What a sample is of its series. */
export type SampleRole = 'value' | 'bucket' | 'sum' | 'count';

/** A sample with the family that it belongs to. */
export interface FamilySample {
  readonly family: MetricFamily;
  readonly role: SampleRole;
  /** Without `le` of a bucket. */
  readonly labels: readonly Label[];
  /** Upper bound of a bucket, as written; else ''. */
  readonly bound: string;
}

/** Texts of HELP and TYPE by name. */
export interface Declarations {
  readonly help: ReadonlyMap<string, string>;
  readonly types: ReadonlyMap<string, string>;
}

/**
 * The family of a sample by the TYPE lines of its page, which name families with `_total` (text format) or without
 * (OpenMetrics).
 * @returns undefined for what is not kept: summaries, `_created` times, histograms of gauges, stray samples of a histogram.
 */
export function familyOf(
  name: string,
  labels: readonly Label[],
  declared: Declarations,
): FamilySample | undefined {
  if (name.endsWith('_created')) return undefined;
  const own = typeOf(name, declared);
  if (own !== undefined) return whole(own, name, name, labels, declared);
  for (const ending of ['_bucket', '_sum', '_count', '_total', '_info', '_gcount', '_gsum'] as const) {
    if (!name.endsWith(ending)) continue;
    const base = name.slice(0, -ending.length);
    const type = typeOf(base, declared);
    if (type === undefined) continue;
    if (type === 'histogram') return part(base, ending, labels, declared);
    if (type === 'summary' || type === 'gaugehistogram') return undefined;
    if (type === 'counter' && ending === '_total') return whole(type, name, base, labels, declared);
    if (type === 'info' && ending === '_info') return whole(type, name, base, labels, declared);
  }
  return whole('unknown', name, name, labels, declared);
}

function typeOf(name: string, { types }: Declarations): string | undefined {
  return types.get(name)?.toLowerCase();
}

/** A sample that is a series of its own. @param declaredAs name that HELP is given for. */
function whole(
  type: string,
  name: string,
  declaredAs: string,
  labels: readonly Label[],
  { help }: Declarations,
): FamilySample | undefined {
  const text = help.get(declaredAs) ?? '';
  const sample = (family: Omit<MetricFamily, 'help'>): FamilySample => ({
    family: { ...family, help: text },
    ...{ role: 'value', labels, bound: '' },
  });
  switch (type) {
    case 'counter':
      return sample({ name: name.replace(/(?<=.)_total$/, ''), kind: 'counter', isInfo: false });
    case 'gauge':
    case 'info':
    case 'stateset':
      return sample({ name, kind: 'gauge', isInfo: name.endsWith('_info') });
    case 'histogram':
    case 'summary':
    case 'gaugehistogram':
      return undefined;
    default:
      return sample({ name, kind: 'unknown', isInfo: false });
  }
}

/** A part of a histogram. */
function part(
  base: string,
  ending: string,
  labels: readonly Label[],
  { help }: Declarations,
): FamilySample | undefined {
  const family: MetricFamily = { name: base, kind: 'histogram', help: help.get(base) ?? '', isInfo: false };
  if (ending === '_sum') return { family, role: 'sum', labels, bound: '' };
  if (ending === '_count') return { family, role: 'count', labels, bound: '' };
  const bound = labels.find(([label]) => label === 'le')?.[1];
  if (ending !== '_bucket' || bound === undefined || Number.isNaN(boundOf(bound))) return undefined;
  return { family, role: 'bucket', labels: labels.filter(([label]) => label !== 'le'), bound };
}

/** The number of a bucket's upper bound; NaN if it is none. */
export function boundOf(text: string): number {
  return /^\+?inf(inity)?$/i.test(text) ? Number.POSITIVE_INFINITY : Number(text || 'none');
}
