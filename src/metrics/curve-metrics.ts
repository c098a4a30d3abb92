import type { CurveMetric, Unit } from './metric.js';
import { curve } from './metric-rows.js';
import { inputSequenceLength, outputSequenceLength, timeToFirstToken } from './request-metrics.js';
import type { SweepState } from './request-sweep.js';

const fromInput = [timeToFirstToken, inputSequenceLength];
const fromOutput = [timeToFirstToken, outputSequenceLength];
const fromBoth = [timeToFirstToken, inputSequenceLength, outputSequenceLength];

/** Over the whole time, idle or not. */
const effective = {
  effective_concurrency: {
    unit: 'requests',
    needs: [],
    formula: 'requests in flight, failed ones included',
    compute: ({ requests }) => requests,
  },
  effective_decode_throughput: {
    unit: 'tokens/sec',
    needs: fromOutput,
    formula: '(Output Sequence Length - 1) in equal shares over the gaps between content chunks',
    compute: ({ decodeRate }) => decodeRate,
  },
  effective_prefill_throughput: {
    unit: 'tokens/sec',
    needs: fromInput,
    formula: 'Input Sequence Length spread evenly from start to first content chunk',
    compute: ({ prefillRate }) => prefillRate,
  },
  effective_decode_concurrency: {
    unit: 'requests',
    needs: [timeToFirstToken],
    formula: 'requests between their first content chunk and their end',
    compute: ({ decoding }) => decoding,
  },
  effective_prefill_concurrency: {
    unit: 'requests',
    needs: [timeToFirstToken],
    formula: 'requests that wait for their first content chunk',
    compute: ({ prefilling }) => prefilling,
  },
  effective_total_throughput: {
    unit: 'tokens/sec',
    needs: fromBoth,
    formula:
      'Effective Prefill Throughput and (Output Sequence Length - 1) spread evenly from first content chunk to end',
    compute: ({ totalRate }) => totalRate,
  },
  effective_decode_throughput_per_user: {
    unit: 'tokens/sec/user',
    needs: fromOutput,
    formula: 'Effective Decode Throughput / Effective Decode Concurrency; 0 while nothing decodes',
    compute: (state) => decodePerUser(state) ?? 0,
  },
  effective_prefill_throughput_per_user: {
    unit: 'tokens/sec/user',
    needs: fromInput,
    formula: 'Effective Prefill Throughput / Effective Prefill Concurrency; 0 while nothing waits',
    compute: (state) => prefillPerUser(state) ?? 0,
  },
  tokens_in_flight: {
    unit: 'tokens',
    needs: fromBoth,
    formula: 'input tokens of the requests in flight, and their output so far',
    compute: ({ tokens }) => tokens,
  },
} satisfies Curves;

/** Over the time alone in which there was something to do. */
const active = {
  active_decode_throughput: {
    unit: 'tokens/sec',
    needs: fromOutput,
    formula: 'Effective Decode Throughput while any request decodes',
    compute: ({ decoding, decodeRate }) => (decoding > 0 ? decodeRate : undefined),
  },
  active_prefill_throughput: {
    unit: 'tokens/sec',
    needs: fromInput,
    formula: 'Effective Prefill Throughput while any request waits for its first content chunk',
    compute: ({ prefilling, prefillRate }) => (prefilling > 0 ? prefillRate : undefined),
  },
  active_decode_throughput_per_user: {
    unit: 'tokens/sec/user',
    needs: fromOutput,
    formula: 'Effective Decode Throughput Per User while any request decodes',
    compute: decodePerUser,
  },
  active_prefill_throughput_per_user: {
    unit: 'tokens/sec/user',
    needs: fromInput,
    formula: 'Effective Prefill Throughput Per User while any request waits for its first content chunk',
    compute: prefillPerUser,
  },
  active_total_throughput: {
    unit: 'tokens/sec',
    needs: fromBoth,
    formula: 'Effective Total Throughput while any request is in flight',
    compute: ({ requests, totalRate }) => (requests > 0 ? totalRate : undefined),
  },
} satisfies Curves;

interface CurveFigure extends Pick<CurveMetric, 'needs' | 'formula' | 'compute'> {
  readonly unit: Unit;
}
type Curves = Readonly<Record<string, CurveFigure>>;

const effectiveRows = rows('effective', effective);

export const {
  effective_concurrency: effectiveConcurrency,
  effective_decode_throughput: effectiveDecodeThroughput,
  effective_prefill_concurrency: effectivePrefillConcurrency,
  tokens_in_flight: tokensInFlight,
} = effectiveRows;

/** The load over time as the server saw it, over all requests. */
export const curveMetrics: readonly CurveMetric[] = [
  ...Object.values(effectiveRows),
  ...Object.values(rows('active', active)),
];

function rows<Tag extends string>(
  table: 'effective' | 'active',
  figures: Readonly<Record<Tag, CurveFigure>>,
): Record<Tag, CurveMetric> {
  const result: Partial<Record<Tag, CurveMetric>> = {};
  let order = 0;
  for (const tag in figures) result[tag] = row(tag, table, order++, figures[tag]);
  return result as Record<Tag, CurveMetric>;
}

function row(tag: string, table: 'effective' | 'active', order: number, figure: CurveFigure): CurveMetric {
  const { needs, unit } = figure;
  return curve({
    tag,
    label: tag.replace(/(?:^|_)(.)/g, (_, letter: string) => ` ${letter.toUpperCase()}`).trim(),
    table,
    order,
    requires: [...new Set(needs.flatMap(({ requires }) => requires))],
    largerIsBetter: unit !== 'requests' && unit !== 'tokens',
    absent:
      needs.length === 0 ? 'never' : `no request has ${needs.map(({ label }) => label).join(', or none ')}`,
    ...figure,
  });
}

function decodePerUser({ decoding, decodeRate }: SweepState): number | undefined {
  return decoding > 0 ? decodeRate / decoding : undefined;
}

function prefillPerUser({ prefilling, prefillRate }: SweepState): number | undefined {
  return prefilling > 0 ? prefillRate / prefilling : undefined;
}
