import type { RecordError, RequestRecord } from './record.js';

/**
 * Why a record does not count as a success: its error, no content, or impossible times. Undefined for a success.
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

/** How a request ended. A request dropped because the run ended counts as failed. */
export type Outcome = 'succeeded' | 'failed' | 'cancelled';

export function outcomeOf(record: RequestRecord): Outcome {
  if (record.cancelledNs !== undefined && !record.dropped) return 'cancelled';
  return failureOf(record) === undefined ? 'succeeded' : 'failed';
}
