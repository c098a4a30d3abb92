import { totalTurns, turnsOf } from '../dataset/plan.js';
import { openSampler } from '../dataset/sampling.js';
import { openArrivals } from '../schedule/arrivals.js';
import { randomStream } from '../util/random.js';
import { ticksAreSessions } from './open-loop.js';
import type { Issuing, LoadPlan, PhasePlan } from './plan.js';
import { evenShare, fixedShare, type Quota, type SourceShare } from './quota.js';

/** What a source sends of a phase: plain data. */
export interface PhasePart extends SourceShare {
  /** Most requests of this source; 0: it has no part in the phase. */
  readonly requestLimit: number;
}

/** What the parts of a phase depend on. */
export type SplitLoad = Pick<LoadPlan, 'dataset' | 'sampling' | 'phases'> & {
  readonly prompts: Pick<LoadPlan['prompts'], 'seed'>;
};

const ENDLESS = Number.POSITIVE_INFINITY;

/**
 * The part of a phase that a source plays; undefined: all of it. Slots are whole, so a phase with fewer of them than
 * there are sources is played by as many sources as it has slots, and the others have no part in it.
 */
export function partOf(load: SplitLoad, phase: PhasePlan, share: SourceShare): PhasePart | undefined {
  if (share.sources === 1) return undefined;
  const sources = playingSources(phase, share.sources);
  if (share.source >= sources) return { source: 0, sources, requestLimit: 0 };
  const limits = requestLimits(load, phase, sources);
  return { source: share.source, sources, requestLimit: limits[share.source] ?? 0 };
}

/** The limits of a phase for a source that plays this part of it, and what hands out its numbers. */
export function limitsOf(
  { requestLimit, sessionLimit }: Pick<PhasePlan, 'requestLimit' | 'sessionLimit'>,
  part: PhasePart | undefined,
  counters: Quota,
): Pick<PhasePlan, 'requestLimit' | 'sessionLimit'> & { readonly quota: Quota } {
  if (part === undefined) return { requestLimit, sessionLimit, quota: counters };
  if (part.requestLimit === 0) return { requestLimit: 0, sessionLimit: 0, quota: counters };
  return { requestLimit, sessionLimit, quota: fixedShare(counters, part, part.requestLimit) };
}

/** How many of these sources have a part in a phase: each needs a slot. */
export function playingSources({ issuing, prefill }: PhasePlan, sources: number): number {
  const slots = issuing.kind === 'closed-loop' ? issuing.concurrency : issuing.ceiling;
  return Math.min(sources, slots?.limit ?? ENDLESS, prefill?.limit ?? ENDLESS);
}

/** The most requests of each source. They add up to what the phase would send at most with one source. */
function requestLimits(load: SplitLoad, phase: PhasePlan, sources: number): readonly number[] {
  const { issuing, requestLimit, sessionLimit } = phase;
  const each = Array.from({ length: sources }, (_, source) => evenShare(requestLimit, sources, source));
  // A schedule and the plan of users tell which requests a limit keeps.
  if (issuing.kind === 'fixed-schedule' || issuing.kind === 'user-centric') return each.map(() => ENDLESS);
  const isBounded = Number.isFinite(requestLimit) && Number.isFinite(sessionLimit);
  if (!isBounded || load.dataset.kind === 'stream' || hasSingleTurns(load)) return each;
  // A source could run out of turns before it has sent an even share.
  return turnsBySource(load, phase, sources) ?? each;
}

export function hasSingleTurns({ dataset }: Pick<SplitLoad, 'dataset'>): boolean {
  return dataset.kind !== 'stream' && totalTurns(dataset) === conversationsOf(dataset);
}

export function conversationsOf(dataset: LoadPlan['dataset']): number {
  if (dataset.kind === 'stream') return ENDLESS;
  return 'conversations' in dataset ? dataset.conversations : dataset.turnsBefore.length - 1;
}

/**
 * Number of the first session of the phase after `phase`, the same in all sources: numbers tell the conversations.
 * Where only time ends a phase, or its requests end sessions halfway, no source knows how many sessions the others have
 * started: each continues behind its own.
 * @param firstSession of the phase. @param started sessions that this source has started in it.
 */
export function nextSession(
  load: SplitLoad,
  phase: PhasePlan,
  part: PhasePart | undefined,
  firstSession: number,
  started: number,
): number {
  if (part === undefined) return firstSession + started;
  return firstSession + (plannedSessions(load, phase) ?? started * part.sources);
}

/** Ticks of a rate within the duration of its phase. */
function ticksInTime(
  { prompts }: SplitLoad,
  { name, requestLimit, sessionLimit, durationNs }: PhasePlan,
  issuing: Extract<Issuing, { readonly kind: 'rate' }>,
): number {
  const nextDueNs = openArrivals({ ...issuing, random: arrivalRandom(prompts.seed, name) });
  const most = Math.min(requestLimit, sessionLimit);
  let ticks = 0;
  while (ticks < most && nextDueNs() < durationNs) ticks++;
  return ticks;
}

/** Sessions that a phase starts if nothing ends it early; undefined if arithmetic alone does not tell. */
function plannedSessions(load: SplitLoad, phase: PhasePlan): number | undefined {
  const { issuing, requestLimit, sessionLimit, durationNs, prefill } = phase;
  if (Number.isFinite(durationNs)) {
    if (issuing.kind !== 'rate' || !ticksAreSessions(issuing, prefill)) return undefined;
    return ticksInTime(load, phase, issuing);
  }
  const sessions = hasSingleTurns(load) ? Math.min(requestLimit, sessionLimit) : sessionLimit;
  const isCut = Number.isFinite(requestLimit) && !hasSingleTurns(load);
  return isCut || !Number.isFinite(sessions) ? undefined : sessions;
}

/**
 * Turns of the first `sessionLimit` sessions by the source that plays them, as far as the first `requestLimit` turns in
 * order of sessions go; undefined where it is not known which conversations they are.
 */
export function turnsBySource(
  load: SplitLoad,
  phase: PhasePlan,
  sources: number,
): readonly number[] | undefined {
  const { dataset } = load;
  const first = firstSessionOf(load, phase);
  if (dataset.kind === 'stream' || first === undefined) return undefined;
  const sample = openSampler(load.sampling, conversationsOf(dataset), load.prompts.seed);
  const counts = new Array<number>(sources).fill(0);
  let left = phase.requestLimit;
  for (let session = 0; session < phase.sessionLimit && left > 0; session++) {
    const turns = Math.min(left, turnsOf(dataset, sample(first + session)));
    counts[session % sources] = (counts[session % sources] ?? 0) + turns;
    left -= turns;
  }
  return counts;
}

/** Number of a phase's first session in a run that begins with session 0. */
export function firstSessionOf(load: SplitLoad, phase: PhasePlan): number | undefined {
  let first = 0;
  for (const earlier of load.phases) {
    if (earlier === phase) return first;
    const sessions = plannedSessions(load, earlier);
    if (sessions === undefined) return undefined;
    first += sessions;
  }
  return first;
}

/** The generator of a phase's arrival times. */
export function arrivalRandom(seed: number, phase: PhasePlan['name']) {
  return randomStream(seed, `arrivals:${phase}`);
}
