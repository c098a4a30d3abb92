import { openArrivals } from '../schedule/arrivals.js';
import { userPlan } from '../schedule/user-centric.js';
import { randomStream } from '../util/random.js';
import { ClosedLoop } from './closed-loop.js';
import { evenShare } from './even-share.js';
import { FixedReplay } from './fixed-schedule.js';
import { OpenLoop } from './open-loop.js';
import type { Issuer, PhaseRunner } from './phase-runner.js';
import type { Issuing } from './plan.js';
import type { SourceShare } from './quota.js';
import { UserCentric } from './user-centric.js';

/** One thread among those of its source. */
export interface ThreadShare extends SourceShare {
  readonly thread: number;
  readonly threads: number;
  /** The run's seed. */
  readonly seed: number;
  /** Turns of a conversation of the dataset. */
  readonly turnsOf: (conversation: number) => number;
}

/** The issuer of a phase's plan, for one thread's share of it. */
export function openIssuer(
  issuing: Issuing,
  phase: PhaseRunner,
  { source, sources, thread, threads, seed, turnsOf }: ThreadShare,
): Issuer {
  // Arrival k belongs to source k mod `sources`, whose threads take its arrivals in turn.
  const everyNth = { thread: thread * sources + source, threads: threads * sources };
  switch (issuing.kind) {
    case 'closed-loop':
      return new ClosedLoop(phase, issuing.concurrency, (total) =>
        evenShare(phase.options.quota.shareOf(total), threads, thread),
      );
    case 'rate': {
      const random = randomStream(seed, `arrivals:${phase.options.sending.phase}`);
      return new OpenLoop(phase, {
        nextTickNs: openArrivals({ ...issuing, random }),
        ...everyNth,
        ceiling: issuing.ceiling,
        ticksAreSessions:
          issuing.singleTurns && issuing.ceiling === undefined && phase.options.prefill === undefined,
        catchUpNs: issuing.catchUpNs,
      });
    }
    case 'fixed-schedule':
      return new FixedReplay(phase, { ...issuing, ...everyNth });
    case 'user-centric':
      return new UserCentric(phase, {
        plan: userPlan(issuing),
        turnsOf: (session) => turnsOf(phase.options.sample(phase.options.firstSession + session)),
        ...everyNth,
        ceiling: issuing.ceiling,
      });
  }
}
