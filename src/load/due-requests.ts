import { turnsOf } from '../dataset/plan.js';
import { openSampler } from '../dataset/sampling.js';
import { turnTimings } from '../dataset/turn-timings.js';
import { openArrivals } from '../schedule/arrivals.js';
import { type FixedSchedule, keptTurns, timestampDueNs } from '../schedule/fixed-schedule.js';
import { userArrivals, userPlan } from '../schedule/user-centric.js';
import { ticksAreSessions } from './open-loop.js';
import {
  arrivalRandom,
  conversationsOf,
  firstSessionOf,
  hasSingleTurns,
  playingSources,
  type SplitLoad,
  turnsBySource,
} from './parts.js';
import type { Issuing, PhasePlan } from './plan.js';
import { evenShare } from './quota.js';

type IssuingOf<Kind extends Issuing['kind']> = Extract<Issuing, { readonly kind: Kind }>;

/** A request that is due: the source that sends it, and when, ns after the phase's start. */
export interface DueRequest {
  readonly source: number;
  readonly dueNs: number;
}

/**
 * How many requests of a phase are due from each of `sources` sources if nothing ends it early: by its limits, or by
 * its duration where the times are planned. Undefined if arithmetic alone does not tell: how many requests a closed
 * loop sends within a time depends on the server.
 */
export function dueRequests(
  load: SplitLoad,
  phase: PhasePlan,
  sources: number,
): readonly number[] | undefined {
  const playing = playingSources(phase, sources);
  const due = dueOfPlaying(load, phase, playing);
  return due && Array.from({ length: sources }, (_, source) => due[source] ?? 0);
}

/**
 * When each request of `dueRequests` is due, in no order, from the code that load threads take their times from. Turns
 * that wait for a response are due at the earliest possible time. Undefined if the plan does not tell: in a closed
 * loop, for turns that follow responses, and where `dueRequests` is undefined.
 */
export function dueTimes(
  load: SplitLoad,
  phase: PhasePlan,
  sources: number,
): Iterable<DueRequest> | undefined {
  const playing = playingSources(phase, sources);
  const due = dueOfPlaying(load, phase, playing);
  const { issuing } = phase;
  if (due === undefined) return undefined;
  switch (issuing.kind) {
    case 'closed-loop':
      return undefined;
    case 'rate':
      return firstTicks(load, phase, issuing, due);
    case 'user-centric':
      return userTurns(load, phase, issuing, playing);
    case 'fixed-schedule': {
      const { schedule } = issuing;
      return 'window' in schedule || !hasTimes(load, schedule)
        ? undefined
        : scheduledTurns(load, phase, schedule, playing);
    }
  }
}

function dueOfPlaying(load: SplitLoad, phase: PhasePlan, sources: number): readonly number[] | undefined {
  const { issuing, requestLimit, sessionLimit, durationNs } = phase;
  const isTimed = Number.isFinite(durationNs);
  switch (issuing.kind) {
    case 'fixed-schedule':
      if ('window' in issuing.schedule || (isTimed && !isSentOnTime(issuing, phase))) return undefined;
      return scheduledBySource(issuing.schedule, phase, sources);
    case 'user-centric': {
      const turns =
        Number.isFinite(Math.min(requestLimit, sessionLimit, durationNs)) &&
        userTurns(load, phase, issuing, sources);
      return turns ? countBySource(turns, sources) : undefined;
    }
    case 'rate':
      if (isTimed)
        return eachTickSends(load, phase, issuing)
          ? countBySource(ticksInTime(load, phase, issuing, sources), sources)
          : undefined;
      break;
    case 'closed-loop':
      if (isTimed) return undefined;
  }
  if (hasSingleTurns(load) || sessionLimit === Number.POSITIVE_INFINITY) {
    const requests = Math.min(requestLimit, sessionLimit);
    if (!Number.isFinite(requests)) return undefined;
    return Array.from({ length: sources }, (_, source) => evenShare(requests, sources, source));
  }
  return turnsBySource(load, phase, sources);
}

/** Whether each tick of a rate sends one request: no limit delays it, and there is a turn or a session for it. */
function eachTickSends({ dataset }: SplitLoad, phase: PhasePlan, issuing: IssuingOf<'rate'>): boolean {
  const { prefill, sessionLimit } = phase;
  if (ticksAreSessions(issuing, prefill)) return true;
  const isLimited = issuing.ceiling !== undefined || prefill !== undefined || Number.isFinite(sessionLimit);
  return !isLimited && dataset.kind !== 'stream';
}

function countBySource(due: Iterable<DueRequest>, sources: number): readonly number[] {
  const counts = new Array<number>(sources).fill(0);
  for (const { source } of due) counts[source] = (counts[source] ?? 0) + 1;
  return counts;
}

/** Ticks of a rate, endless. Tick k is that of source k mod `sources`. */
function* ticks(
  load: SplitLoad,
  { name }: PhasePlan,
  issuing: IssuingOf<'rate'>,
  sources: number,
): Generator<DueRequest, never, void> {
  const nextDueNs = openArrivals({ ...issuing, random: arrivalRandom(load.prompts.seed, name) });
  for (let tick = 0; ; tick++) yield { source: tick % sources, dueNs: nextDueNs() };
}

