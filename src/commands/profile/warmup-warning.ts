import type { ErrorGroup, RunSummary } from '../../metrics/metric-store.js';
import { cut } from '../../util/cut.js';

/** A server's message is quoted so far. */
const QUOTED_CHARACTERS = 120;

/**
 * What to tell of a warm-up that did not do what it was for; undefined for one without a fault.
 * @param measured whether the phase after it was reached: it is not where the run was ended during the warm-up.
 */
export function warmupWarning({ outcomes, errors }: RunSummary, measured: boolean): string | undefined {
  const { completed, failed, cancelled, dropped } = outcomes;
  const all = completed + failed + cancelled + dropped;
  const faults = [
    ...(failed === 0 ? [] : [`${failed} of ${all} warm-up requests failed${commonest(errors)}`]),
    ...(dropped === 0
      ? []
      : [
          `${dropped} of ${all} warm-up requests were cut ${measured ? 'at the end of the grace period' : 'when the run was ended'}`,
        ]),
  ];
  if (faults.length === 0 && measured) return undefined;
  const effect = measured
    ? 'the server may not be warm for the first measured requests'
    : 'the run was ended during its warm-up, so nothing was measured';
  return [...faults, effect].join('; ');
}

/** The most frequent cause of failures, in brackets. */
function commonest(errors: readonly ErrorGroup[]): string {
  const failures = errors.filter(({ error }) => error.type !== 'RequestCancellationError');
  const [most] = [...failures].sort((a, b) => b.count - a.count);
  if (most === undefined) return '';
  const { code, type, message } = most.error;
  const cause = [code, type].filter((part) => part !== undefined && part !== '').join(' ');
  return ` (${failures.length > 1 ? `${most.count} times ` : ''}${cause}: ${cut(message, QUOTED_CHARACTERS)})`;
}
