import { generatedTokens } from '../records/usage.js';
import type { RequestFacts, Thresholds } from './metric.js';
import { oslMismatchDiff, outputSequenceLength, reasoningTokenCount } from './request-metrics.js';
import { reportedUsage } from './usage-metrics.js';

/**
 * Why an output has another length than requested:
 * `re-tokenization` the server's usage shows the requested length, the text that came encodes to another number;
 * `hidden reasoning` the same, and the server counts reasoning that it does not send;
 * `stop` the model ended it (EOS, a stop string, a tool call); `limit` the server cut it, without usage or below the
 * requested length; `filter` a content filter did; `longer` the server went beyond the request;
 * `unknown` neither usage nor a finish reason tells.
 */
export type LengthCause =
  | 're-tokenization'
  | 'hidden reasoning'
  | 'stop'
  | 'limit'
  | 'filter'
  | 'longer'
  | 'unknown';

/** Whether a length is off the requested one by more than the thresholds allow. */
export function isOffLength(osl: number, requested: number, thresholds: Thresholds): boolean {
  const { oslMismatchPct, oslMismatchTokens } = thresholds;
  return Math.abs(osl - requested) > Math.min((requested * oslMismatchPct) / 100, oslMismatchTokens);
}

/** The length that was asked for; undefined where none was, or there is no output length. */
export function requestedLength(facts: RequestFacts): number | undefined {
  const osl = facts.value(outputSequenceLength);
  const diffPct = facts.value(oslMismatchDiff);
  if (osl === undefined || diffPct === undefined) return undefined;
  // Requested lengths are whole numbers. An empty answer misses each of them alike.
  return diffPct === -100 ? 1 : Math.round(osl / (1 + diffPct / 100));
}

/** Why the output has another length than requested; undefined where the length fits, or none was requested. */
export function lengthCause(facts: RequestFacts): LengthCause | undefined {
  const requested = requestedLength(facts);
  const osl = facts.value(outputSequenceLength);
  const { thresholds, finishReason = '' } = facts;
  if (requested === undefined || osl === undefined || !isOffLength(osl, requested, thresholds))
    return undefined;
  const reasoning = reportedUsage(facts, 'reasoning');
  const reported = generatedTokens({
    prompt: reportedUsage(facts, 'prompt'),
    completion: reportedUsage(facts, 'completion'),
    total: reportedUsage(facts, 'total'),
    reasoning,
  });
  if (reported !== undefined && !isOffLength(reported, requested, thresholds)) {
    const hidden = (reasoning ?? 0) > 0 && !facts.value(reasoningTokenCount);
    return hidden && osl < requested ? 'hidden reasoning' : 're-tokenization';
  }
  if (osl > requested) return 'longer';
  return finishCauses.find(([words]) => words.test(finishReason))?.[1] ?? 'unknown';
}

/** What the words that servers give as finish reason mean. */
const finishCauses: readonly (readonly [RegExp, LengthCause])[] = [
  [/^(stop|eos|end_turn|completed|tool_|function_call)/i, 'stop'],
  [/length|max_(output_)?tokens|limit|context_window/i, 'limit'],
  [/filter|sensitive|refusal|safety/i, 'filter'],
];
