import { goodput, goodRequestCount } from '../metrics/goodput-metrics.js';
import type { ErrorGroup, RunSummary } from '../metrics/metric-store.js';
import {
  errorIsl,
  inputSequenceLength,
  interChunkLatency,
  interTokenLatency,
  outputSequenceLength,
  outputTokenCount,
  outputTokenThroughputPerUser,
  reasoningTokenCount,
  requestLatency,
  timeToFirstToken,
  timeToSecondToken,
} from '../metrics/request-metrics.js';
import type { MetricResult, Results } from '../metrics/results.js';
import {
  benchmarkDuration,
  errorRequestCount,
  outputTokenThroughput,
  requestCount,
  requestThroughput,
  totalErrorIsl,
  totalIsl,
  totalOsl,
  totalOutputTokens,
  totalReasoningTokens,
} from '../metrics/run-metrics.js';
import type { SessionSummary } from '../metrics/session-summary.js';
import { type Statistics, statNames } from '../metrics/statistics.js';
import { type RunFacts, summaryMembers } from '../run/facts.js';
import type { GpuTelemetry } from '../run/gpu-telemetry.js';
import { Float, type Printable, prettyJson } from '../util/python-json.js';
import { telemetryData } from './gpu-json.js';
import { errorDetails } from './record-metadata.js';

/** Metrics that stand at the head of the file; all others stand at its end, in table order. */
const headTags = [
  requestThroughput,
  requestLatency,
  requestCount,
  timeToFirstToken,
  timeToSecondToken,
  interTokenLatency,
  outputTokenThroughput,
  outputTokenThroughputPerUser,
  outputSequenceLength,
  inputSequenceLength,
  goodput,
  goodRequestCount,
  outputTokenCount,
  reasoningTokenCount,
  interChunkLatency,
  totalOutputTokens,
  totalReasoningTokens,
  benchmarkDuration,
  totalIsl,
  totalOsl,
  errorRequestCount,
  errorIsl,
  totalErrorIsl,
].map(({ tag }) => tag);

/**
 * The text of the summary file.
 * @param warmup its results; undefined for a run without one. @param gpu undefined for one that read no GPUs, and for the
 * summary of a phase.
 */
export function summaryJson(
  summary: RunSummary,
  facts: RunFacts,
  warmup?: RunSummary,
  gpu?: GpuTelemetry,
): string {
  const byTag = new Map(summary.results.map((result) => [result.tag, result]));
  const head = headTags.flatMap((tag) => byTag.get(tag) ?? []);
  const tail = summary.results.filter(({ tag }) => !headTags.includes(tag));
  const { aiperf_version, benchmark_id, telemetry_data: _, ...others } = summaryMembers(facts);
  const { response_warnings, start_time, end_time, fidelity, ...stated } = others;
  return prettyJson({
    ...{ schema_version: '1.4', aiperf_version, benchmark_id },
    ...metricMembers(head),
    telemetry_data: gpu && telemetryData(gpu, facts),
    ...stated,
    error_summary: summary.errors.map(errorGroup),
    ...{ response_warnings, start_time, end_time },
    warmup_metrics: warmup && metricMembers(warmup.results),
    ...metricMembers(tail),
    slo_attainment: attainment(summary),
    sessions: summary.sessions && sessionMembers(summary.sessions),
    fidelity,
  });
}

/** Results as members of a file: `{tag: {unit, avg, …}}`. */
export function metricMembers(results: Results): Record<string, Printable> {
  return Object.fromEntries(results.map((result) => [result.tag, statisticMembers(result)]));
}

/** Sessions with several requests; shares are from 0 to 1. */
function sessionMembers({ completed, failed, cutOff, turns }: SessionSummary): Printable {
  const float = (value: number | undefined) => (value === undefined ? undefined : new Float(value));
  const statistics = (values: Statistics | undefined) =>
    values && statisticMembers({ unit: 'ms', statistics: values });
  return {
    completed_count: completed,
    failed_count: failed,
    cut_off_count: cutOff,
    turns: turns.map((row) => ({
      turn_index: row.turn,
      request_count: row.requests,
      avg_prompt_tokens: float(row.promptTokens),
      avg_prompt_cache_read_tokens: float(row.cachedTokens),
      prompt_cache_read_share: float(row.cachedShare),
      time_to_first_token: statistics(row.ttft),
      request_latency: statistics(row.latency),
    })),
  };
}

/** SLO attainment of each objective; the metrics above cover all of them together. */
function attainment({ slos, validCount, failedCount }: RunSummary): Printable | undefined {
  if (slos.length === 0) return undefined;
  return Object.fromEntries(
    slos.map(({ tag, unit, limit, largerIsBetter, passed }) => [
      tag,
      {
        unit,
        limit: new Float(limit),
        comparison: largerIsBetter ? '>=' : '<=',
        passed_count: passed,
        fraction_of_valid: new Float(validCount === 0 ? 0 : passed / validCount),
        fraction_of_attempts: new Float(passed / (validCount + failedCount)),
      },
    ]),
  );
}

/** Every statistic is a float, also of counts; the number of samples alone is an integer. */
export function statisticMembers({ unit, statistics }: Pick<MetricResult, 'unit' | 'statistics'>): Printable {
  const printed: Record<string, Printable> = { unit };
  for (const name of statNames) {
    const value = statistics[name];
    if (value !== undefined) printed[name] = name === 'count' ? value : new Float(value);
  }
  return printed;
}

/** An item of `error_summary`. */
export function errorGroup({ error, count }: ErrorGroup): Printable {
  return { error_details: errorDetails(error), count };
}
