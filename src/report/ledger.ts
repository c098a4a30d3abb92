import type { Outcomes } from '../metrics/metric-store.js';

/**
 * Checks that every request ended exactly once.
 * @param issued requests that were sent, by the count of those who sent them.
 * @param expected requests of the schedule; undefined where it sets no number, or the run was cut short.
 * @returns undefined when the numbers agree, else what is wrong, for a panel: a fault of ours, never the server's.
 */
export function ledgerLine(outcomes: Outcomes, issued: number, expected?: number): string | undefined {
  const { completed, failed, cancelled, dropped } = outcomes;
  const ended = completed + failed + cancelled + dropped;
  if (ended === issued && (expected === undefined || expected === issued)) return undefined;
  const schedule = expected === undefined ? '' : `${expected} requests were to be sent, `;
  return (
    `${schedule}${issued} were issued, and ${ended} have ended: ` +
    `${completed} completed, ${failed} failed, ${cancelled} cancelled, ${dropped} dropped at the end of the run.`
  );
}
