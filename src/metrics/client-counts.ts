import type { Metric } from './metric.js';
import type { RunSummary } from './metric-store.js';
import {
  inputSequenceLength,
  interTokenLatency,
  outputSequenceLength,
  requestLatency,
  timeToFirstToken,
} from './request-metrics.js';
import { statsOf } from './results.js';
import type { Statistics } from './statistics.js';
import { usageStatistics } from './usage-metrics.js';

/** Tokens of all successful requests. */
export interface TokenCount {
  readonly total: number;
  /** Of one request. */
  readonly max: number;
  /** The server's own count, from the usage of every response; else counted here. */
  readonly isUsage: boolean;
}

/** What the client counted in a phase, to be compared with the counters of the servers. */
export interface ClientCounts {
  readonly succeeded: number;
  /** Refused with a 4xx status: no server generates anything for them. */
  readonly refused: number;
  /** Cancelled, dropped, timed out, broken, or failed with a 5xx status: the server may have finished each or not. */
  readonly unsure: number;
  /** Prompts of each request, and choices of each prompt. */
  readonly prompts: number;
  readonly choices: number;
  readonly promptTokens: TokenCount | undefined;
  /** Prompt tokens of the same requests as counted here, without a chat template. */
  readonly ownPromptTokens: number | undefined;
  readonly generationTokens: TokenCount | undefined;
  /** Generated tokens of choice 0 as counted here, from its text. */
  readonly ownGenerationTokens: number | undefined;
  /** In ms. */
  readonly ttft: Statistics | undefined;
  readonly itl: Statistics | undefined;
  readonly latency: Statistics | undefined;
}

/** Counts of a phase. @param perRequest prompts of each request, and choices of each prompt. */
export function clientCounts(
  { results, validCount, failedCount, outcomes, errors }: RunSummary,
  perRequest: { readonly prompts: number; readonly choices: number },
): ClientCounts {
  const of = (metric: Metric) => statsOf(results, metric);
  const refused = errors.reduce((sum, { error, count }) => sum + (isRefusal(error.code) ? count : 0), 0);
  return {
    succeeded: validCount,
    refused,
    unsure: failedCount + outcomes.cancelled - refused,
    ...perRequest,
    promptTokens: tokenCount(usageStatistics(results, 'prompt'), of(inputSequenceLength), validCount),
    ownPromptTokens: of(inputSequenceLength)?.sum,
    generationTokens: tokenCount(
      usageStatistics(results, 'completion'),
      of(outputSequenceLength),
      validCount,
    ),
    ownGenerationTokens: of(outputSequenceLength)?.sum,
    ttft: of(timeToFirstToken),
    itl: of(interTokenLatency),
    latency: of(requestLatency),
  };
}

/** A status that says the request was not served; 499 stands for cancellations by the client. */
function isRefusal(code: number | undefined): boolean {
  return code !== undefined && code >= 400 && code < 499;
}

function tokenCount(
  usage: Statistics | undefined,
  own: Statistics | undefined,
  requests: number,
): TokenCount | undefined {
  const isUsage = usage !== undefined && usage.count === requests;
  const { sum, max } = (isUsage ? usage : own) ?? {};
  return sum === undefined || max === undefined ? undefined : { total: sum, max, isUsage };
}
