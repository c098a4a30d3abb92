import type { Measured, RecomputableMetric, Requirement } from './metric.js';
import { listPerRequest, perRequest, recomputable } from './metric-rows.js';

const answer: readonly Requirement[] = ['output tokens'];
const stream: readonly Requirement[] = ['streaming', 'output tokens'];
const latency = { unit: 'ns', displayUnit: 'ms' } as const;
const perUser = { unit: 'tokens/sec/user', largerIsBetter: true } as const;
const tokens = { unit: 'tokens', integer: true, largerIsBetter: true } as const;

export const timeToFirstToken = perRequest({
  tag: 'time_to_first_token',
  label: 'Time to First Token',
  short: 'TTFT',
  ...latency,
  requires: stream,
  table: 'main',
  order: 100,
  formula: 'first content chunk - start',
  compute: (m) => m.ttftNs,
});

export const timeToSecondToken = perRequest({
  tag: 'time_to_second_token',
  label: 'Time to Second Token',
  short: 'TTST',
  ...latency,
  requires: stream,
  table: 'main',
  order: 200,
  formula: 'second content chunk - first content chunk',
  absent: 'fewer than two content chunks',
  compute: ({ record: { contentNs } }) => (contentNs[1] ?? Number.NaN) - (contentNs[0] ?? Number.NaN),
});

export const timeToFirstOutputToken = perRequest({
  tag: 'time_to_first_output_token',
  label: 'Time to First Output Token',
  short: 'TTFO',
  ...latency,
  requires: stream,
  table: 'main',
  order: 210,
  formula: 'first content chunk that is not reasoning (text or tool call) - start',
  absent: 'nothing but reasoning came',
  compute: ({ record }) => record.firstOutputNs - record.startNs,
});

export const requestLatency = perRequest({
  tag: 'request_latency',
  label: 'Request Latency',
  short: 'Req Latency',
  ...latency,
  table: 'main',
  order: 300,
  formula: 'last content chunk - start; usage chunks and `[DONE]` do not count',
  compute: (m) => m.latencyNs,
});

export const decodeDuration = perRequest({
  tag: 'decode_duration',
  label: 'Decode Duration',
  ...latency,
  requires: stream,
  table: 'main',
  order: 350,
  formula: 'Request Latency - Time to First Token',
  compute: (m) => m.latencyNs - m.ttftNs,
});

export const interTokenLatency = perRequest({
  tag: 'inter_token_latency',
  label: 'Inter Token Latency',
  short: 'ITL',
  ...latency,
  requires: stream,
  table: 'main',
  order: 400,
  formula:
    '(Request Latency - Time to First Token) / (Output Sequence Length - 1); with --per-chunk-usage, - the tokens of the first content chunk where it reports fewer than all',
  absent: 'fewer than two output tokens',
  compute: itlNs,
});

export const outputTokenThroughputPerUser = perRequest({
  tag: 'output_token_throughput_per_user',
  label: 'Output Token Throughput Per User',
  short: 'Output TPS/User',
  ...perUser,
  requires: stream,
  table: 'main',
  order: 500,
  formula: '1 / Inter Token Latency in seconds',
  absent: 'no Inter Token Latency, or one of zero',
  compute: (m) => rate(1, itlNs(m)),
});

export const e2eOutputTokenThroughput = perRequest({
  tag: 'e2e_output_token_throughput',
  label: 'E2E Output Token Throughput',
  short: 'E2E Output TPS/User',
  ...perUser,
  requires: answer,
  table: 'main',
  order: 510,
  formula: 'Output Sequence Length / Request Latency in seconds',
  absent: 'no output length',
  compute: (m) => rate(m.osl, m.latencyNs),
});

export const outputSequenceLength = perRequest({
  tag: 'output_sequence_length',
  label: 'Output Sequence Length',
  short: 'OSL',
  ...tokens,
  requires: answer,
  table: 'main',
  order: 600,
  formula: 'output tokens + reasoning tokens',
  absent: 'neither is known',
  compute: (m) => m.osl,
});

export const inputSequenceLength = perRequest({
  tag: 'input_sequence_length',
  label: 'Input Sequence Length',
  short: 'ISL',
  ...tokens,
  requires: ['input tokens'],
  table: 'main',
  order: 700,
  formula:
    'tokens of all text in the request, the history included, without special tokens or chat template; with --apply-chat-template, of the rendered chat',
  absent: 'not known',
  compute: (m) => m.isl,
});

export const outputTokenCount = perRequest({
  tag: 'output_token_count',
  label: 'Output Token Count',
  short: 'Output Tokens',
  ...tokens,
  requires: answer,
  formula: 'tokens of the answer without its reasoning; text of tool calls counts',
  absent: 'none',
  compute: (m) => m.tokens.output || undefined,
});

export const reasoningTokenCount = perRequest({
  tag: 'reasoning_token_count',
  label: 'Reasoning Token Count',
  short: 'Reasoning Tokens',
  ...tokens,
  requires: answer,
  table: 'reasoning',
  order: 100,
  formula: 'tokens of the reasoning fields of the answer',
  absent: 'the answer has none',
  compute: (m) => m.tokens.reasoning,
});

const thinkingEfficiency = recomputable({
  tag: 'thinking_efficiency',
  label: 'Thinking Efficiency',
  unit: 'ratio',
  requires: answer,
  table: 'reasoning',
  order: 200,
  formula: 'Reasoning Token Count / Output Token Count',
  absent: 'the answer has no reasoning, or nothing else',
  compute: (facts) => ratioOf(facts.value(reasoningTokenCount), facts.value(outputTokenCount)),
});

