import { LATE_NS } from '../fidelity/thread-report.js';
import type { PhasePlan } from '../load/plan.js';
import type { PhaseProgress } from '../load/source.js';
import { sessionsOf } from '../schedule/fixed-schedule.js';
import { counted, withThousands } from '../util/counted.js';
import type { Log } from '../util/log.js';

/** Logs the load of a phase before its start. */
export function logPhaseStart(phase: PhasePlan, threads: number, log: Log): void {
  log('INFO', 'load', `${phase.name}: ${loadText(phase)}, ${counted(threads, 'load thread')}`);
}

/** Logs the requests of a phase after its end, and delays of its schedule by late answers and by the client. */
export function logPhaseEnd(
  { name }: PhasePlan,
  { issued, movedNs, postponed: { turns, mostNs } }: PhaseProgress,
  log: Log,
): void {
  log('INFO', 'load', `${name}: ${counted(issued, 'request was', 'requests were')} sent`);
  if (mostNs >= LATE_NS) {
    log(
      'WARNING',
      'load',
      `${counted(turns, 'turn was', 'turns were')} due later than recorded, by at most ${(mostNs / 1e9).toFixed(3)} s: the previous turn's answer came after the recorded time`,
    );
  }
  if (movedNs > 0) {
    log(
      'WARNING',
      'load',
      `the client fell behind its schedule and delayed it by ${(movedNs / 1e9).toFixed(3)} s in total, which lowered the rate. To catch up instead, set AIPERF_TIMING_MAX_CATCHUP_SECONDS`,
    );
  }
}

/** Logs if more sessions were played than there are conversations. */
export function logRepeats(sessions: number, datasetSize: number, log: Log): void {
  if (sessions <= datasetSize) return;
  const what = `${withThousands(sessions)} sessions were played from ${counted(datasetSize, 'conversation')}`;
  log('NOTICE', 'load', `${what}: a prefix cache may have answered for the model`);
}

/** The load of a phase in words, e.g. `10 requests/s (poisson)`. */
export function loadText({ issuing, concurrency }: PhasePlan): string {
  switch (issuing.kind) {
    case 'closed-loop':
      return `${withThousands(issuing.concurrency.limit)} in flight`;
    case 'rate':
      return `${rateOf(issuing)} requests/s (${issuing.pattern})${concurrency === undefined ? '' : `, at most ${withThousands(concurrency)} in flight`}`;
    case 'fixed-schedule':
      return `${scheduledSessions(issuing.schedule)} on their schedule`;
    case 'user-centric':
      return `${issuing.users} users at ${issuing.ratePerSecond} requests/s together`;
  }
}

function scheduledSessions(schedule: Parameters<typeof sessionsOf>[0]): string {
  const sessions = sessionsOf(schedule);
  return Number.isFinite(sessions) ? `${sessions} sessions` : 'all sessions of the file';
}

/** One rate, or `5 to 50` of a series. */
function rateOf({ ratePerSecond, series }: Extract<PhasePlan['issuing'], { readonly kind: 'rate' }>): string {
  return series === undefined ? `${ratePerSecond}` : `${ratePerSecond} to ${series.at(-1)?.perSecond}`;
}
