import { contextOverflowOf } from './context-overflow.js';
import { cancelledOnPurpose } from './measure.js';
import { derived, summed, totalOf } from './metric-rows.js';
import { isOffLength, requestedLength } from './output-length.js';
import {
  errorIsl,
  inputSequenceLength,
  oslMismatchDiff,
  outputSequenceLength,
  outputTokenCount,
  ratioOf,
  reasoningTokenCount,
  requestedOsl,
} from './request-metrics.js';

export const requestCount = summed({
  tag: 'request_count',
  label: 'Request Count',
  short: 'Requests',
  unit: 'requests',
  largerIsBetter: true,
  table: 'main',
  order: 1100,
  formula: 'number of valid requests',
  absent: 'there is none',
  compute: () => 1,
});

export const errorRequestCount = summed({
  tag: 'error_request_count',
  label: 'Error Request Count',
  unit: 'requests',
  appliesTo: 'failed',
  formula: 'number of failed requests, cancelled ones included',
  absent: 'nothing failed',
  compute: () => 1,
});

export const plannedCancellationCount = summed({
  tag: 'planned_cancellation_count',
  label: 'Planned Cancellations',
  unit: 'requests',
  appliesTo: 'failed',
  table: 'main',
  order: 1078,
  formula: 'number of requests that `--request-cancellation-rate` cancelled: neither successes nor failures',
  absent: 'none was',
  compute: (facts) => (cancelledOnPurpose(facts) ? 1 : undefined),
});

const cancelledRequestCount = summed({
  tag: 'cancelled_request_count',
  label: 'Cancelled Request Count',
  unit: 'requests',
  appliesTo: 'failed',
  formula: 'number of requests that were cancelled by us: on purpose, or because the run ended',
  absent: 'none was',
  compute: ({ cancelled }) => (cancelled ? 1 : undefined),
});

const contextOverflowCount = summed({
  tag: 'context_overflow_count',
  label: 'Context Overflow Count',
  unit: 'requests',
  appliesTo: 'failed',
  formula: 'number of failed requests that the server refused because they exceed its context window',
  absent: 'nothing failed',
  compute: ({ failure }) => (failure !== undefined && contextOverflowOf(failure) !== undefined ? 1 : 0),
});

export const benchmarkDuration = derived({
  tag: 'benchmark_duration',
  label: 'Benchmark Duration',
  short: 'Duration',
  unit: 'ns',
  displayUnit: 'sec',
  formula: 'start of the first valid request to the last content chunk of any valid request',
  absent: 'not positive',
  compute: (run) => run.durationNs,
});

export const requestThroughput = derived({
  tag: 'request_throughput',
  label: 'Request Throughput',
  short: 'Req/sec',
  unit: 'requests/sec',
  largerIsBetter: true,
  table: 'main',
  order: 900,
  formula: 'Request Count / Benchmark Duration',
  absent: 'no valid request',
  compute: (run) => run.perSecond(run.total(requestCount)),
});

export const totalIsl = totalOf(inputSequenceLength, {
  tag: 'total_isl',
  label: 'Total Input Sequence Length',
});
export const totalOsl = totalOf(outputSequenceLength, {
  tag: 'total_osl',
  label: 'Total Output Sequence Length',
});

export const totalErrorIsl = totalOf(errorIsl, {
  tag: 'total_error_isl',
  label: 'Total Error Input Sequence Length',
});

export const outputTokenThroughput = derived({
  tag: 'output_token_throughput',
  label: 'Output Token Throughput',
  short: 'Output TPS',
  unit: 'tokens/sec',
  requires: ['output tokens'],
  largerIsBetter: true,
  table: 'main',
  order: 800,
  formula: 'Total Output Sequence Length / Benchmark Duration; reasoning counts',
  absent: 'no output length',
  compute: (run) => run.perSecond(run.total(totalOsl)),
});

const totalTokenThroughput = derived({
  tag: 'total_token_throughput',
  label: 'Total Token Throughput',
  unit: 'tokens/sec',
  requires: ['output tokens'],
  largerIsBetter: true,
  formula: '(Total Input Sequence Length + Total Output Sequence Length) / Benchmark Duration',
  absent: 'either length is not known',
  compute: (run) => run.perSecond(sum(run.total(totalIsl), run.total(totalOsl))),
});

