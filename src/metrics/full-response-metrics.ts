import type { Measured, RunValues } from './metric.js';
import { derived, perRequest } from './metric-rows.js';

const stream = ['streaming', 'output tokens'] as const;
const latency = { unit: 'ns', displayUnit: 'ms' } as const;
const perUser = { unit: 'tokens/sec/user', largerIsBetter: true } as const;

/** From the first content to the end of the answer, usage and end mark included, ns. */
function fullDecodeNs({ record: { contentNs, endNs } }: Measured): number {
  return endNs - (contentNs[0] ?? Number.NaN);
}

function fullItlNs(measured: Measured): number | undefined {
  const { osl } = measured;
  return osl === undefined || osl < 2 ? undefined : fullDecodeNs(measured) / (osl - 1);
}

const fullDecodeDuration = perRequest({
  tag: 'full_decode_duration',
  label: 'Full Decode Duration',
  ...latency,
  requires: [...stream],
  formula: 'end of the response - first content chunk; usage chunks and `[DONE]` count',
  compute: fullDecodeNs,
});

const fullResponseItl = perRequest({
  tag: 'full_response_inter_token_latency',
  label: 'Full Response Inter Token Latency',
  ...latency,
  requires: [...stream],
  formula: 'Full Decode Duration / (Output Sequence Length - 1)',
  absent: 'fewer than two output tokens',
  compute: fullItlNs,
});

const fullResponseThroughput = perRequest({
  tag: 'full_response_output_token_throughput_per_user',
  label: 'Full Response Output Token Throughput Per User',
  ...perUser,
  requires: [...stream],
  formula: '1 / Full Response Inter Token Latency in seconds',
  absent: 'no Full Response Inter Token Latency, or one of zero',
  compute: (measured) => {
    const itlNs = fullItlNs(measured);
    return itlNs === undefined || itlNs <= 0 ? undefined : 1e9 / itlNs;
  },
});

const normalizedLatency = perRequest({
  tag: 'e2e_latency_per_output_token',
  label: 'E2E Latency per Output Token',
  ...latency,
  requires: ['output tokens'],
  formula: 'Request Latency / Output Sequence Length',
  absent: 'no output length',
  compute: ({ latencyNs, osl }) => (osl === undefined || osl <= 0 ? undefined : latencyNs / osl),
});

/** The rate of the slow requests: the percentile is that of the latency, which is then inverted. */
function interactivity(name: 'p75' | 'p90') {
  return derived({
    tag: `e2e_normalized_interactivity_${name}`,
    label: `E2E Normalized Interactivity ${name}`,
    ...perUser,
    requires: ['output tokens'],
    formula: `1 / ${name} of E2E Latency per Output Token in seconds`,
    absent: 'no output length',
    compute: (run: RunValues) => {
      const ns = run.statistic(normalizedLatency, name);
      return ns === undefined || ns <= 0 ? undefined : 1e9 / ns;
    },
  });
}

/** Metrics of whole responses, up to their last byte, and of slow requests. */
export const fullResponseMetrics = [
  fullDecodeDuration,
  fullResponseItl,
  fullResponseThroughput,
  normalizedLatency,
  interactivity('p75'),
  interactivity('p90'),
];
