import { knownRefusals, missingUsageRemedy } from '../endpoint/advice.js';
import { fixed } from '../metrics/format.js';
import type { Metric } from '../metrics/metric.js';
import type { ErrorGroup, RunSummary } from '../metrics/metric-store.js';
import { oslMismatchDiff } from '../metrics/request-metrics.js';
import type { UnreadField } from '../metrics/response-notes.js';
import { statsOf } from '../metrics/results.js';
import { oslMismatchCount, requestCount } from '../metrics/run-metrics.js';
import { usageDiscrepancyCount } from '../metrics/usage-metrics.js';
import { counted } from '../util/counted.js';
import type { Layout } from './layout.js';
import { lengthCauses } from './length-causes.js';
import { warningPanel, widePanel } from './panel.js';

/** Why a run ended without results. */
export interface ExitError {
  readonly service: string;
  readonly operation: string;
  readonly error: string;
  readonly reason: string;
  readonly cause?: string;
  readonly details?: string;
}

/** Refusals whose cause is known, with the way out; no lines unless a failure shows one. */
export function knownRefusalPanels(errors: readonly ErrorGroup[], layout: Layout): string[] {
  return knownRefusals.flatMap(({ title, signs, lines }) =>
    errors.some(({ error }) => signs.every((sign) => error.message.includes(sign)))
      ? warningPanel(title, lines, layout)
      : [],
  );
}

/** Token counts of the server that are far from ours; no lines when none is. */
export function tokenDiscrepancyPanel(summary: RunSummary, layout: Layout): string[] {
  const affected = affectedRequests(summary, usageDiscrepancyCount);
  if (affected === undefined) return [];
  const threshold = summary.thresholds.usageDiffPct;
  return warningPanel(
    'Token Count Discrepancy Warning',
    [
      `In ${affected} the token counts that the server reports (usage) and those counted here are more ` +
        `than ${threshold}% apart.`,
      '',
      'Possible causes:',
      '  - The server counts its chat template, special tokens and media, which are not counted here; on short ' +
        'prompts the template alone is more than the threshold',
      '  - --tokenizer is not the tokenizer that the server uses',
      '  - With n above 1 the server counts all choices; here choice 0 is counted',
      '',
      'Fix Options:',
      '  - Check usage_*_diff_pct in the per-request file',
      "  - Use the server's counts: --use-server-token-count",
      `  - Change the threshold: AIPERF_METRICS_USAGE_PCT_DIFF_THRESHOLD (now ${threshold})`,
    ],
    layout,
  );
}

/** Outputs of another length than requested, and why; no lines when there are none. */
export function oslMismatchPanel(summary: RunSummary, layout: Layout): string[] {
  const affected = affectedRequests(summary, oslMismatchCount);
  if (affected === undefined) return [];
  const { oslMismatchPct, oslMismatchTokens } = summary.thresholds;
  const average = statsOf(summary.results, oslMismatchDiff)?.avg;
  const { causes, remedies } = lengthCauses(summary);
  return warningPanel(
    'Output Sequence Length Mismatch Warning',
    [
      `${affected} returned a length that differs from the requested one by more than ` +
        `min(${oslMismatchPct}%, ${oslMismatchTokens} tokens).`,
      `Average difference: ${average === undefined ? 'N/A' : `${fixed(average, 1)}%`}.`,
      '',
      'Causes:',
      ...causes.map(({ why, requests }) => `  - ${counted(requests, 'request')}: ${why}`),
      '',
      'Fix Options:',
      ...remedies.map((remedy) => `  - ${remedy}`),
      '  - Find the requests: osl_mismatch_diff_pct in the per-request file',
      `  - Change the thresholds: AIPERF_METRICS_OSL_MISMATCH_PCT_THRESHOLD (now ${oslMismatchPct}), ` +
        `AIPERF_METRICS_OSL_MISMATCH_MAX_TOKEN_THRESHOLD (now ${oslMismatchTokens})`,
    ],
    layout,
  );
}

/** Responses without the usage that token counts were to come from; no lines when all have it. */
export function missingUsagePanel(summary: RunSummary, layout: Layout): string[] {
  const sentence = missingUsage(summary);
  if (sentence === undefined) return [];
  return warningPanel(
    'No Token Counts From the Server',
    [
      sentence,
      '',
      'Fix Options:',
      '  - Remove --use-server-token-count to count tokens here with --tokenizer',
      `  - ${missingUsageRemedy}`,
    ],
    layout,
  );
}

/** Outputs that did not come as a stream, so that times of tokens say nothing; no lines unless it is half of them. */
export function notStreamedPanel(summary: RunSummary, layout: Layout): string[] {
  const sentence = notStreamed(summary);
  if (sentence === undefined) return [];
  return warningPanel(
    'Responses Not Streamed',
    [
      sentence,
      '',
      'Possible causes:',
      '  - The server ignores stream: true and sends whole bodies',
      '  - A proxy or gateway buffers the response: turn its buffering off (nginx: proxy_buffering off)',
      '  - The server sends all tokens in one chunk',
    ],
    layout,
  );
}