const inputTokenThroughput = derived({
  tag: 'input_token_throughput',
  label: 'Input Token Throughput',
  short: 'Input TPS',
  unit: 'tokens/sec',
  largerIsBetter: true,
  table: 'main',
  order: 805,
  formula: 'Total Input Sequence Length / Benchmark Duration',
  absent: 'no input length',
  compute: (run) => run.perSecond(run.total(totalIsl)),
});

export const completedRequestCount = derived({
  tag: 'completed_request_count',
  label: 'Completed Requests (Success + Error)',
  short: 'Completed',
  unit: 'requests',
  table: 'main',
  order: 1075,
  formula: 'Request Count + Error Request Count',
  absent: 'there is none',
  compute: (run) => (run.total(requestCount) ?? 0) + (run.total(errorRequestCount) ?? 0) || undefined,
});

export const requestErrorRate = derived({
  tag: 'request_error_rate',
  label: 'Request Error Rate',
  short: 'Err %',
  unit: '%',
  table: 'main',
  order: 1080,
  formula:
    '100 * Error Request Count / Completed Requests; planned cancellations count as errors, as in AIPerf',
  absent: 'no request ended',
  compute: (run) => {
    const completed = run.total(completedRequestCount);
    return completed && (100 * (run.total(errorRequestCount) ?? 0)) / completed;
  },
});

export const requestFailureRate = derived({
  tag: 'request_failure_rate',
  label: 'Request Failure Rate',
  unit: '%',
  table: 'main',
  order: 1081,
  formula:
    '100 * (Error Request Count - Planned Cancellations) / (Completed Requests - Planned Cancellations); ' +
    'replaces Request Error Rate in the console table',
  absent: 'nothing was cancelled on purpose, or everything was',
  compute: (run) => {
    const planned = run.total(plannedCancellationCount);
    const others = planned && (run.total(completedRequestCount) ?? 0) - planned;
    return planned && others && (100 * ((run.total(errorRequestCount) ?? 0) - planned)) / others;
  },
});

export const oslMismatchCount = summed({
  tag: 'osl_mismatch_count',
  label: 'OSL Mismatch Count',
  unit: 'requests',
  requires: ['output tokens'],
  formula:
    'number of requests whose output length is off the requested one by more than ' +
    'min(requested * `AIPERF_METRICS_OSL_MISMATCH_PCT_THRESHOLD` %, ' +
    '`AIPERF_METRICS_OSL_MISMATCH_MAX_TOKEN_THRESHOLD`) tokens',
  absent: 'no output length was requested',
  compute: (facts) => {
    const osl = facts.value(outputSequenceLength);
    const requested = requestedLength(facts);
    if (osl === undefined || requested === undefined) return undefined;
    return isOffLength(osl, requested, facts.thresholds) ? 1 : 0;
  },
});

export const totalOutputTokens = totalOf(outputTokenCount, {
  tag: 'total_output_tokens',
  label: 'Total Output Tokens',
});
export const totalReasoningTokens = totalOf(reasoningTokenCount, {
  tag: 'total_reasoning_tokens',
  label: 'Total Reasoning Tokens',
  table: 'reasoning',
  order: 300,
});

const overallThinkingEfficiency = derived({
  tag: 'overall_thinking_efficiency',
  label: 'Overall Thinking Efficiency',
  unit: 'ratio',
  requires: ['output tokens'],
  table: 'reasoning',
  order: 400,
  formula: 'Total Reasoning Tokens / Total Output Tokens',
  absent: 'there is none of either',
  compute: (run) => ratioOf(run.total(totalReasoningTokens), run.total(totalOutputTokens)),
});

/** Counts over the run. */
export const countMetrics = [
  requestCount,
  errorRequestCount,
  plannedCancellationCount,
  cancelledRequestCount,
  contextOverflowCount,
];

/** Rates and totals of the run. */
export const derivedMetrics = [
  benchmarkDuration,
  requestThroughput,
  outputTokenThroughput,
  totalTokenThroughput,
  inputTokenThroughput,
  completedRequestCount,
  requestErrorRate,
  requestFailureRate,
  totalIsl,
  totalOsl,
  totalOutputTokens,
  totalReasoningTokens,
  overallThinkingEfficiency,
  totalErrorIsl,
];

/** Output length against the requested one. */
export const oslMismatchMetrics = [requestedOsl, oslMismatchDiff, oslMismatchCount];

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}