function* ticksInTime(
  load: SplitLoad,
  phase: PhasePlan,
  issuing: IssuingOf<'rate'>,
  sources: number,
): Generator<DueRequest> {
  let left = Math.min(phase.requestLimit, phase.sessionLimit);
  for (const tick of ticks(load, phase, issuing, sources)) {
    if (left-- <= 0 || tick.dueNs >= phase.durationNs) return;
    yield tick;
  }
}

/** @param due requests of each source: it sends one at each of its first ticks. */
function* firstTicks(
  load: SplitLoad,
  phase: PhasePlan,
  issuing: IssuingOf<'rate'>,
  due: readonly number[],
): Generator<DueRequest> {
  const left = [...due];
  let all = due.reduce((sum, count) => sum + count, 0);
  if (all === 0) return;
  for (const tick of ticks(load, phase, issuing, due.length)) {
    const own = left[tick.source] ?? 0;
    if (own === 0) continue;
    left[tick.source] = own - 1;
    yield tick;
    if (--all === 0) return;
  }
}

function scheduledBySource(schedule: FixedSchedule, phase: PhasePlan, sources: number): readonly number[] {
  const counts = new Array<number>(sources).fill(0);
  for (const { session, kept } of keptSessions(schedule, phase))
    counts[session % sources] = (counts[session % sources] ?? 0) + kept;
  return counts;
}

/** Whether neither limits nor responses delay a request of a schedule. */
function isSentOnTime({ schedule, ceiling }: IssuingOf<'fixed-schedule'>, { prefill }: PhasePlan): boolean {
  const isSingle = !('window' in schedule) && schedule.turns.length === schedule.conversations.length;
  return isSingle && ceiling === undefined && prefill === undefined;
}

/** Sessions of a schedule that start in time, and how many of their turns the limits keep. */
function* keptSessions(
  { turnsBefore, conversations, dueNs }: FixedSchedule,
  { requestLimit, sessionLimit, durationNs }: PhasePlan,
): Generator<{ readonly session: number; readonly kept: number }> {
  for (let session = 0; session < Math.min(conversations.length, sessionLimit); session++) {
    if ((dueNs[session] ?? 0) >= durationNs) return;
    const before = turnsBefore[session] ?? 0;
    const turns = (turnsBefore[session + 1] ?? 0) - before;
    yield { session, kept: Math.max(0, Math.min(turns, requestLimit - before)) };
  }
}

/** Whether every turn of a schedule has a timestamp. */
function hasTimes({ dataset }: SplitLoad, schedule: FixedSchedule): boolean {
  const { conversations, turns } = schedule;
  if (turns.length === conversations.length) return true;
  const timings = turnTimings(dataset);
  return conversations.every((conversation, session) => {
    const ofTurn = timings.turns(conversation);
    return keptTurns(schedule, session).every((turn) => ofTurn[turn]?.timestampMs !== undefined);
  });
}

/** @param schedule with a timestamp for every turn. */
function* scheduledTurns(
  { dataset }: SplitLoad,
  phase: PhasePlan,
  schedule: FixedSchedule,
  sources: number,
): Generator<DueRequest> {
  const { conversations, turns, dueNs: firstDueNs, zeroMs } = schedule;
  const timings = turns.length === conversations.length ? undefined : turnTimings(dataset);
  for (const { session, kept } of keptSessions(schedule, phase)) {
    const ofTurn = timings?.turns(conversations[session] ?? 0);
    let dueNs = firstDueNs[session] ?? 0;
    for (const turn of keptTurns(schedule, session).subarray(0, kept)) {
      const timestampMs = ofTurn?.[turn]?.timestampMs;
      if (timestampMs !== undefined) dueNs = Math.max(dueNs, timestampDueNs(timestampMs, zeroMs));
      yield { source: session % sources, dueNs };
    }
  }
}

/** Undefined where it is not known which conversations users play. */
function userTurns(
  load: SplitLoad,
  phase: PhasePlan,
  issuing: IssuingOf<'user-centric'>,
  sources: number,
): Iterable<DueRequest> | undefined {
  const { dataset } = load;
  const first = firstSessionOf(load, phase);
  if (dataset.kind === 'stream' || first === undefined) return undefined;
  const sample = openSampler(load.sampling, conversationsOf(dataset), load.prompts.seed);
  const plan = userPlan(issuing);
  const most = Math.min(phase.requestLimit, Math.ceil((phase.durationNs / 1e9) * issuing.ratePerSecond));
  return (function* () {
    for (const arrival of userArrivals(plan, (session) => turnsOf(dataset, sample(first + session)))) {
      const { user, tick, place, turns, dueNs } = arrival;
      if (tick >= most || place >= phase.sessionLimit) return;
      const kept = Math.min(turns, Math.ceil((most - tick) / plan.users));
      for (let turn = 0; turn < kept; turn++)
        yield { source: user % sources, dueNs: dueNs + turn * plan.gapNs };
    }
  })();
}
