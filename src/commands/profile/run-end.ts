import { existsSync } from 'node:fs';
import { exitCodes } from '../../config/exit-codes.js';
import type { Config } from '../../config/options.js';
import type { RunFiles } from '../../run/files.js';
import { failedTooOftenText, type RunOutcome } from '../../run/outcome.js';
import type { Log } from '../../util/log.js';

/** How a run ended. */
export interface RunEnd {
  readonly exitCode: number;
  /** Why it left no complete results; undefined where it did. */
  readonly failure: string | undefined;
}

/** @param isSound whether every result is complete and every file written. @param hasWork whether requests were due. */
export function exitCodeOf(
  { summary, failedTooOften, fidelity }: RunOutcome,
  isSound: boolean,
  hasWork: boolean,
  { strictFidelity }: Config,
): number {
  if ((hasWork && summary.validCount === 0) || !isSound) return exitCodes.failure;
  const isTrusted = !failedTooOften && (!strictFidelity || fidelity?.verdict !== 'client limited');
  return isTrusted ? exitCodes.success : exitCodes.notMet;
}

/** Why a run left no complete results; undefined: it did. */
export function failureOf({
  summary,
  interrupted,
  failedTooOften,
  stalled,
  failure,
}: RunOutcome): string | undefined {
  if (failure !== undefined) return failure.message;
  if (interrupted) return 'interrupted';
  if (failedTooOften) return failedTooOftenText;
  if (stalled !== undefined) return `ended because it was stuck: ${stalled}`;
  if (summary.validCount > 0) return undefined;
  const error = summary.errors[0]?.error.message;
  return `no request succeeded${error === undefined ? '' : `: ${error}`}`;
}

/** What the spool keeps, and how it becomes part of the results. */
export function logLeftRecords(
  { left, isSpoolWhole }: RunOutcome,
  { folder, spool }: RunFiles,
  log: Log,
): void {
  const count = left.warmup + left.profiling;
  if (!isSpoolWhole || !existsSync(spool)) return;
  const what =
    count === 0
      ? 'Records that could not be written are kept'
      : `${count} finished requests are not in the results: they are kept`;
  log('ERROR', 'records', `${what} in ${spool}. Add them with: aiperf report ${folder}`);
}
