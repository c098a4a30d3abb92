import { storedConfiguration } from '../util/configuration.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { readJsonObject } from './run-config.js';
import { type Place, storedPlace } from './series.js';

/** What a run's summary file says besides metrics. */
export interface StoredSummary {
  readonly benchmarkId: string | undefined;
  readonly inputConfig: JsonObject | undefined;
  readonly randomSeed: number | undefined;
  readonly cliCommand: string | undefined;
  /** Which of several runs it is of. */
  readonly place: Place;
  readonly wasCancelled: boolean;
  /** Why the results cover only a part of the run; undefined for a complete run. */
  readonly incompleteReason: string | undefined;
  /** Wall clock of the phase's start, ns since 1970, from the file's microseconds. */
  readonly startedAtNs: bigint | undefined;
  /** The member `fidelity`. */
  readonly fidelity: JsonObject | undefined;
  /** Requests that it counts, failed ones included. */
  readonly requests: number;
  /** The same of its warm-up, and how many of them failed; 0 without one. */
  readonly warmupRequests: number;
  readonly failedWarmups: number;
  /** Sentences on what responses lack, which their records do not show. */
  readonly responseWarnings: readonly string[];
}

/** Reads a summary file of ours or of AIPerf; undefined where there is none, or no whole one. */
export function readSummary(path: string): StoredSummary | undefined {
  const json = readJsonObject(path);
  if (json === undefined) return undefined;
  const info = isObject(json.run_info) ? json.run_info : {};
  const warmup = isObject(json.warmup_metrics) ? json.warmup_metrics : {};
  return {
    benchmarkId: textOf(json.benchmark_id),
    inputConfig: storedConfiguration('input_config', json),
    randomSeed: typeof info.random_seed === 'number' ? info.random_seed : undefined,
    cliCommand: textOf(info.cli_command),
    place: storedPlace(info),
    wasCancelled: json.was_cancelled === true,
    incompleteReason:
      json.is_complete === false ? (textOf(json.incomplete_reason) ?? 'The run ended early.') : undefined,
    startedAtNs: epochNs(textOf(json.start_time)),
    fidelity: isObject(json.fidelity) ? json.fidelity : undefined,
    requests: countOf(json.request_count) + countOf(json.error_request_count),
    warmupRequests: countOf(warmup.request_count) + countOf(warmup.error_request_count),
    failedWarmups: countOf(warmup.error_request_count),
    responseWarnings: textsOf(json.response_warnings),
  };
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function countOf(metric: Json | undefined): number {
  return isObject(metric) && typeof metric.avg === 'number' ? metric.avg : 0;
}

/** Of a UTC instant like `2026-01-01T00:00:01.331000`. */
function epochNs(time: string | undefined): bigint | undefined {
  const [, seconds, micros] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})$/.exec(time ?? '') ?? [];
  if (seconds === undefined || micros === undefined) return undefined;
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(micros) * 1000n;
}
