import type { ErrorGroup, RunSummary } from '../metrics/compute.js';
import { goodput, goodRequestCount } from '../metrics/goodput-metrics.js';
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
import { statNames } from '../metrics/statistics.js';
import { configurationMembers } from '../util/configuration.js';
import type { JsonObject } from '../util/json.js';
import { Float, type Printable, prettyJson } from './python-json.js';
import { errorDetails } from './record-metadata.js';
import type { Place } from './series.js';

/** What the summary file says besides results. */
export interface SummaryFacts {
  /** Our version. */
  readonly version: string;
  /** 12 hex digits. */
  readonly benchmarkId: string;
  /** The resolved configuration, secrets redacted; written as it is. */
  readonly inputConfig: JsonObject;
  readonly randomSeed?: number;
  /** The command as typed, secrets redacted; absent where nobody knows it any more. */
  readonly cliCommand?: string;
  /** Of one of several runs. */
  readonly place?: Place;
  readonly wasCancelled: boolean;
  /** Why the results cover only a part of the run; absent for a complete run. */
  readonly incompleteReason?: string;
  /** The member `fidelity`; absent where nobody watched the client. */
  readonly fidelity?: { readonly [key: string]: Printable | undefined };
  /** Sentences on what responses lack, which their records do not show; absent or empty for none. */
  readonly responseWarnings?: readonly string[];
  /** Results of the warm-up; absent for a run without one. */
  readonly warmup?: RunSummary;
  /** Wall clock of the phase's start and of the end of its last request, ns since 1970. */
  readonly startedAtNs: bigint;
  readonly endedAtNs: bigint;
}

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

/** The text of the summary file. */
export function summaryJson(summary: RunSummary, facts: SummaryFacts): string {
  const byTag = new Map(summary.results.map((result) => [result.tag, result]));
  const head = headTags.flatMap((tag) => byTag.get(tag) ?? []);
  const tail = summary.results.filter(({ tag }) => !headTags.includes(tag));
  return prettyJson({
    schema_version: '1.4',
    aiperf_version: facts.version,
    benchmark_id: facts.benchmarkId,
    ...metricMembers(head),
    ...configurationMembers('input_config', facts.inputConfig),
    run_info: {
      benchmark_id: facts.benchmarkId,
      sweep_id: facts.place?.sweep_id,
      random_seed: facts.randomSeed,
      trial: facts.place?.trial ?? 0,
      run_label: facts.place?.run_label,
      variation_label: facts.place?.variation_label,
      variation_index: facts.place?.variation_index,
      variation_values: facts.place?.variation_values,
      first_session: facts.place?.first_session,
      cli_command: facts.cliCommand,
    },
    was_cancelled: facts.wasCancelled,
    is_complete: facts.incompleteReason === undefined,
    incomplete_reason: facts.incompleteReason,
    error_summary: summary.errors.map(errorGroup),
    response_warnings: facts.responseWarnings?.length ? facts.responseWarnings : undefined,
    start_time: isoMicroseconds(facts.startedAtNs),
    end_time: isoMicroseconds(facts.endedAtNs),
    warmup_metrics: facts.warmup && metricMembers(facts.warmup.results),
    ...metricMembers(tail),
    slo_attainment: attainment(summary),
    fidelity: facts.fidelity,
  });
}

/** Results as members of a file: `{tag: {unit, avg, …}}`. */
export function metricMembers(results: Results): Record<string, Printable> {
  return Object.fromEntries(results.map((result) => [result.tag, statistics(result)]));
}

/** Of each objective by itself; of all together the metrics above tell. */
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
function statistics({ unit, statistics }: MetricResult): Printable {
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

/** The UTC instant without an offset: `2026-01-01T00:00:01.331000`. */
function isoMicroseconds(epochNs: bigint): string {
  const milliseconds = new Date(Number(epochNs / 1_000_000n)).toISOString().slice(0, -1);
  return milliseconds + String((epochNs / 1000n) % 1000n).padStart(3, '0');
}
