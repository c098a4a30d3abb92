import type { CountedRecord, RecordError, RequestRecord, TokenCounts } from '../records/record.js';
import { readUsage, type Usage } from '../records/usage.js';
import type { Thresholds } from './metric.js';

/** A record with what several formulas start from. Times are NaN where the record has no content. */
export interface Measured {
  readonly record: RequestRecord;
  readonly tokens: TokenCounts;
  readonly usage: Usage | undefined;
  /** Why the request failed; undefined for a valid one. */
  readonly failure: RecordError | undefined;
  /** Start to first content chunk. */
  readonly ttftNs: number;
  /** Start to last content chunk. */
  readonly latencyNs: number;
  readonly isl: number | undefined;
  /** Reasoning included. */
  readonly osl: number | undefined;
  readonly thresholds: Thresholds;
}

export function measure({ record, tokens }: CountedRecord, thresholds: Thresholds): Measured {
  const { contentNs, startNs } = record;
  return {
    record,
    tokens,
    usage: record.usage === undefined ? undefined : readUsage(record.usage),
    failure: failureOf(record),
    ttftNs: (contentNs[0] ?? Number.NaN) - startNs,
    latencyNs: (contentNs[contentNs.length - 1] ?? Number.NaN) - startNs,
    isl: tokens.input,
    osl:
      tokens.output === undefined && tokens.reasoning === undefined
        ? undefined
        : (tokens.output ?? 0) + (tokens.reasoning ?? 0),
    thresholds,
  };
}

/**
 * Why a record does not count as a success: its own error, or that it holds no content or impossible times.
 * Undefined for a valid one.
 */
export function failureOf(record: RequestRecord): RecordError | undefined {
  if (record.error !== undefined) return record.error;
  if (record.contentNs.length === 0) return invalid('no response held content');
  if (!(record.startNs >= 0 && record.startNs < record.endNs)) return invalid('it ends before it starts');
  return undefined;
}

function invalid(note: string): RecordError {
  const type = 'InvalidInferenceResultError';
  return { type, message: `${type}('Invalid inference result: ${note}')` };
}
