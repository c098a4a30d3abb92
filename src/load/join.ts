import { turnsOf } from '../dataset/plan.js';
import { openSampler } from '../dataset/sampling.js';
import { openArrivals } from '../schedule/arrivals.js';
import type { FixedSchedule } from '../schedule/fixed-schedule.js';
import { userArrivals, userPlan } from '../schedule/user-centric.js';
import { ticksAreSessions } from './open-loop.js';
import { arrivalRandom, conversationsOf, playingSources, type SplitLoad } from './parts.js';
import type { Issuing, PhasePlan } from './plan.js';
import type { SourceShare } from './quota.js';

/** What a process is known to have started and sent of a source's part of a phase. */
export interface KnownPart {
  readonly sessions: number;
  readonly requests: number;
}

/** What of a source's part of a phase is not sent by the process that joins it: another one has, or it was due before. */
export interface PartBefore extends KnownPart {
  /** Of the requests, which are numbered in their order: those whose records count, if there are any. */
  readonly counted: number;
}

/** Where a process takes part in a phase that has begun. */
export interface JoinPoint extends PartBefore {
  /** What is due before is not sent; ns since the origin of the source. */
  readonly atNs: number;
}

/** A source and the phase that it joins. */
export interface JoinedPhase {
  readonly load: SplitLoad;
  readonly phase: PhasePlan;
  readonly share: SourceShare;
  /** Number of the phase's first session among all sessions of the run. */
  readonly firstSession: number;
}

/**
 * What is left out when a process joins a phase in place of one that is lost: where times are planned, everything that
 * was due before; else what the lost one is known to have started and sent.
 * @param elapsedNs since the start of the phase.
 */
export function partBefore(
  { load, phase, share, firstSession }: JoinedPhase,
  elapsedNs: number,
  known: KnownPart,
): PartBefore {
  const { issuing, prefill } = phase;
  const sources = playingSources(phase, share.sources);
  const isOwn = (number: number) => number % sources === share.source;
  // What the lost one has sent since its last report may be sent again, and counts once: for the one that joins.
  const reported = { ...known, counted: known.requests };
  switch (issuing.kind) {
    case 'closed-loop':
      return reported;
    case 'rate': {
      // A limit skips ticks, which are then no requests.
      if (issuing.ceiling !== undefined || prefill !== undefined) return reported;
      const ticks = ticksBefore(load, phase, issuing, elapsedNs, isOwn);
      if (ticksAreSessions(issuing, prefill)) return planned({ sessions: ticks, requests: ticks });
      return { ...reported, requests: Math.max(ticks, known.requests) };
    }
    case 'fixed-schedule': {
      const { schedule } = issuing;
      return 'window' in schedule ? reported : planned(scheduledBefore(schedule, phase, elapsedNs, isOwn));
    }
    case 'user-centric':
      return planned(usersBefore({ load, phase, firstSession }, issuing, elapsedNs, isOwn));
  }
}

/** Times are planned: no process sends what is due before, and what was sent of it counts. */
function planned(before: KnownPart): PartBefore {
  return { ...before, counted: before.requests };
}

/** Whether a record is of the time before another process joined in the place of the one that made it. */
export function isBeforeJoin(
  { sessionNum, dueNs }: { readonly sessionNum: number; readonly dueNs: number },
  { atNs, counted }: Pick<JoinPoint, 'atNs' | 'counted'>,
  sources: number,
): boolean {
  // Request n of a source has the number n · sources + source.
  return dueNs < atNs && sessionNum < counted * sources;
}

function ticksBefore(
  { prompts }: SplitLoad,
  { name, requestLimit, sessionLimit }: PhasePlan,
  issuing: Extract<Issuing, { readonly kind: 'rate' }>,
  elapsedNs: number,
  isOwn: (tick: number) => boolean,
): number {
  const nextDueNs = openArrivals({ ...issuing, random: arrivalRandom(prompts.seed, name) });
  const most = issuing.singleTurns ? Math.min(requestLimit, sessionLimit) : requestLimit;
  let own = 0;
  for (let tick = 0; tick < most && nextDueNs() < elapsedNs; tick++) if (isOwn(tick)) own++;
  return own;
}

function scheduledBefore(
  { dueNs, turnsBefore }: FixedSchedule,
  { requestLimit, sessionLimit }: PhasePlan,
  elapsedNs: number,
  isOwn: (session: number) => boolean,
): KnownPart {
  let [sessions, requests] = [0, 0];
  for (let session = 0; session < Math.min(dueNs.length, sessionLimit); session++) {
    if ((dueNs[session] ?? 0) >= elapsedNs) break;
    if (!isOwn(session)) continue;
    const [from = 0, to = 0] = [turnsBefore[session], turnsBefore[session + 1]];
    sessions++;
    requests += Math.max(0, Math.min(to, requestLimit) - from);
  }
  return { sessions, requests };
}

function usersBefore(
  { load, phase, firstSession }: Omit<JoinedPhase, 'share'>,
  issuing: Extract<Issuing, { readonly kind: 'user-centric' }>,
  elapsedNs: number,
  isOwn: (user: number) => boolean,
): KnownPart {
  const { dataset, sampling, prompts } = load;
  const sample = openSampler(sampling, conversationsOf(dataset), prompts.seed);
  const plan = userPlan(issuing);
  let [sessions, requests] = [0, 0];
  for (const arrival of userArrivals(plan, (session) => turnsOf(dataset, sample(firstSession + session)))) {
    const { user, place, tick, dueNs, turns } = arrival;
    if (dueNs >= elapsedNs || place >= phase.sessionLimit || tick >= phase.requestLimit) break;
    if (!isOwn(user)) continue;
    sessions++;
    requests += Math.min(turns, Math.ceil((phase.requestLimit - tick) / plan.users));
  }
  return { sessions, requests };
}