/** That half of the outputs or more did not come as a stream; undefined where fewer did. */
export function notStreamed({ notes, validCount }: RunSummary): string | undefined {
  const { notStreamed: requests } = notes;
  if (requests === 0 || requests * 2 < validCount) return undefined;
  return (
    `${requests} of ${counted(validCount, 'successful response')} arrived in one piece although streaming was requested: ` +
    'their Time to First Token is the whole latency, and their Inter Token Latency is 0.'
  );
}

/** Fields of responses that look like content and were not read; no lines when there are none. */
export function unreadContentPanel(summary: RunSummary, layout: Layout): string[] {
  const { unread } = summary.notes;
  if (unread.length === 0) return [];
  return warningPanel(
    'Unread Response Content',
    [
      'Responses hold fields that look like content and are not read. If the model generates them, token counts are ' +
        'too low and times to the first token too long.',
      '',
      ...unread.slice(0, MOST_FIELDS).map((field) => `  - ${unreadField(field)}`),
      ...(unread.length > MOST_FIELDS ? [`  - and ${unread.length - MOST_FIELDS} more`] : []),
      '',
      'Please report the fields with the name of the server. --export-level raw keeps whole responses.',
    ],
    layout,
  );
}

const MOST_FIELDS = 10;

/** What a log should say of the responses of a run, a sentence each. */
export function responseWarnings(summary: RunSummary): string[] {
  const usage = missingUsage(summary);
  const { unread } = summary.notes;
  return [
    ...(usage === undefined ? [] : [`${usage} Remove --use-server-token-count to count tokens here.`]),
    ...(unread.length === 0
      ? []
      : [`Fields of responses look like content and are not read: ${unread.map(unreadField).join('; ')}`]),
  ];
}

function missingUsage({ notes: { withoutUsage }, validCount }: RunSummary): string | undefined {
  if (withoutUsage === 0) return undefined;
  const [whose, effect] =
    withoutUsage === validCount
      ? ['No successful response', 'token metrics are missing']
      : [
          `${validCount - withoutUsage} of ${validCount} successful responses`,
          'token metrics cover only those',
        ];
  return `${whose} held usage with completion tokens, which --use-server-token-count takes token counts from: ${effect}.`;
}

function unreadField({ path, units, requests }: UnreadField): string {
  return `${path}: in ${counted(units, 'response unit')} of ${counted(requests, 'request')}`;
}

/** What ended the program; as wide as the console. */
export function exitErrorPanel(errors: readonly ExitError[], layout: Layout): string[] {
  const lines = errors.flatMap(({ service, operation, error, reason, cause, details }, i) => [
    ...(i === 0 ? [] : ['']),
    `• Service: ${service}`,
    `   Operation: ${operation}`,
    `   Error: ${error}`,
    `   Reason: ${reason}`,
    ...(cause === undefined ? [] : [`   Cause: ${cause}`]),
    ...(details === undefined ? [] : [`   Details: ${details}`]),
  ]);
  return widePanel('AIPerf System Exit Errors', lines, layout);
}

/**
 * Shown when requests were lost or counted twice.
 * @param line which numbers do not agree.
 */
export function ledgerPanel(line: string, layout: Layout): string[] {
  return warningPanel(
    'Requests Do Not Add Up',
    [
      line,
      '',
      'This is a bug in aiperf, not in the server. The files hold what results there are: do not rely on them, ' +
        'and please report this.',
    ],
    layout,
  );
}

/** Shown at the first interrupt of a run. */
export function cancellationPanel(layout: Layout): string[] {
  return warningPanel(
    'Cancellation in Progress',
    [
      '',
      'The benchmark is cancelled: nothing more is sent, and requests in flight are dropped with a record each.',
      'The results so far will be written.',
      '',
      `Press Ctrl+C again ${afterTheFirst}`,
      '',
    ],
    layout,
  );
}

/** Shown at an interrupt when all requests have ended. */
export function wrapUpPanel(layout: Layout): string[] {
  return warningPanel(
    'Writing Results',
    [
      '',
      'All requests have ended, and the results are being written.',
      '',
      `Press Ctrl+C again ${afterTheFirst}`,
      '',
    ],
    layout,
  );
}

const afterTheFirst =
  'to quit without the results. The records of finished requests are kept; aiperf report shows them.';

/** Shown at the second interrupt. */
export function forceQuitPanel(layout: Layout): string[] {
  return warningPanel(
    'Force Quit',
    [
      '',
      'Quitting now; results may be incomplete. Show what was recorded: aiperf report <artifact folder>',
      '',
    ],
    layout,
  );
}

/** `10 of 12 requests (83.3%)`; undefined when the count is 0 or absent. */
function affectedRequests({ results }: RunSummary, metric: Metric): string | undefined {
  const [count, total] = [metric, requestCount].map((row) => statsOf(results, row)?.avg);
  if (!count || !total) return undefined;
  return `${count} of ${total} requests (${fixed((count / total) * 100, 1)}%)`;
}