export const interChunkLatency = listPerRequest({
  tag: 'inter_chunk_latency',
  label: 'Inter Chunk Latency',
  short: 'ICL',
  ...latency,
  requires: stream,
  formula: 'every gap between neighbouring content chunks; a list for each request',
  absent: 'fewer than two content chunks',
  compute: ({ record }) => gaps(record.contentNs),
});

const prefillThroughputPerUser = perRequest({
  tag: 'prefill_throughput_per_user',
  label: 'Prefill Throughput Per User',
  ...perUser,
  requires: ['streaming', 'output tokens', 'input tokens'],
  formula: 'Input Sequence Length / Time to First Token in seconds',
  absent: 'no input length',
  compute: (m) => rate(m.isl, m.ttftNs),
});

export const errorIsl = perRequest({
  tag: 'error_isl',
  label: 'Error Input Sequence Length',
  ...tokens,
  appliesTo: 'failed',
  requires: ['input tokens', 'client token counts'],
  formula:
    'Input Sequence Length of a failed request; the only metric that failed requests have of their own',
  absent: 'not known',
  compute: (m) => m.isl,
});

export const requestedOsl = perRequest({
  tag: 'requested_osl',
  label: 'Requested OSL',
  ...tokens,
  requires: answer,
  formula: 'the most tokens that the request asks for',
  absent: 'no output length was requested',
  compute: (m) => m.record.requestedOsl || undefined,
});

export const oslMismatchDiff = perRequest({
  tag: 'osl_mismatch_diff_pct',
  label: 'OSL Mismatch Difference',
  csvLabel: 'OSL Mismatch Diff %',
  unit: '%',
  requires: answer,
  formula: '(Output Sequence Length - requested length) / requested length * 100',
  absent: 'no output length was requested',
  compute: (m) => {
    const requested = m.record.requestedOsl;
    return requested && m.osl !== undefined ? ((m.osl - requested) / requested) * 100 : undefined;
  },
});

const dueIsUnknown = 'when the request was due is not known';

export const creditToStartLatency = recomputable({
  tag: 'credit_to_start_latency',
  label: 'Credit-to-Start Latency',
  short: 'Send Delay',
  ...latency,
  table: 'schedule',
  wholeRunOnly: true,
  order: 100,
  formula: 'start - due: the send delay',
  absent: dueIsUnknown,
  compute: ({ startNs, dueNs }) => startNs - dueNs,
});

const effectiveTimeToFirstToken = recomputable({
  tag: 'effective_time_to_first_token',
  label: 'Effective Time to First Token (CO-aware)',
  short: 'Effective TTFT',
  ...latency,
  requires: stream,
  table: 'schedule',
  wholeRunOnly: true,
  order: 200,
  formula: 'first content chunk - due: Time to First Token and the wait before it',
  absent: dueIsUnknown,
  compute: (facts) => (facts.value(timeToFirstToken) ?? Number.NaN) + facts.startNs - facts.dueNs,
});

export const effectiveLatency = recomputable({
  tag: 'effective_latency',
  label: 'Effective Latency (CO-aware)',
  short: 'Effective Latency',
  ...latency,
  table: 'schedule',
  wholeRunOnly: true,
  order: 300,
  formula: 'last response unit - due: the whole wait, that before the sending included',
  absent: dueIsUnknown,
  compute: ({ endNs, dueNs }) => endNs - dueNs,
});

/** Metrics of single requests, in the order of files. */
export const requestMetrics = [
  timeToFirstToken,
  timeToSecondToken,
  timeToFirstOutputToken,
  requestLatency,
  decodeDuration,
  interTokenLatency,
  outputTokenThroughputPerUser,
  e2eOutputTokenThroughput,
  outputSequenceLength,
  inputSequenceLength,
  outputTokenCount,
  reasoningTokenCount,
  thinkingEfficiency,
  interChunkLatency,
  prefillThroughputPerUser,
  errorIsl,
];

/**
 * Times from when a request was due. A server that is slow holds back the requests behind, too; latencies from the
 * sending leave that wait out (coordinated omission), these hold it.
 */
export const dueMetrics: readonly RecomputableMetric[] = [
  creditToStartLatency,
  effectiveTimeToFirstToken,
  effectiveLatency,
];

function itlNs({ osl, latencyNs, ttftNs, record: { firstChunkTokens = 0 } }: Measured): number | undefined {
  if (osl === undefined || osl < 2) return undefined;
  const first = firstChunkTokens > 0 && firstChunkTokens < osl ? firstChunkTokens : 1;
  return (latencyNs - ttftNs) / (osl - first);
}

/** Undefined where either is missing, or there is no whole. */
export function ratioOf(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || !whole ? undefined : part / whole;
}

/** `amount` a second; undefined for a time of zero. */
function rate(amount: number | undefined, ns: number | undefined): number | undefined {
  return amount === undefined || !ns ? undefined : amount / (ns * 1e-9);
}

/** Undefined for fewer than two times, and for times that run backwards. */
function gaps(times: Float64Array): Float64Array | undefined {
  if (times.length < 2) return undefined;
  const result = new Float64Array(times.length - 1);
  let previous = times[0] ?? Number.NaN;
  for (let i = 0; i < result.length; i++) {
    const time = times[i + 1] ?? Number.NaN;
    if (time < previous) return undefined;
    result[i] = time - previous;
    previous = time;
  }
  return result;
}
