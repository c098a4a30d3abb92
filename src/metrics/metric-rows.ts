import type {
  AdjustedMetric,
  CountMetric,
  CurveMetric,
  DerivedMetric,
  ListMetric,
  Metric,
  MetricRow,
  RecomputableMetric,
  RecordMetric,
  SessionMetric,
  Unit,
} from './metric.js';

/** Required and optional parts of a row. */
type Given = Pick<MetricRow, 'tag' | 'label' | 'unit' | 'formula'> & Partial<MetricRow>;
type RowOf<M extends Metric> = Given & Partial<M> & Pick<M, Extract<keyof M, 'compute' | 'base' | 'needs'>>;

export function perRequest(given: RowOf<RecordMetric>): RecordMetric {
  return {
    kind: 'record',
    appliesTo: 'valid',
    integer: false,
    recomputable: false,
    ...defaults(given),
    ...given,
  };
}

export function recomputable(given: RowOf<RecomputableMetric>): RecomputableMetric {
  return {
    kind: 'record',
    appliesTo: 'valid',
    integer: false,
    recomputable: true,
    ...defaults(given),
    ...given,
  };
}

export function listPerRequest(given: RowOf<ListMetric>): ListMetric {
  return { kind: 'list', ...defaults(given), ...given };
}

export function summed(given: RowOf<CountMetric>): CountMetric {
  return { kind: 'count', appliesTo: 'valid', inRecords: false, ...defaults(given), ...given };
}

export function derived(given: RowOf<DerivedMetric>): DerivedMetric {
  return { kind: 'derived', ...defaults(given), ...given };
}

export function curve(given: RowOf<CurveMetric>): CurveMetric {
  return { kind: 'curve', ...defaults(given), ...given };
}

export function perSession(given: RowOf<SessionMetric>): SessionMetric {
  return {
    kind: 'session',
    ...defaults(given),
    wholeRunOnly: true,
    absent: 'every session has one request',
    ...given,
  };
}

/** The error-adjusted sibling of a record metric. */
export function adjusted(base: RecordMetric, order: number): AdjustedMetric {
  const { unit, displayUnit, factor, requires, largerIsBetter } = base;
  return {
    kind: 'adjusted',
    base,
    tag: `adj_${base.tag}`,
    label: `${base.label} (error-adjusted)`,
    short: `${base.short} (adj.)`,
    unit,
    displayUnit,
    factor,
    requires,
    largerIsBetter,
    table: 'adjusted',
    order,
    wholeRunOnly: false,
    formula: `${base.label} of the valid requests, and plus infinity for every failed one but planned cancellations; percentiles by nearest rank`,
    absent: 'nothing failed; infinite statistics and `std` are left out',
  };
}

/** The sum of a record metric over the run. */
export function totalOf(
  source: RecordMetric,
  given: Pick<MetricRow, 'tag' | 'label'> & Partial<MetricRow>,
): DerivedMetric {
  return derived({
    unit: source.unit,
    requires: source.requires,
    largerIsBetter: source.largerIsBetter,
    formula: `sum of ${source.label}`,
    absent: `no request has ${source.label}`,
    compute: (run) => run.total(source),
    ...given,
  });
}

function defaults(given: Given) {
  const displayUnit = given.displayUnit ?? given.unit;
  return {
    short: given.label,
    displayUnit,
    factor: factorBetween(given.unit, displayUnit),
    requires: [],
    largerIsBetter: false,
    wholeRunOnly: false,
    absent: 'never',
  };
}

function factorBetween(unit: Unit, displayUnit: Unit): number {
  if (unit === displayUnit) return 1;
  if (unit === 'ns' && displayUnit === 'ms') return 1e-6;
  if (unit === 'ns' && displayUnit === 'sec') return 1e-9;
  if (unit === 'B' && displayUnit === 'KB') return 1 / 1024;
  throw new Error(`no conversion from ${unit} to ${displayUnit}`);
}
