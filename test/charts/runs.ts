import { ChartRun, type ChartSettings, chartMetrics, sliceMetrics } from '../../src/charts/chart-run.js';
import type { Objective } from '../../src/metrics/metric.js';
import { timeToFirstToken } from '../../src/metrics/request-metrics.js';
import { RequestTable } from '../../src/metrics/request-table.js';
import { slicesOf, timeSlices } from '../../src/metrics/slices.js';
import { type StoredRequest, storedFacts } from '../../src/metrics/stored-request.js';
import { thresholds } from '../metrics/records.js';

const START_NS = 1_767_225_600_000_000_000n;

/** A request of a chart's run: times in seconds since an epoch beyond 2^53, values in display units. */
export interface Drawn {
  readonly at: number;
  readonly end: number;
  readonly ttft?: number;
  readonly itl?: number;
  readonly latency?: number;
  readonly isl?: number;
  readonly osl?: number;
  /** Gaps between chunks, ms. */
  readonly gaps?: readonly number[];
  readonly failed?: true;
  /** Of the one session of several requests; absent: a session of its own. */
  readonly turn?: number;
}

/** The requests as charts see them. */
export function chartRunOf(
  requests: readonly Drawn[],
  {
    objectives = [],
    sliceSeconds,
    series = [],
    offered,
  }: Partial<ChartSettings> & { sliceSeconds?: number } = {},
): ChartRun {
  const table = tableOf(requests);
  const slices = timeSlices(table, { sliceSeconds });
  const sliced = slices && { ...slices, slices: slicesOf(table, slices.windows, sliceMetrics) };
  return new ChartRun(table, { objectives, sliced, series, offered });
}

export function tableOf(requests: readonly Drawn[]): RequestTable {
  const table = new RequestTable(chartMetrics, { epochNs: START_NS, monotonicNs: 0n });
  for (const request of requests) table.add(storedFacts(stored(request), thresholds, [], table.origin));
  return table;
}

function stored({ at, end, failed, gaps, turn, ...values }: Drawn): StoredRequest {
  const tags = {
    ttft: 'time_to_first_token',
    itl: 'inter_token_latency',
    latency: 'request_latency',
    isl: 'input_sequence_length',
    osl: 'output_sequence_length',
  } as const;
  const epoch = (seconds: number) => START_NS + BigInt(Math.round(seconds * 1e9));
  return {
    startNs: epoch(at),
    dueNs: undefined,
    endNs: epoch(end),
    error: failed === undefined ? undefined : { code: 500, type: 'HTTPError', message: 'no' },
    cancelled: false,
    dropped: false,
    place:
      turn === undefined
        ? undefined
        : { session: 's', agent: 's', turn, isLast: turn > 0, requestId: undefined, waitsFor: [] },
    values: new Map<string, number | Float64Array>([
      ...(gaps === undefined ? [] : [['inter_chunk_latency', Float64Array.from(gaps)] as const]),
      ...Object.entries(tags).flatMap(([key, tag]) => {
        const value = Object.entries(values).find(([name]) => name === key)?.[1];
        return value === undefined ? [] : [[tag, value] as const];
      }),
    ]),
  };
}

/** The objective of 370 ms for first tokens. */
export const ttftObjective = ttftWithin(370);

export function ttftWithin(limitMs: number): Objective {
  return {
    slo: { tag: timeToFirstToken.tag, limit: limitMs },
    metric: timeToFirstToken,
    limit: limitMs * 1e6,
  };
}
