import { type Limit, RunColumns } from '../../src/charts/run-columns.js';
import type { StoredRequest } from '../../src/metrics/recall.js';

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
  readonly failed?: true;
}

export function columnsOf(
  requests: readonly Drawn[],
  { limits = [], sliceSeconds }: { limits?: readonly Limit[]; sliceSeconds?: number } = {},
): RunColumns {
  const run = new RunColumns({ limits, sliceSeconds });
  for (const request of requests) run.add(stored(request));
  return run;
}

function stored({ at, end, failed, ...values }: Drawn): StoredRequest {
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
    values: new Map(
      Object.entries(tags).flatMap(([key, tag]) => {
        const value = Object.entries(values).find(([name]) => name === key)?.[1];
        return value === undefined ? [] : [[tag, value] as const];
      }),
    ),
  };
}

/** The objective of 370 ms for first tokens. */
export const ttftLimit: Limit = {
  tag: 'time_to_first_token',
  label: 'Time to First Token',
  unit: 'ms',
  limit: 370,
  largerIsBetter: false,
};
